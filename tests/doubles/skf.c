/* A double of a vendor's SKF library, with KEYs of its own: it keeps the interface of GM/T 0016-2012
 * (smart card and KEY cryptography application interface) as far as signing needs it. Real KEYs are
 * not to be had for tests; the signatures are real, by OpenSSL's libcrypto.
 *
 * Its state is in the folder that the library is in. There a KEY is a folder with its serial number
 * for a name, in that an application is one, in that a container:
 *   SERIAL/plugged            there while it is plugged in; another content: it was out in between
 *   SERIAL/pin                the user's PIN; six wrong ones in a row lock it
 *   SERIAL/wrong              how many there were
 *   SERIAL/signed             a line a signature
 *   SERIAL/APPLICATION/CONTAINER/key.pem, certificate.der
 *   calls                     the functions that were called, a line each
 *   overlaps                  there if two were called at once
 *   answer                    while it is there: a function's name, the code that it returns, and, if
 *                             at all, a file that is gone then (SERIAL/plugged)
 *   pace                      how many milliseconds a signature takes
 *   spoil                     while it is there: signatures are wrong
 *
 * Compiled with -DSKF_WIDE, ULONG has 64 bits, as in headers of some vendors for Linux; with
 * -DSKF_PACKED, structures are packed; with -DSKF_TAKES_DIGEST, RSA takes a bare digest. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef SKF_WIDE
typedef unsigned long ULONG;
#else
typedef uint32_t ULONG;
#endif
typedef int32_t BOOL;
typedef uint8_t BYTE;

#ifdef SKF_PACKED
#pragma pack(1)
#endif
typedef struct { BYTE major, minor; } VERSION;
typedef struct {
    VERSION version;
    char manufacturer[64], issuer[64], label[32], serial[32];
    VERSION hardware, firmware;
    ULONG symmetric, asymmetric, hash, authentication, total, available, most_ecc, most;
    BYTE reserved[64];
} DEVINFO;
typedef struct { BYTE r[64], s[64]; } ECCSIGNATUREBLOB;
#ifdef SKF_PACKED
#pragma pack()
#endif

enum {
    OK = 0,
    FAIL = 0x0A000001,
    INVALID_HANDLE = 0x0A000005,
    INVALID_PARAMETER = 0x0A000006,
    DATA_LENGTH = 0x0A000010,
    NO_KEY = 0x0A00001B,
    NO_CERTIFICATE = 0x0A00001C,
    TOO_SMALL = 0x0A000020,
    REMOVED = 0x0A000023,
    PIN_INCORRECT = 0x0A000024,
    PIN_LOCKED = 0x0A000025,
    NOT_LOGGED_IN = 0x0A00002D,
    NO_APPLICATION = 0x0A00002E,
};
enum { TRIES = 6 };

/* What was opened: a device, an application or a container. */
typedef struct handle {
    char kind;
    char path[1024];
    char plugged[16];
    char device[1024];
    int logged_in;
    struct handle *on;
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

static int read_text(const char *folder, const char *name, char *to, size_t size) {
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    size_t got = fread(to, 1, size - 1, file);
    fclose(file);
    to[got] = 0;
    to[strcspn(to, "\r\n")] = 0;
    return 1;
}

static void write_text(const char *folder, const char *name, const char *text, int flags) {
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CREAT | flags, 0600);
    if (file < 0 || write(file, text, strlen(text)) < 0)
        fprintf(stderr, "double: cannot write %s\n", path);
    if (file >= 0)
        close(file);
}

static atomic_int under_way;

/* Notes a call, and whether it is to fail. */
static ULONG enter(const char *function) {
    char line[128], answer[128], name[64], gone[64] = "", path[1024];
    unsigned code;
    if (atomic_fetch_add(&under_way, 1) > 0)
        write_text(root(), "overlaps", function, O_TRUNC);
    snprintf(line, sizeof line, "%s\n", function);
    write_text(root(), "calls", line, O_APPEND);
    if (read_text(root(), "answer", answer, sizeof answer) &&
        sscanf(answer, "%63s %x %63s", name, &code, gone) >= 2 && strcmp(name, function) == 0) {
        snprintf(path, sizeof path, "%s/%s", root(), gone);
        if (gone[0])
            unlink(path);
        return code;
    }
    return OK;
}

static ULONG leave(ULONG code) {
    atomic_fetch_sub(&under_way, 1);
    return code;
}

#define ENTER(function)                                                                            \
    ULONG entered = enter(function);                                                               \
    if (entered != OK)                                                                             \
    return leave(entered)

/* Whether what was opened is still valid: its KEY was never out since. */
static ULONG valid(const handle *it, char kind) {
    char now[16];
    if (!it || it->kind != kind)
        return INVALID_HANDLE;
    if (!read_text(it->device, "plugged", now, sizeof now) || strcmp(now, it->plugged) != 0)
        return REMOVED;
    return OK;
}

static handle *opened(char kind, const char *folder, const char *name, handle *on) {
    handle *it = calloc(1, sizeof *it);
    it->kind = kind;
    it->on = on;
    snprintf(it->path, sizeof it->path, "%s/%s", folder, name);
    if (on) {
        memcpy(it->plugged, on->plugged, sizeof it->plugged);
        memcpy(it->device, on->device, sizeof it->device);
    } else {
        memcpy(it->device, it->path, sizeof it->device);
        read_text(it->path, "plugged", it->plugged, sizeof it->plugged);
    }
    return it;
}

static int is_folder(const char *folder, const char *name) {
    char path[2048];
    struct stat about;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return name[0] && name[0] != '.' && !strchr(name, '/') && stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* The folders in a folder, as the standard lists names. */
static ULONG listed(const char *folder, int plugged, char *to, ULONG *size) {
    char all[4096], text[16], path[2048];
    size_t used = 0;
    DIR *open = opendir(folder);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        size_t length = strlen(entry->d_name) + 1;
        if (!is_folder(folder, entry->d_name) || used + length + 1 > sizeof all)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (plugged && !read_text(path, "plugged", text, sizeof text))
            continue;
        memcpy(all + used, entry->d_name, length);
        used += length;
    }
    if (open)
        closedir(open);
    all[used++] = 0;
    ULONG room = *size;
    *size = (ULONG)used;
    if (to && room < used)
        return TOO_SMALL;
    if (to)
        memcpy(to, all, used);
    return OK;
}

ULONG SKF_EnumDev(BOOL present, char *names, ULONG *size) {
    ENTER("SKF_EnumDev");
    return leave(listed(root(), present, names, size));
}

ULONG SKF_ConnectDev(const char *name, void **device) {
    ENTER("SKF_ConnectDev");
    if (!is_folder(root(), name))
        return leave(INVALID_PARAMETER);
    *device = opened('d', root(), name, NULL);
    return leave(OK);
}

static ULONG closed(void *it, char kind) {
    handle *had = it;
    if (!had || had->kind != kind)
        return INVALID_HANDLE;
    had->kind = 0;
    free(had);
    return OK;
}

ULONG SKF_DisConnectDev(void *device) {
    ENTER("SKF_DisConnectDev");
    return leave(closed(device, 'd'));
}

ULONG SKF_CloseApplication(void *application) {
    ENTER("SKF_CloseApplication");
    return leave(closed(application, 'a'));
}

ULONG SKF_CloseContainer(void *container) {
    ENTER("SKF_CloseContainer");
    return leave(closed(container, 'c'));
}

ULONG SKF_GetDevInfo(void *device, DEVINFO *info) {
    ENTER("SKF_GetDevInfo");
    handle *it = device;
    ULONG code = valid(it, 'd');
    if (code != OK)
        return leave(code);
    memset(info, 0, sizeof *info);
    info->version.major = 1;
    strcpy(info->manufacturer, "tongguan tests");
    strcpy(info->label, "double");
    snprintf(info->serial, sizeof info->serial, "%s", strrchr(it->path, '/') + 1);
    info->total = info->available = 0x01020304;
    memset(info->reserved, 0xff, sizeof info->reserved);
    return leave(OK);
}

ULONG SKF_EnumApplication(void *device, char *names, ULONG *size) {
    ENTER("SKF_EnumApplication");
    handle *it = device;
    ULONG code = valid(it, 'd');
    return leave(code != OK ? code : listed(it->path, 0, names, size));
}

ULONG SKF_OpenApplication(void *device, const char *name, void **application) {
    ENTER("SKF_OpenApplication");
    handle *it = device;
    ULONG code = valid(it, 'd');
    if (code == OK && !is_folder(it->path, name))
        code = NO_APPLICATION;
    if (code == OK)
        *application = opened('a', it->path, name, it);
    return leave(code);
}

static int wrong_ones(const handle *it) {
    char text[16];
    return read_text(it->device, "wrong", text, sizeof text) ? atoi(text) : 0;
}

ULONG SKF_GetPINInfo(void *application, ULONG type, ULONG *most, ULONG *left, BOOL *standard) {
    ENTER("SKF_GetPINInfo");
    handle *it = application;
    ULONG code = valid(it, 'a');
    if (code == OK && type != 1)
        code = INVALID_PARAMETER;
    if (code == OK) {
        *most = TRIES;
        *left = (ULONG)(TRIES - wrong_ones(it));
        *standard = 0;
    }
    return leave(code);
}

ULONG SKF_VerifyPIN(void *application, ULONG type, const char *pin, ULONG *left) {
    ENTER("SKF_VerifyPIN");
    handle *it = application;
    char right[64] = "", text[16];
    ULONG code = valid(it, 'a');
    if (code == OK && type != 1)
        code = INVALID_PARAMETER;
    if (code != OK)
        return leave(code);
    int wrong = wrong_ones(it);
    if (wrong >= TRIES)
        return leave(PIN_LOCKED);
    read_text(it->device, "pin", right, sizeof right);
    it->logged_in = strcmp(right, pin) == 0;
    wrong = it->logged_in ? 0 : wrong + 1;
    snprintf(text, sizeof text, "%d", wrong);
    write_text(it->device, "wrong", text, O_TRUNC);
    *left = (ULONG)(TRIES - wrong);
    return leave(it->logged_in ? OK : PIN_INCORRECT);
}

ULONG SKF_EnumContainer(void *application, char *names, ULONG *size) {
    ENTER("SKF_EnumContainer");
    handle *it = application;
    ULONG code = valid(it, 'a');
    return leave(code != OK ? code : listed(it->path, 0, names, size));
}

ULONG SKF_OpenContainer(void *application, const char *name, void **container) {
    ENTER("SKF_OpenContainer");
    handle *it = application;
    ULONG code = valid(it, 'a');
    if (code == OK && !is_folder(it->path, name))
        code = INVALID_PARAMETER;
    if (code == OK)
        *container = opened('c', it->path, name, it);
    return leave(code);
}

ULONG SKF_ExportCertificate(void *container, BOOL signing, BYTE *to, ULONG *size) {
    ENTER("SKF_ExportCertificate");
    handle *it = container;
    ULONG code = valid(it, 'c');
    char path[2048];
    BYTE der[8192];
    if (code != OK)
        return leave(code);
    snprintf(path, sizeof path, "%s/certificate.der", it->path);
    FILE *file = signing ? fopen(path, "rb") : NULL;
    if (!file)
        return leave(NO_CERTIFICATE);
    size_t got = fread(der, 1, sizeof der, file);
    fclose(file);
    ULONG room = *size;
    *size = (ULONG)got;
    if (to && room < got)
        return leave(TOO_SMALL);
    if (to)
        memcpy(to, der, got);
    return leave(OK);
}

/* Signs by the key of a container, which wants the PIN; `digest` is what RSA names in the value. */
static ULONG by_key(handle *it, const char *kind, const EVP_MD *digest, const BYTE *data, size_t size, BYTE *to, size_t *length) {
    char path[2048];
    ULONG code = valid(it, 'c');
    if (code != OK)
        return code;
    if (!it->on->logged_in)
        return NOT_LOGGED_IN;
    snprintf(path, sizeof path, "%s/key.pem", it->path);
    FILE *file = fopen(path, "r");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    code = NO_KEY;
    if (context && EVP_PKEY_is_a(key, kind)) {
        int well = EVP_PKEY_sign_init(context) == 1;
        if (well && digest)
            well = EVP_PKEY_CTX_set_signature_md(context, digest) == 1;
        code = well && EVP_PKEY_sign(context, to, length, data, size) == 1 ? OK : FAIL;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    write_text(it->device, "signed", "\n", O_APPEND);
    char pace[16];
    if (read_text(root(), "pace", pace, sizeof pace))
        usleep((useconds_t)atoi(pace) * 1000);
    return code;
}

static int spoiled(void) {
    char text[4];
    return read_text(root(), "spoil", text, sizeof text);
}

ULONG SKF_ECCSignData(void *container, BYTE *data, ULONG size, ECCSIGNATUREBLOB *signature) {
    ENTER("SKF_ECCSignData");
    BYTE der[128];
    size_t length = sizeof der;
    if (size != 32)
        return leave(DATA_LENGTH);
    ULONG code = by_key(container, "SM2", NULL, data, size, der, &length);
    if (code != OK)
        return leave(code);
    const BYTE *at = der;
    ECDSA_SIG *value = d2i_ECDSA_SIG(NULL, &at, (long)length);
    memset(signature, 0, sizeof *signature);
    BN_bn2binpad(ECDSA_SIG_get0_r(value), signature->r + 32, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(value), signature->s + 32, 32);
    ECDSA_SIG_free(value);
    if (spoiled())
        signature->s[63] ^= 1;
    return leave(OK);
}

ULONG SKF_RSASignData(void *container, BYTE *data, ULONG size, BYTE *signature, ULONG *length) {
    ENTER("SKF_RSASignData");
    size_t room = *length;
#ifdef SKF_TAKES_DIGEST
    const EVP_MD *digest = EVP_sha1();
    if (size != 20)
        return leave(DATA_LENGTH);
#else
    const EVP_MD *digest = NULL;
#endif
    ULONG code = by_key(container, "RSA", digest, data, size, signature, &room);
    *length = (ULONG)room;
    if (code == OK && spoiled())
        signature[room - 1] ^= 1;
    return leave(code);
}
