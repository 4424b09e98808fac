/*
 * A signer for Tongguan in C: nothing but the header, a C compiler, and the device's library, which
 * here is OpenSSL's libcrypto with a key in a file.
 *
 *   cc -shared -fPIC -fvisibility=hidden -Wall -I ../../../plugins/abi -o signer.so signer.c -lcrypto
 *
 * In the manifest:
 *   [signers.main]
 *   library = "signer.so"
 *   key = "enterprise.key"              # PEM; RSA or SM2
 *   certificate = "enterprise.pem"      # PEM
 *   password = "file:password"          # where the key is encrypted
 */
#include "tongguan_plugin.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The host lives as long as the process. */
static const tongguan_host *host;

typedef struct signer {
    EVP_PKEY *key;
    unsigned char *certificate;
    int certificate_size;
    char key_name[128];
} signer;

static tongguan_bytes text(const char *it) {
    tongguan_bytes bytes = {(const uint8_t *)it, strlen(it)};
    return bytes;
}

/* Tells why the call fails, and gives its class. */
static int32_t failed(tongguan_call call, int32_t class, uint32_t flags, const char *function,
                      const char *reason, const char *remedy) {
    tongguan_failure failure;
    memset(&failure, 0, sizeof failure);
    failure.size = sizeof failure;
    failure.flags = flags;
    failure.code = (int64_t)ERR_peek_last_error();
    failure.function = text(function);
    failure.reason = text(reason);
    failure.remedy = text(remedy);
    host->fail(call, &failure);
    ERR_clear_error();
    return class;
}

/*
 * Finds "name": "value" in the configuration, a flat JSON object. Enough for an example: a plugin
 * with more options takes a JSON library. 1 found, 0 not there, -1 too long.
 */
static int option(tongguan_bytes json, const char *name, char *value, size_t room) {
    const char *at = (const char *)json.data, *end = at + json.size;
    size_t length = strlen(name);
    for (; at + length + 2 < end; at++) {
        if (at[0] != '"' || memcmp(at + 1, name, length) != 0 || at[length + 1] != '"')
            continue;
        const char *is = at + length + 2;
        while (is < end && (*is == ' ' || *is == ':'))
            is++;
        if (is >= end || *is != '"')
            continue;
        size_t used = 0;
        for (is++; is < end && *is != '"'; is++) {
            if (*is == '\\' && is + 1 < end)
                is++;
            if (used + 1 >= room)
                return -1;
            value[used++] = *is;
        }
        value[used] = 0;
        return 1;
    }
    return 0;
}

static void destroy(void *instance) {
    signer *it = instance;
    if (it != NULL) {
        EVP_PKEY_free(it->key);
        OPENSSL_free(it->certificate);
        free(it);
    }
}

static int32_t create(tongguan_call call, uint32_t timeout_ms, const tongguan_host *given,
                      tongguan_bytes config, void **instance) {
    (void)timeout_ms;
    if (given == NULL || given->size < sizeof(tongguan_host))
        return TONGGUAN_MISCONFIGURED;
    host = given;
    char path[1024], reference[1024], password[256] = "";
    signer *it = calloc(1, sizeof *it);
    if (it == NULL)
        return failed(call, TONGGUAN_TRANSIENT, 0, "calloc", "no memory", "");
    if (option(config, "key_name", it->key_name, sizeof it->key_name) < 0) {
        destroy(it);
        return failed(call, TONGGUAN_MISCONFIGURED, 0, "", "key_name is too long", "shorten it");
    }
    if (option(config, "password", reference, sizeof reference) == 1) {
        size_t size = 0;
        int32_t ended = host->secret(call, text(reference), (uint8_t *)password,
                                     sizeof password - 1, &size);
        if (ended != TONGGUAN_OK) {
            destroy(it);
            return ended;
        }
        password[size] = 0;
    }
    FILE *file = NULL;
    if (option(config, "certificate", path, sizeof path) == 1)
        file = fopen(path, "r");
    X509 *certificate = file == NULL ? NULL : PEM_read_X509(file, NULL, NULL, NULL);
    if (file != NULL)
        fclose(file);
    if (certificate == NULL) {
        destroy(it);
        return failed(call, TONGGUAN_MISCONFIGURED, 0, "PEM_read_X509",
                      "the certificate cannot be read",
                      "certificate must name a PEM file; paths start at the manifest's folder");
    }
    it->certificate_size = i2d_X509(certificate, &it->certificate);
    file = NULL;
    if (option(config, "key", path, sizeof path) == 1)
        file = fopen(path, "r");
    it->key = file == NULL ? NULL : PEM_read_PrivateKey(file, NULL, NULL, password);
    OPENSSL_cleanse(password, sizeof password);
    if (file != NULL)
        fclose(file);
    if (it->key == NULL) {
        X509_free(certificate);
        destroy(it);
        if (file != NULL)
            return failed(call, TONGGUAN_MISCONFIGURED, TONGGUAN_PIN_REFUSED,
                          "PEM_read_PrivateKey", "the key cannot be read: a wrong password, or no key",
                          "put the right password where password refers to");
        return failed(call, TONGGUAN_MISCONFIGURED, 0, "fopen", "the key's file cannot be opened",
                      "key must name a PEM file; paths start at the manifest's folder");
    }
    if (X509_check_private_key(certificate, it->key) != 1) {
        X509_free(certificate);
        destroy(it);
        return failed(call, TONGGUAN_MISCONFIGURED, 0, "X509_check_private_key",
                      "the key does not belong to the certificate",
                      "name the key and the certificate that were issued together");
    }
    X509_free(certificate);
    *instance = it;
    return TONGGUAN_OK;
}

static int32_t identity(void *instance, tongguan_call call, uint32_t timeout_ms) {
    (void)timeout_ms;
    signer *it = instance;
    tongguan_bytes certificate = {it->certificate, (size_t)it->certificate_size};
    if (it->key_name[0] != 0)
        host->put(call, TONGGUAN_KEY_NAME, text(it->key_name));
    return host->put(call, TONGGUAN_CERTIFICATE, certificate);
}

/* r and s, 32 octets each, from the DER that OpenSSL gives. */
static int plain(const unsigned char *der, size_t size, unsigned char value[64]) {
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)size);
    if (signature == NULL)
        return 0;
    int good = BN_bn2binpad(ECDSA_SIG_get0_r(signature), value, 32) == 32 &&
               BN_bn2binpad(ECDSA_SIG_get0_s(signature), value + 32, 32) == 32;
    ECDSA_SIG_free(signature);
    return good;
}

static int32_t sign(void *instance, tongguan_call call, uint32_t timeout_ms, uint32_t algorithm,
                    tongguan_bytes message) {
    (void)timeout_ms;
    signer *it = instance;
    int sm2 = algorithm == TONGGUAN_SM2_SM3;
    if (sm2 != EVP_PKEY_is_a(it->key, "SM2"))
        return failed(call, TONGGUAN_MISCONFIGURED, 0, "", "the key is for the other algorithm",
                      "choose the profile of the certificate's key");
    static const char user_id[] = "1234567812345678";
    unsigned char value[1024], rs[64];
    size_t size = sizeof value;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key = EVP_PKEY_CTX_new(it->key, NULL);
    int good = context != NULL && key != NULL;
    if (good && sm2)
        good = EVP_PKEY_CTX_set1_id(key, user_id, sizeof user_id - 1) == 1;
    if (good) {
        EVP_MD_CTX_set_pkey_ctx(context, key);
        good = EVP_DigestSignInit(context, NULL, sm2 ? EVP_sm3() : EVP_sha1(), NULL, it->key) == 1 &&
               EVP_DigestSign(context, value, &size, message.data, message.size) == 1;
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_CTX_free(key);
    if (!good)
        return failed(call, TONGGUAN_TRANSIENT, 0, "EVP_DigestSign", "it cannot sign", "");
    tongguan_bytes signature = {value, size};
    if (sm2) {
        if (!plain(value, size, rs))
            return failed(call, TONGGUAN_TRANSIENT, 0, "d2i_ECDSA_SIG", "it cannot sign", "");
        signature.data = rs;
        signature.size = sizeof rs;
    }
    return host->put(call, TONGGUAN_SIGNATURE, signature);
}

static int32_t info(tongguan_info *info) {
    if (info->size < sizeof *info)
        return TONGGUAN_MISCONFIGURED;
    info->kind = TONGGUAN_SIGNER;
    info->name = text("example-signer-c");
    info->version = text("1.0.0");
    info->vendor = text("Tongguan examples");
    info->algorithms = TONGGUAN_RSA_SHA1 | TONGGUAN_SM2_SM3;
    info->flags = 0;
    info->max_concurrency = 4;
    info->operations_per_minute = 0;
    return TONGGUAN_OK;
}

static const tongguan_signer calls = {sizeof(tongguan_signer), 0, identity, sign};

static const tongguan_plugin_descriptor plugin = {
    sizeof(tongguan_plugin_descriptor), TONGGUAN_ABI, info, create, destroy, &calls, NULL, NULL,
};

const tongguan_plugin_descriptor *tongguan_plugin(void) { return &plugin; }
