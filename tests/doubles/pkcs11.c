/* A double of a vendor's PKCS#11 module: SoftHSM2, a real one (its path is SOFTHSM), with what it does
 * not do in front of it.
 *
 * It signs by SM2, with two mechanisms of a vendor's own, as PKCS#11 lets vendors add them
 * (CKM_VENDOR_DEFINED); no module with SM2 is to be had for tests. The signatures are real, by
 * OpenSSL's libcrypto, with the key of the file sm2.key beside this library, whichever key of the token
 * is named.
 *   0x80000201 takes the text, and answers r and s
 *   0x80000202 takes the digest, and answers in DER
 * While a file spoil is beside this library, what it answers by the first is no signature.
 * While a file refuse is beside this library, a PIN comes to nothing: the file names the kind of user,
 * 1 to log in or 2 for a signature, and the value that is returned. So it is as if another program had
 * changed the PIN, which SoftHSM2 does not see while it runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* CK_FUNCTION_LIST: its version, then 68 functions in the standard's order. */
typedef struct {
    unsigned char major, minor;
    void *calls[68];
} functions;
enum { GET_FUNCTION_LIST = 3, GET_MECHANISM_INFO = 8, LOGIN = 18, SIGN_INIT = 42, SIGN = 43 };
enum { TEXT = 0x80000201, DIGEST = 0x80000202 };
enum { OK = 0, FUNCTION_FAILED = 6, DATA_LENGTH = 0x21 };

typedef struct {
    unsigned long mechanism;
    void *parameter;
    unsigned long length;
} mechanism;

static functions real, own;
/* One operation at a time: what it was begun with, or 0. */
static unsigned long begun;

static unsigned long get_mechanism_info(unsigned long slot, unsigned long of, unsigned long *info) {
    unsigned long (*call)(unsigned long, unsigned long, unsigned long *) =
        (unsigned long (*)(unsigned long, unsigned long, unsigned long *))(uintptr_t)real.calls[GET_MECHANISM_INFO];
    if (of != TEXT && of != DIGEST)
        return call(slot, of, info);
    info[0] = info[1] = 256;
    /* CKF_SIGN */
    info[2] = 0x800;
    return OK;
}

static unsigned long sign_init(unsigned long session, mechanism *by, unsigned long key) {
    unsigned long (*call)(unsigned long, mechanism *, unsigned long) =
        (unsigned long (*)(unsigned long, mechanism *, unsigned long))(uintptr_t)real.calls[SIGN_INIT];
    begun = by->mechanism == TEXT || by->mechanism == DIGEST ? by->mechanism : 0;
    return begun ? OK : call(session, by, key);
}

/* A file beside this library. */
static FILE *beside(const char *name) {
    char path[1024];
    Dl_info about;
    if (!dladdr((void *)(uintptr_t)beside, &about))
        return NULL;
    snprintf(path, sizeof path - 16, "%s", about.dli_fname);
    strcpy(strrchr(path, '/') + 1, name);
    return fopen(path, "r");
}

static EVP_PKEY *sm2_key(void) {
    FILE *file = beside("sm2.key");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    return key;
}

static unsigned long login(unsigned long session, unsigned long user, unsigned char *pin, unsigned long length) {
    unsigned long (*call)(unsigned long, unsigned long, unsigned char *, unsigned long) =
        (unsigned long (*)(unsigned long, unsigned long, unsigned char *, unsigned long))(uintptr_t)real.calls[LOGIN];
    FILE *refuse = beside("refuse");
    unsigned long whom = 0, code = OK;
    if (refuse) {
        if (fscanf(refuse, "%lu %lx", &whom, &code) != 2)
            whom = 0;
        fclose(refuse);
    }
    return whom == user ? code : call(session, user, pin, length);
}

/* The DER of a signature. */
static size_t by_key(const unsigned char *data, size_t size, unsigned char *der, size_t room) {
    EVP_PKEY *key = sm2_key();
    EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int well = context != NULL;
    if (well && begun == TEXT) {
        EVP_PKEY_CTX_set1_id(context, "1234567812345678", 16);
        EVP_MD_CTX_set_pkey_ctx(digest, context);
        well = EVP_DigestSignInit(digest, NULL, EVP_sm3(), NULL, key) == 1 &&
               EVP_DigestSign(digest, der, &room, data, size) == 1;
    } else if (well) {
        well = EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_sign(context, der, &room, data, size) == 1;
    }
    EVP_MD_CTX_free(digest);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return well ? room : 0;
}

static unsigned long sign(unsigned long session, unsigned char *data, unsigned long size, unsigned char *to, unsigned long *length) {
    unsigned long (*call)(unsigned long, unsigned char *, unsigned long, unsigned char *, unsigned long *) =
        (unsigned long (*)(unsigned long, unsigned char *, unsigned long, unsigned char *, unsigned long *))(uintptr_t)real.calls[SIGN];
    unsigned char der[128];
    if (!begun)
        return call(session, data, size, to, length);
    if (!to) {
        *length = begun == TEXT ? 64 : sizeof der;
        return OK;
    }
    if (begun == DIGEST && size != 32)
        return DATA_LENGTH;
    size_t got = by_key(data, size, der, sizeof der);
    if (!got)
        return FUNCTION_FAILED;
    if (begun == DIGEST) {
        memcpy(to, der, got);
        *length = got;
        return OK;
    }
    const unsigned char *at = der;
    ECDSA_SIG *value = d2i_ECDSA_SIG(NULL, &at, (long)got);
    BN_bn2binpad(ECDSA_SIG_get0_r(value), to, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(value), to + 32, 32);
    ECDSA_SIG_free(value);
    FILE *spoil = beside("spoil");
    if (spoil) {
        fclose(spoil);
        to[63] ^= 1;
    }
    *length = 64;
    return OK;
}

unsigned long C_GetFunctionList(functions **list) {
    void *library = dlopen(SOFTHSM, RTLD_NOW | RTLD_LOCAL);
    unsigned long (*get)(functions **) =
        library ? (unsigned long (*)(functions **))(uintptr_t)dlsym(library, "C_GetFunctionList") : NULL;
    functions *given;
    if (!get || get(&given) != OK)
        return FUNCTION_FAILED;
    real = own = *given;
    own.calls[GET_FUNCTION_LIST] = (void *)(uintptr_t)C_GetFunctionList;
    own.calls[GET_MECHANISM_INFO] = (void *)(uintptr_t)get_mechanism_info;
    own.calls[LOGIN] = (void *)(uintptr_t)login;
    own.calls[SIGN_INIT] = (void *)(uintptr_t)sign_init;
    own.calls[SIGN] = (void *)(uintptr_t)sign;
    *list = &own;
    return OK;
}
