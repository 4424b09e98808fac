/* A library that lies about what it is, as LIE says. Tests compile it once for each lie. */
#include "tongguan_plugin.h"

#include <stdlib.h>
#include <unistd.h>

static int32_t identity(void *instance, tongguan_call call, uint32_t timeout_ms) {
    (void)instance, (void)call, (void)timeout_ms;
    return TONGGUAN_OK;
}

static int32_t sign(void *instance, tongguan_call call, uint32_t timeout_ms, uint32_t algorithm,
                    tongguan_bytes text) {
    (void)instance, (void)call, (void)timeout_ms, (void)algorithm, (void)text;
    return TONGGUAN_OK;
}

static int32_t create(tongguan_call call, uint32_t timeout_ms, const tongguan_host *host,
                      tongguan_bytes config, void **instance) {
    (void)call, (void)timeout_ms, (void)host, (void)config, (void)instance;
    return TONGGUAN_OK;
}

static void destroy(void *instance) { (void)instance; }

static tongguan_bytes text(const char *it, size_t size) {
    tongguan_bytes bytes = {(const uint8_t *)it, size};
    return bytes;
}

enum lie {
    NEWER = 1, OLDER, SHORT, LONG, NO_DESCRIPTOR, NO_INFO, INFO_FAILS, NO_KIND, NO_NAME, NO_TEXT,
    CONTROL, LONG_NAME, CONCURRENCY, AFFINE, FLAGS, ALGORITHMS, NO_CALLS, SHORT_CALLS, NO_SIGN,
    NO_CREATE, CRASH, HANG, EXITS, ODD, OTHER_KIND, NO_CERTIFICATE
};

static int32_t info(tongguan_info *info) {
    if (LIE == INFO_FAILS)
        return TONGGUAN_TRANSIENT;
    info->kind = LIE == NO_KIND ? 9 : LIE == OTHER_KIND ? TONGGUAN_ROLE : TONGGUAN_SIGNER;
    if (LIE == NO_TEXT)
        info->name = text("\xff\xfe", 2);
    else if (LIE == CONTROL)
        info->name = text("\x1b[2J", 4);
    else if (LIE == LONG_NAME)
        info->name = text("far too long", (size_t)1 << 40);
    else if (LIE != NO_NAME)
        info->name = text("lies", 4);
    info->version = text("1", 1);
    info->vendor = text("tests", 5);
    info->algorithms = LIE == ALGORITHMS ? 8 : TONGGUAN_RSA_SHA1;
    info->flags = LIE == FLAGS ? 1u << 30 : LIE == AFFINE ? TONGGUAN_THREAD_AFFINE : 0;
    info->max_concurrency = LIE == CONCURRENCY ? 0 : LIE == AFFINE ? 2 : 1;
    return TONGGUAN_OK;
}

static const tongguan_signer calls = {
    LIE == SHORT_CALLS ? 16 : sizeof(tongguan_signer), 0, identity, LIE == NO_SIGN ? NULL : sign,
};

static const tongguan_plugin_descriptor plugin = {
    LIE == SHORT ? 24 : LIE == LONG ? 0x7fffffff : sizeof(tongguan_plugin_descriptor),
    LIE == NEWER ? 99 : LIE == OLDER ? 0 : TONGGUAN_ABI,
    LIE == NO_INFO ? NULL : info,
    LIE == NO_CREATE ? NULL : create,
    destroy,
    LIE == NO_CALLS ? NULL : &calls,
    NULL,
    NULL,
};

__attribute__((constructor)) static void loaded(void) {
    if (LIE == CRASH)
        abort();
    if (LIE == EXITS)
        _exit(0);
    while (LIE == HANG)
        sleep(1000);
}

const tongguan_plugin_descriptor *tongguan_plugin(void) {
    if (LIE == NO_DESCRIPTOR)
        return NULL;
    if (LIE == ODD)
        return (const tongguan_plugin_descriptor *)((const char *)&plugin + 1);
    return &plugin;
}
