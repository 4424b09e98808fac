/* A double of a vendor's SDF library, with an HSM of its own: it keeps the interface of GM/T
 * 0018-2012 (cryptography device application interface) as far as signing needs it. Real HSMs are not
 * to be had for tests; the signatures are real, by OpenSSL's libcrypto.
 *
 * Its state is in the folder that the library is in:
 *   power                     there while the HSM is on; another content: it was off in between
 *   serial                    its serial number
 *   INDEX.pem                 the key pair of an index
 *   INDEX.password            the password of the right to use it; without one, none is wanted
 *   calls                     the functions that were called, a line each
 *   together                  how many signatures were under way at once, at most
 *   pace                      how many milliseconds a signature takes
 *   answer                    while it is there: a function's name, and the code that it returns
 *   spoil                     while it is there: signatures are wrong
 *
 * Compiled with -DECCref_MAX_BITS=256, an ECC number has 32 octets, as before the standard, in place
 * of 64; with -DRSAref_MAX_BITS=4096, an RSA number has 512 in place of 256. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ECCref_MAX_BITS
#define ECCref_MAX_BITS 512
#endif
#ifndef RSAref_MAX_BITS
#define RSAref_MAX_BITS 2048
#endif
enum { ECC = ECCref_MAX_BITS / 8, RSA_LENGTH = RSAref_MAX_BITS / 8 };

typedef struct {
    unsigned char issuer[40], name[16], serial[16];
    unsigned int version, standard, asymmetric[2], symmetric, hash, buffer;
} DEVICEINFO;
typedef struct { unsigned int bits; unsigned char x[ECC], y[ECC]; } ECCrefPublicKey;
typedef struct { unsigned char r[ECC], s[ECC]; } ECCSignature;
typedef struct { unsigned int bits; unsigned char m[RSA_LENGTH], e[RSA_LENGTH]; } RSArefPublicKey;

enum {
    OK = 0,
    COMMUNICATION = 0x01000003,
    OPEN_DEVICE = 0x01000005,
    DENIED = 0x01000007,
    NO_KEY = 0x01000008,
    SIGNING = 0x0100000D,
    REFUSED = 0x01000018,
    INPUT = 0x0100001D,
};
enum { KEYS = 100 };

/* A device or a session that is open. */
typedef struct {
    char power[16];
    int granted[KEYS];
} handle;

/* The folder that this library is in. */
static const char *root(void) {
    static _Thread_local char at[512];
    Dl_info about;
    if (dladdr((void *)(uintptr_t)root, &about))
        snprintf(at, sizeof at, "%s", about.dli_fname);
    char *end = strrchr(at, '/');
    if (end)
        *end = 0;
    return at;
}

static int read_text(const char *name, char *to, size_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root(), name);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    size_t got = fread(to, 1, size - 1, file);
    fclose(file);
    to[got] = 0;
    to[strcspn(to, "\r\n")] = 0;
    return 1;
}

static void write_text(const char *name, const char *text, int flags) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root(), name);
    int file = open(path, O_WRONLY | O_CREAT | flags, 0600);
    if (file < 0 || write(file, text, strlen(text)) < 0)
        fprintf(stderr, "double: cannot write %s\n", path);
    if (file >= 0)
        close(file);
}

/* Notes a call, and whether it is to fail. */
static int enter(const char *function) {
    char line[128], answer[128], name[64];
    unsigned code;
    snprintf(line, sizeof line, "%s\n", function);
    write_text("calls", line, O_APPEND);
    if (read_text("answer", answer, sizeof answer) && sscanf(answer, "%63s %x", name, &code) == 2 &&
        strcmp(name, function) == 0)
        return (int)code;
    return OK;
}

#define ENTER(function)                                                                            \
    int entered = enter(function);                                                                 \
    if (entered != OK)                                                                             \
    return entered

/* Whether the HSM was never off since. */
static int reached(const handle *it) {
    char now[16];
    if (!it)
        return INPUT;
    return read_text("power", now, sizeof now) && strcmp(now, it->power) == 0 ? OK : COMMUNICATION;
}

static EVP_PKEY *key_at(unsigned int index, const char *kind) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%u.pem", root(), index);
    FILE *file = index < KEYS ? fopen(path, "r") : NULL;
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    if (key && !EVP_PKEY_is_a(key, kind)) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

int SDF_OpenDevice(void **device) {
    ENTER("SDF_OpenDevice");
    handle *it = calloc(1, sizeof *it);
    if (!read_text("power", it->power, sizeof it->power)) {
        free(it);
        return OPEN_DEVICE;
    }
    *device = it;
    return OK;
}

int SDF_CloseDevice(void *device) {
    ENTER("SDF_CloseDevice");
    free(device);
    return OK;
}

int SDF_OpenSession(void *device, void **session) {
    ENTER("SDF_OpenSession");
    int code = reached(device);
    if (code != OK)
        return code;
    handle *it = calloc(1, sizeof *it);
    memcpy(it->power, ((handle *)device)->power, sizeof it->power);
    *session = it;
    return OK;
}

int SDF_CloseSession(void *session) {
    ENTER("SDF_CloseSession");
    free(session);
    return OK;
}

int SDF_GetDeviceInfo(void *session, DEVICEINFO *info) {
    ENTER("SDF_GetDeviceInfo");
    int code = reached(session);
    if (code != OK)
        return code;
    char serial[17] = "";
    read_text("serial", serial, sizeof serial);
    memset(info, 0xff, sizeof *info);
    memset(info->serial, ' ', sizeof info->serial);
    memcpy(info->serial, serial, strlen(serial));
    return OK;
}

int SDF_GetPrivateKeyAccessRight(void *session, unsigned int key, unsigned char *password, unsigned int length) {
    ENTER("SDF_GetPrivateKeyAccessRight");
    char name[32], right[64] = "";
    int code = reached(session);
    if (code == OK && key >= KEYS)
        code = NO_KEY;
    if (code != OK)
        return code;
    snprintf(name, sizeof name, "%u.password", key);
    if (!read_text(name, right, sizeof right))
        return INPUT;
    if (strlen(right) != length || memcmp(right, password, length) != 0)
        return REFUSED;
    ((handle *)session)->granted[key] = 1;
    return OK;
}

static void coordinate(EVP_PKEY *key, const char *name, unsigned char *to) {
    BIGNUM *number = NULL;
    EVP_PKEY_get_bn_param(key, name, &number);
    BN_bn2binpad(number, to, ECC);
    BN_free(number);
}

int SDF_ExportSignPublicKey_ECC(void *session, unsigned int index, ECCrefPublicKey *to) {
    ENTER("SDF_ExportSignPublicKey_ECC");
    int code = reached(session);
    EVP_PKEY *key = code == OK ? key_at(index, "SM2") : NULL;
    if (!key)
        return code == OK ? NO_KEY : code;
    to->bits = 256;
    coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, to->x);
    coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, to->y);
    EVP_PKEY_free(key);
    return OK;
}

int SDF_ExportSignPublicKey_RSA(void *session, unsigned int index, RSArefPublicKey *to) {
    ENTER("SDF_ExportSignPublicKey_RSA");
    int code = reached(session);
    EVP_PKEY *key = code == OK ? key_at(index, "RSA") : NULL;
    BIGNUM *number = NULL;
    if (!key)
        return code == OK ? NO_KEY : code;
    to->bits = (unsigned int)EVP_PKEY_get_bits(key);
    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &number);
    BN_bn2binpad(number, to->m, RSA_LENGTH);
    BN_free(number);
    number = NULL;
    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &number);
    BN_bn2binpad(number, to->e, RSA_LENGTH);
    BN_free(number);
    EVP_PKEY_free(key);
    return OK;
}

/* Takes its time, and notes how many do so together. */
static void work(void) {
    static atomic_int under_way, most;
    char text[16] = "0";
    int now = atomic_fetch_add(&under_way, 1) + 1, before = atomic_load(&most);
    while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
        ;
    if (read_text("pace", text, sizeof text))
        usleep((useconds_t)atoi(text) * 1000);
    snprintf(text, sizeof text, "%d", atomic_load(&most));
    write_text("together", text, O_TRUNC);
    atomic_fetch_sub(&under_way, 1);
}

/* Signs by a key that the session has the right to use. */
static int by_key(handle *session, unsigned int index, const char *kind, int padding, const unsigned char *data, size_t size, unsigned char *to, size_t *length) {
    char name[32], password[64];
    int code = reached(session);
    EVP_PKEY *key = code == OK ? key_at(index, kind) : NULL;
    if (!key)
        return code == OK ? NO_KEY : code;
    snprintf(name, sizeof name, "%u.password", index);
    if (read_text(name, password, sizeof password) && !session->granted[index]) {
        EVP_PKEY_free(key);
        return DENIED;
    }
    work();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    int well = context && EVP_PKEY_sign_init(context) == 1;
    if (well && padding)
        well = EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1;
    well = well && EVP_PKEY_sign(context, to, length, data, size) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return well ? OK : SIGNING;
}

static int spoiled(void) {
    char text[4];
    return read_text("spoil", text, sizeof text);
}

int SDF_InternalSign_ECC(void *session, unsigned int index, unsigned char *data, unsigned int size, ECCSignature *signature) {
    ENTER("SDF_InternalSign_ECC");
    unsigned char der[128];
    size_t length = sizeof der;
    if (size != 32)
        return INPUT;
    int code = by_key(session, index, "SM2", 0, data, size, der, &length);
    if (code != OK)
        return code;
    const unsigned char *at = der;
    ECDSA_SIG *value = d2i_ECDSA_SIG(NULL, &at, (long)length);
    BN_bn2binpad(ECDSA_SIG_get0_r(value), signature->r, ECC);
    BN_bn2binpad(ECDSA_SIG_get0_s(value), signature->s, ECC);
    ECDSA_SIG_free(value);
    if (spoiled())
        signature->s[ECC - 1] ^= 1;
    return OK;
}

int SDF_InternalPrivateKeyOperation_RSA(void *session, unsigned int index, unsigned char *data, unsigned int size, unsigned char *to, unsigned int *length) {
    ENTER("SDF_InternalPrivateKeyOperation_RSA");
    size_t room = *length;
    int code = by_key(session, index, "RSA", RSA_NO_PADDING, data, size, to, &room);
    *length = (unsigned int)room;
    if (code == OK && spoiled())
        to[room - 1] ^= 1;
    return code;
}
