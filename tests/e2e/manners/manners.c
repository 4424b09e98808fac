/* The example in C as a device that belongs to one thread, signs digests, and is slow. Any call that
 * does not keep to that fails. */
#define tongguan_plugin example
#include "../../../examples/plugins/signer-c/signer.c"
#undef tongguan_plugin

#include <pthread.h>

static pthread_t owner;

static int32_t create_here(tongguan_call call, uint32_t timeout_ms, const tongguan_host *given,
                           tongguan_bytes config, void **instance) {
    owner = pthread_self();
    return create(call, timeout_ms, given, config, instance);
}

static void destroy_here(void *instance) {
    if (pthread_equal(owner, pthread_self()))
        destroy(instance);
    else
        abort();
}

static int32_t sign_digest(void *instance, tongguan_call call, uint32_t timeout_ms,
                           uint32_t algorithm, tongguan_bytes digest) {
    (void)timeout_ms;
    signer *it = instance;
    int sm2 = algorithm == TONGGUAN_SM2_SM3;
    if (!pthread_equal(owner, pthread_self()))
        return failed(call, TONGGUAN_MISCONFIGURED, 0, "", "another thread", "");
    if (digest.size != (sm2 ? 32u : 20u))
        return failed(call, TONGGUAN_MISCONFIGURED, 0, "", "no digest", "");
    unsigned char value[1024], rs[64];
    size_t size = sizeof value;
    EVP_PKEY_CTX *key = EVP_PKEY_CTX_new(it->key, NULL);
    int good = key != NULL && EVP_PKEY_sign_init(key) == 1;
    if (good && !sm2)
        good = EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PADDING) == 1 &&
               EVP_PKEY_CTX_set_signature_md(key, EVP_sha1()) == 1;
    good = good && EVP_PKEY_sign(key, value, &size, digest.data, digest.size) == 1;
    EVP_PKEY_CTX_free(key);
    if (!good || (sm2 && !plain(value, size, rs)))
        return failed(call, TONGGUAN_TRANSIENT, 0, "EVP_PKEY_sign", "it cannot sign", "");
    tongguan_bytes signature = {sm2 ? rs : value, sm2 ? sizeof rs : size};
    return host->put(call, TONGGUAN_SIGNATURE, signature);
}

/* With -DPIN_EACH: a device that wants its PIN each time, and does not like it. */
static int32_t refuse(void *instance, tongguan_call call, uint32_t timeout_ms, uint32_t algorithm,
                      tongguan_bytes text_to_sign) {
    (void)instance, (void)timeout_ms, (void)algorithm, (void)text_to_sign;
    FILE *attempts = fopen("attempts", "a");
    if (attempts != NULL) {
        fputs("attempt\n", attempts);
        fclose(attempts);
    }
    return failed(call, TONGGUAN_MISCONFIGURED, 0, "VerifyPIN", "it does not like it", "");
}

#ifdef PIN_EACH
#define SIGN refuse
#define FLAGS TONGGUAN_PIN_PER_OPERATION
#else
#define SIGN sign_digest
#define FLAGS (TONGGUAN_THREAD_AFFINE | TONGGUAN_TAKES_DIGEST)
#endif

static int32_t info_here(tongguan_info *to) {
    int32_t ended = info(to);
    to->flags = FLAGS;
    to->max_concurrency = 1;
    to->operations_per_minute = 600;
    return ended;
}

/* Which of the two is not used depends on how it is compiled. */
static const tongguan_signer calls_here = {sizeof(tongguan_signer), 0, identity, SIGN};
static int32_t (*const unused[])(void *, tongguan_call, uint32_t, uint32_t, tongguan_bytes)
    __attribute__((used)) = {refuse, sign_digest};

static const tongguan_plugin_descriptor plugin_here = {
    sizeof(tongguan_plugin_descriptor), TONGGUAN_ABI, info_here, create_here, destroy_here,
    &calls_here, NULL, NULL,
};

__attribute__((visibility("default"))) const tongguan_plugin_descriptor *tongguan_plugin(void);
const tongguan_plugin_descriptor *tongguan_plugin(void) { return &plugin_here; }
