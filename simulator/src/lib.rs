//! A stand-in for the exchange platform and the clearance service.
