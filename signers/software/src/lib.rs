//! Signs with a key held in a file: PEM, PKCS#8 or PKCS#12; RSA or SM2.
