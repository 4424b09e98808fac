/*
 * A transport for Tongguan in C: nothing but the header, a C compiler, and the platform's library,
 * which here is the file system.
 *
 *   cc -shared -fPIC -fvisibility=hidden -Wall -I ../../../plugins/abi -o transport.so transport.c
 *
 * In the manifest:
 *   [transports.main]
 *   library = "transport.so"
 *   to = "exchange/outbox"       # where envelopes go; the folders are there
 *   from = "exchange/inbox"      # where answers come
 *   taken = "exchange/taken"     # where answers are kept once they are taken
 */
#define _POSIX_C_SOURCE 200809L
#include "tongguan_plugin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The host lives as long as the process. */
static const tongguan_host *host;

/* Deliveries that are handed over and not settled. */
#define MOST_OPEN 64

typedef struct transport {
    char to[512], from[512], taken[512];
    pthread_mutex_t lock;
    char open[MOST_OPEN][256]; /* file names; empty where nothing is */
} transport;

static tongguan_bytes text(const char *it) {
    tongguan_bytes bytes = {(const uint8_t *)it, strlen(it)};
    return bytes;
}

/* Tells why the call fails, by errno, and gives its class. What never left is told as unsent. */
static int32_t failed(tongguan_call call, uint32_t flags, const char *function, const char *path) {
    int code = errno;
    char reason[1200];
    snprintf(reason, sizeof reason, "%s: %s", path, strerror(code));
    int mend = code == ENOENT || code == EACCES || code == ENOTDIR || code == EROFS;
    tongguan_failure failure;
    memset(&failure, 0, sizeof failure);
    failure.size = sizeof failure;
    failure.flags = flags;
    failure.code = code;
    failure.function = text(function);
    failure.reason = text(reason);
    failure.remedy = text(mend ? "check the folder in the manifest, and who may write there" : "");
    host->fail(call, &failure);
    return mend ? TONGGUAN_MISCONFIGURED : TONGGUAN_TRANSIENT;
}

/*
 * Finds "name": "value" in the configuration, a flat JSON object. Enough for an example: a plugin
 * with more options takes a JSON library. 1 found, 0 not there or too long.
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
        for (is++; is < end && *is != '"' && used + 1 < room; is++)
            value[used++] = *is;
        value[used] = 0;
        return used > 0 && is < end && *is == '"';
    }
    return 0;
}

static int32_t create(tongguan_call call, uint32_t timeout_ms, const tongguan_host *given,
                      tongguan_bytes config, void **instance) {
    (void)timeout_ms;
    if (given == NULL || given->size < sizeof(tongguan_host))
        return TONGGUAN_MISCONFIGURED;
    host = given;
    transport *it = calloc(1, sizeof *it);
    if (it == NULL)
        return failed(call, 0, "calloc", "memory");
    pthread_mutex_init(&it->lock, NULL);
    if (!option(config, "to", it->to, sizeof it->to) ||
        !option(config, "from", it->from, sizeof it->from) ||
        !option(config, "taken", it->taken, sizeof it->taken)) {
        free(it);
        errno = ENOENT;
        return failed(call, 0, "", "to, from and taken must name folders");
    }
    *instance = it;
    return TONGGUAN_OK;
}

static void destroy(void *instance) {
    transport *it = instance;
    if (it != NULL)
        pthread_mutex_destroy(&it->lock);
    free(it);
}

/* A file's name of somebody else's words: nothing in it leads out of the folder. */
static void safe(char *name, size_t room, tongguan_bytes words) {
    size_t used = 0;
    for (size_t at = 0; at < words.size && used + 1 < room; at++) {
        char c = (char)words.data[at];
        int good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
        name[used++] = good ? c : '_';
    }
    name[used] = 0;
}

/* A repeat has the same id, so the same name: it overwrites itself. Whoever reads the folder sees a
 * whole file or none. */
static int32_t send(void *instance, tongguan_call call, uint32_t timeout_ms,
                    const tongguan_outgoing *outgoing) {
    (void)timeout_ms;
    transport *it = instance;
    char message[64], id[64], part[1024], path[1024];
    safe(message, sizeof message, outgoing->message);
    safe(id, sizeof id, outgoing->cop_msg_id);
    snprintf(part, sizeof part, "%s/.%s.%s.part", it->to, message, id);
    snprintf(path, sizeof path, "%s/%s.%s.xml", it->to, message, id);
    int file = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0)
        return failed(call, TONGGUAN_UNSENT, "open", part);
    size_t written = 0;
    while (written < outgoing->envelope.size) {
        ssize_t more = write(file, outgoing->envelope.data + written, outgoing->envelope.size - written);
        if (more < 0 && errno == EINTR)
            continue;
        if (more <= 0)
            break;
        written += (size_t)more;
    }
    int whole = written == outgoing->envelope.size && fsync(file) == 0;
    if (close(file) != 0 || !whole) {
        int32_t class = failed(call, TONGGUAN_UNSENT, "write", part);
        unlink(part);
        return class;
    }
    if (rename(part, path) != 0)
        return failed(call, TONGGUAN_UNSENT, "rename", path);
    return host->put(call, TONGGUAN_EVIDENCE, text(path));
}

/* Its place among the open ones; of "", a free place. -1 where there is none. */
static int place(transport *it, const char *name) {
    for (int at = 0; at < MOST_OPEN; at++)
        if (strcmp(it->open[at], name) == 0)
            return at;
    return -1;
}

/* Takes the next file that is not open: 1, 0 where there is none, -1 where the folder cannot be read. */
static int next(transport *it, char name[256]) {
    DIR *folder = opendir(it->from);
    if (folder == NULL)
        return -1;
    int found = 0;
    struct dirent *entry;
    pthread_mutex_lock(&it->lock);
    int free_place = place(it, "");
    while (free_place >= 0 && !found && (entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || length < 5 || length > 255 ||
            strcmp(entry->d_name + length - 4, ".xml") != 0 || place(it, entry->d_name) >= 0)
            continue;
        memcpy(name, entry->d_name, length + 1);
        memcpy(it->open[free_place], name, length + 1);
        found = 1;
    }
    pthread_mutex_unlock(&it->lock);
    closedir(folder);
    return found;
}

static void forget(transport *it, const char *name) {
    pthread_mutex_lock(&it->lock);
    int at = place(it, name);
    if (at >= 0)
        it->open[at][0] = 0;
    pthread_mutex_unlock(&it->lock);
}

static int32_t receive(void *instance, tongguan_call call, uint32_t wait_ms) {
    transport *it = instance;
    char name[256], path[1024];
    int found = next(it, name);
    for (uint32_t waited = 0; found == 0 && waited + 50 < wait_ms; waited += 50) {
        struct timespec pause = {0, 50 * 1000 * 1000};
        nanosleep(&pause, NULL);
        found = next(it, name);
    }
    if (found < 0)
        return failed(call, 0, "opendir", it->from);
    if (found == 0)
        return TONGGUAN_OK;
    snprintf(path, sizeof path, "%s/%s", it->from, name);
    int file = open(path, O_RDONLY);
    struct stat is;
    uint8_t *octets = NULL;
    size_t size = 0, got = 0;
    if (file >= 0 && fstat(file, &is) == 0) {
        size = (size_t)is.st_size;
        octets = malloc(size + 1);
        while (octets != NULL && got < size) {
            ssize_t more = read(file, octets + got, size - got);
            if (more <= 0)
                break;
            got += (size_t)more;
        }
    }
    int32_t ended;
    if (octets == NULL || got < size) {
        ended = failed(call, 0, "read", path);
        forget(it, name);
    } else {
        tongguan_bytes all = {octets, size};
        ended = host->put(call, TONGGUAN_ORIGIN, text(path));
        if (ended == TONGGUAN_OK)
            ended = host->put(call, TONGGUAN_DELIVERY, text(name));
        if (ended == TONGGUAN_OK)
            ended = host->put(call, TONGGUAN_OCTETS, all);
        if (ended != TONGGUAN_OK)
            forget(it, name);
    }
    free(octets);
    if (file >= 0)
        close(file);
    return ended;
}

static int32_t settle(void *instance, tongguan_call call, uint32_t timeout_ms,
                      tongguan_bytes delivery, uint32_t taken) {
    (void)timeout_ms;
    transport *it = instance;
    char name[256], from[1024], to[1024];
    if (delivery.size >= sizeof name)
        return TONGGUAN_REJECTED;
    memcpy(name, delivery.data, delivery.size);
    name[delivery.size] = 0;
    snprintf(from, sizeof from, "%s/%s", it->from, name);
    snprintf(to, sizeof to, "%s/%s", it->taken, name);
    int32_t ended = TONGGUAN_OK;
    if (taken && rename(from, to) != 0)
        ended = failed(call, 0, "rename", from);
    forget(it, name);
    return ended;
}

static int32_t check(void *instance, tongguan_call call, uint32_t timeout_ms) {
    (void)timeout_ms;
    transport *it = instance;
    const char *folders[] = {it->to, it->from, it->taken};
    for (int at = 0; at < 3; at++) {
        struct stat is;
        errno = 0;
        if (stat(folders[at], &is) == 0 && !S_ISDIR(is.st_mode))
            errno = ENOTDIR;
        if (errno != 0 || access(folders[at], W_OK) != 0)
            return failed(call, 0, "access", folders[at]);
    }
    return TONGGUAN_OK;
}

static int32_t info(tongguan_info *info) {
    if (info->size < sizeof *info)
        return TONGGUAN_MISCONFIGURED;
    info->kind = TONGGUAN_TRANSPORT;
    info->name = text("example-transport-c");
    info->version = text("1.0.0");
    info->vendor = text("Tongguan examples");
    info->algorithms = 0;
    info->flags = 0;
    info->max_concurrency = 4;
    info->operations_per_minute = 0;
    return TONGGUAN_OK;
}

static const tongguan_transport calls = {
    sizeof(tongguan_transport), 0, send, receive, settle, check,
};

static const tongguan_plugin_descriptor plugin = {
    sizeof(tongguan_plugin_descriptor), TONGGUAN_ABI, info, create, destroy, NULL, &calls, NULL,
};

const tongguan_plugin_descriptor *tongguan_plugin(void) { return &plugin; }
