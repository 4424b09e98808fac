/* A double of IBM MQ: of the MQI calls of its client library, and of the queue managers behind them, as
 * IBM's reference documents them ("Developing applications reference": function calls, data types,
 * reason codes), as far as a client that puts and gets in units of work needs it. IBM's own library is
 * not to be had for tests. The structures (mqi.h) are written from IBM's lists of fields, and know nothing
 * of the program that is tested.
 *
 * Its state is in the folder that the library is in, and shared by all processes that load it:
 *   hosts/HOST(PORT)          the name of the queue manager that listens there
 *   QM/running                there while it runs; another content: it was restarted
 *   QM/state                  quiescing or stopping, while it is being ended
 *   QM/channels/NAME          a server-connection channel, a line each: user U, password P, maxmsgl N,
 *                             stopped; cipher C, issuer I, certificate DN: TLS, as the two sides agree
 *                             on it. Nothing is encrypted here.
 *   QM/queues/NAME/           a queue; its messages are files
 *   QM/queues/NAME/attributes a line each: maxdepth N, maxmsgl N, put inhibited, get inhibited, remote,
 *                             exclusive, deny USER put, deny USER get
 *   QM/calls                  the calls that were made, a line each
 *   QM/answer                 FUNCTION REASON before|after: what that function answers, once, before it
 *                             has done anything, or after
 *   QM/pace                   how many milliseconds MQCMIT takes
 * A key repository is a text file: password P, and a line "trusts I" for each issuer.
 *
 * What a process that died has open is backed out when somebody next looks at the queue; a restart
 * backs out all that is open, and loses what is not persistent. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mqi.h"

enum { OK, WARNING, FAILED };
enum { MOST_CONNECTIONS = 512, LARGEST = 104857600 };

typedef struct {
    int open, gone, shared, output, input, exclusive;
    char manager[64], generation[32], user[64], queue[64];
    L longest;
    pthread_t thread;
    pthread_mutex_t turn;
    char owner[96];
} connection;

static connection all[MOST_CONNECTIONS];
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

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

/* The text of a file of a queue manager's, without its line's end. */
static int text_of(char *to, size_t size, const char *manager, const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", root(), manager, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    size_t got = fread(to, 1, size - 1, file);
    fclose(file);
    to[got] = 0;
    return 1;
}

static void first_line(char *text) {
    text[strcspn(text, "\r\n")] = 0;
}

/* The value of a word that begins a line; NULL where no line does. */
static const char *value_of(const char *lines, const char *word) {
    static _Thread_local char found[512];
    size_t length = strlen(word);
    for (const char *line = lines; line && *line; line = strchr(line, '\n')) {
        if (*line == '\n')
            line++;
        if (strncmp(line, word, length) == 0 && (line[length] == ' ' || line[length] == '\n' || !line[length])) {
            snprintf(found, sizeof found, "%s", line + length + (line[length] == ' '));
            first_line(found);
            return found;
        }
    }
    return NULL;
}

/* Text in a field of a structure, filled up with blanks or ended by 0. */
static void field(char *to, size_t room, const char *from, size_t size) {
    size_t length = 0;
    while (length < size && from[length])
        length++;
    while (length && from[length - 1] == ' ')
        length--;
    if (length >= room)
        length = room - 1;
    memcpy(to, from, length);
    to[length] = 0;
}
#define FIELD(to, from) field(to, sizeof to, from, sizeof from)

static void fill(char *to, size_t size, const char *from) {
    memset(to, ' ', size);
    size_t length = strlen(from);
    memcpy(to, from, length < size ? length : size);
}

static void note(const char *manager, const char *function) {
    char path[1024], line[64];
    snprintf(path, sizeof path, "%s/%s/calls", root(), manager);
    snprintf(line, sizeof line, "%s\n", function);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file >= 0 && write(file, line, strlen(line)) < 0)
        fprintf(stderr, "double: cannot write %s\n", path);
    if (file >= 0)
        close(file);
}

/* What a function is to answer, once, at that time; 0 where nothing is wanted. */
static L wanted(const char *manager, const char *function, const char *time) {
    char line[128], name[32], when[16], path[1024];
    int reason;
    if (!text_of(line, sizeof line, manager, "answer") || sscanf(line, "%31s %d %15s", name, &reason, when) != 3)
        return 0;
    if (strcmp(name, function) || strcmp(when, time))
        return 0;
    snprintf(path, sizeof path, "%s/%s/answer", root(), manager);
    return unlink(path) == 0 ? reason : 0;
}

static int lock(const char *manager) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/lock", root(), manager);
    int file = open(path, O_RDWR | O_CREAT, 0600);
    while (file >= 0 && flock(file, LOCK_EX) < 0 && errno == EINTR)
        ;
    return file;
}

static void unlock(int file) {
    if (file >= 0)
        close(file);
}

static void answer(L *completion, L *reason, L code) {
    *reason = code;
    *completion = code == 0 ? OK : FAILED;
}

/* Messages are files of a queue's folder: NUMBER.msg; NUMBER.put@OWNER and NUMBER.got@OWNER while a unit
 * of work is open. First the descriptor, then the octets. */
static void folder_of(char *to, size_t size, const char *manager, const char *queue) {
    snprintf(to, size, "%s/%s/queues/%s", root(), manager, queue);
}

static int numbered(const struct dirent *entry) {
    return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

static void came_back(const char *path) {
    descriptor about;
    int file = open(path, O_RDWR);
    if (file >= 0 && pread(file, &about, sizeof about, 0) == (ssize_t)sizeof about) {
        about.backout++;
        if (pwrite(file, &about, sizeof about, 0) < 0)
            fprintf(stderr, "double: cannot write %s\n", path);
    }
    if (file >= 0)
        close(file);
}

/* Ends what an owner has open in a queue; with committed, for good. */
static void settle(const char *folder, const char *name, int committed) {
    char from[1200], to[1200];
    const char *kind = strchr(name, '.');
    snprintf(from, sizeof from, "%s/%s", folder, name);
    snprintf(to, sizeof to, "%s/%.*s.msg", folder, (int)(kind - name), name);
    int put = strncmp(kind, ".put@", 5) == 0;
    if (put == committed) {
        if (!put)
            came_back(from);
        rename(from, to);
    } else {
        unlink(from);
    }
}

/* Backs out what those who are gone had open. */
static void sweep(const char *manager, const char *folder, const char *generation) {
    (void)manager;
    struct dirent **found;
    int count = scandir(folder, &found, numbered, NULL);
    for (int n = 0; n < count; n++) {
        const char *owner = strchr(found[n]->d_name, '@');
        char its[64];
        int pid;
        if (owner && sscanf(owner, "@%63[^-]-%d-", its, &pid) == 2)
            if (strcmp(its, generation) || (kill(pid, 0) < 0 && errno == ESRCH))
                settle(folder, found[n]->d_name, 0);
        free(found[n]);
    }
    if (count >= 0)
        free(found);
}

/* After a restart: what is not persistent is lost, what was open is backed out. Locked. */
static void recover(const char *manager, const char *generation) {
    char before[32] = "", path[1024], folder[1200];
    text_of(before, sizeof before, manager, "recovered");
    if (strcmp(before, generation) == 0)
        return;
    snprintf(path, sizeof path, "%s/%s/queues", root(), manager);
    DIR *queues = opendir(path);
    for (struct dirent *queue; queues && (queue = readdir(queues));) {
        struct dirent **found;
        if (queue->d_name[0] == '.')
            continue;
        folder_of(folder, sizeof folder, manager, queue->d_name);
        sweep(manager, folder, generation);
        int count = scandir(folder, &found, numbered, NULL);
        for (int n = 0; n < count; n++) {
            char message[1500];
            descriptor about;
            snprintf(message, sizeof message, "%s/%s", folder, found[n]->d_name);
            int file = open(message, O_RDONLY);
            if (file >= 0 && read(file, &about, sizeof about) == (ssize_t)sizeof about && about.persistence != 1)
                unlink(message);
            if (file >= 0)
                close(file);
            free(found[n]);
        }
        if (count >= 0)
            free(found);
    }
    if (queues)
        closedir(queues);
    snprintf(path, sizeof path, "%s/%s/recovered", root(), manager);
    FILE *file = fopen(path, "w");
    if (file) {
        fputs(generation, file);
        fclose(file);
    }
}

static connection *known(L handle) {
    return handle > 0 && handle < MOST_CONNECTIONS && all[handle].open ? &all[handle] : NULL;
}

/* Why a connection is of no use: 0 where it is. */
static L lives(connection *it, int quiesces) {
    char now[32], state[32] = "";
    if (!it->shared && !pthread_equal(it->thread, pthread_self()))
        return 2018;
    if (it->gone || !text_of(now, sizeof now, it->manager, "running") || strcmp(now, it->generation)) {
        it->gone = 1;
        return 2009;
    }
    text_of(state, sizeof state, it->manager, "state");
    if (strncmp(state, "stopping", 8) == 0)
        return 2203;
    if (quiesces && strncmp(state, "quiescing", 9) == 0)
        return 2202;
    return 0;
}

/* A call's beginning: whose connection it is, one call at a time. */
#define ENTER(function, failed, quiesces)                                                          \
    connection *it = known(handle);                                                                \
    if (!it) {                                                                                     \
        answer(completion, reason, 2018);                                                          \
        return;                                                                                    \
    }                                                                                              \
    pthread_mutex_lock(&it->turn);                                                                 \
    note(it->manager, function);                                                                   \
    L failed = lives(it, quiesces);                                                                \
    if (!failed)                                                                                   \
    failed = wanted(it->manager, function, "before")

#define LEAVE(function, code)                                                                      \
    do {                                                                                           \
        L after = wanted(it->manager, function, "after");                                          \
        answer(completion, reason, after ? after : (code));                                        \
        pthread_mutex_unlock(&it->turn);                                                           \
        return;                                                                                    \
    } while (0)

/* What TLS comes to between a channel and a client. */
static L agreed(const char *lines, const channel *cd, const tls_options *sco) {
    char cipher[33], path[257], other[300], store[1024] = "", line[300];
    const char *its = value_of(lines, "cipher");
    FIELD(cipher, cd->cipher);
    if (!its && !cipher[0])
        return 0;
    if (!its || !cipher[0])
        return 2539;
    if (strcmp(its, cipher) && strncmp(cipher, "ANY_TLS", 7))
        return 2393;
    if (!sco)
        return 2381;
    if (memcmp(sco->id, "SCO ", 4) || sco->version < 1 || sco->version > 7)
        return 2380;
    FIELD(path, sco->repository);
    snprintf(other, sizeof other, "%s.kdb", path);
    FILE *file = fopen(path, "r");
    if (!file)
        file = fopen(other, "r");
    if (!file)
        return 2381;
    size_t got = fread(store, 1, sizeof store - 1, file);
    store[got] = 0;
    fclose(file);
    const char *password = value_of(store, "password");
    if (password) {
        const char *given = sco->version >= 6 ? sco->password : NULL;
        if (!given || strlen(password) != (size_t)sco->password_length || memcmp(given, password, strlen(password)))
            return 2381;
    }
    const char *issuer = value_of(lines, "issuer");
    snprintf(line, sizeof line, "trusts %s", issuer ? issuer : "");
    if (!value_of(store, line))
        return 2393;
    const char *name = value_of(lines, "certificate");
    if (cd->peer_length > 0 && (!name || strlen(name) != (size_t)cd->peer_length || memcmp(cd->peer, name, strlen(name))))
        return 2398;
    return 0;
}

/* Who comes in by a channel. */
static L let_in(const char *lines, const connecting *cno, char *user, size_t size) {
    char name[64] = "", secret[64] = "";
    const security *csp = cno->version >= 5 ? cno->security_at : NULL;
    if (csp) {
        if (memcmp(csp->id, "CSP ", 4) || csp->version < 1 || csp->version > 3 || csp->kind != 1 || !csp->user || !csp->password)
            return 2595;
        snprintf(name, sizeof name, "%.*s", (int)csp->user_length, csp->user);
        snprintf(secret, sizeof secret, "%.*s", (int)csp->password_length, csp->password);
    }
    const char *its = value_of(lines, "user");
    if (its && strcmp(its, name))
        return 2035;
    its = value_of(lines, "password");
    if (its && strcmp(its, secret))
        return 2035;
    snprintf(user, size, "%s", name);
    return 0;
}

/* Tries one host of a list. */
static L reach(const char *host, const char *manager, const connecting *cno, connection *it) {
    char name[64], lines[1024], path[128], channel_name[21];
    char place[300];
    const channel *cd = cno->channel_at;
    snprintf(place, sizeof place, "%s%s", host, strchr(host, '(') ? "" : "(1414)");
    if (!text_of(name, sizeof name, "hosts", place))
        return 2538;
    first_line(name);
    if (!text_of(it->generation, sizeof it->generation, name, "running"))
        return 2538;
    note(name, "MQCONNX");
    FIELD(channel_name, cd->name);
    snprintf(path, sizeof path, "channels/%s", channel_name);
    if (!text_of(lines, sizeof lines, name, path))
        return 2540;
    L code = agreed(lines, cd, cno->version >= 4 ? cno->tls : NULL);
    if (code)
        return code;
    if (value_of(lines, "stopped"))
        return 2537;
    code = let_in(lines, cno, it->user, sizeof it->user);
    if (code)
        return code;
    if (manager[0] && manager[0] != '*' && strcmp(manager, name))
        return 2058;
    snprintf(it->manager, sizeof it->manager, "%s", name);
    it->shared = 1;
    code = lives(it, 1);
    if (code)
        return code == 2009 ? 2059 : 2161;
    const char *longest = value_of(lines, "maxmsgl");
    it->longest = longest ? atoi(longest) : LARGEST;
    if (cd->longest < it->longest)
        it->longest = cd->longest;
    return wanted(name, "MQCONNX", "before");
}

void MQCONNX(char *manager_name, connecting *cno, L *handle, L *completion, L *reason) {
    char manager[49], list[265], *rest;
    static int next;
    field(manager, sizeof manager, manager_name, 48);
    *handle = -1;
    if (!cno || memcmp(cno->id, "CNO ", 4) || cno->version < 1 || cno->version > 8) {
        answer(completion, reason, 2139);
        return;
    }
    channel *cd = cno->version >= 2 ? cno->channel_at : NULL;
    if (!cd) {
        answer(completion, reason, 2059);
        return;
    }
    if (cd->version < 4 || cd->version > 12 || cd->type != 6 || cd->transport != 2 || (cd->version == 9 && cd->length != 1912)) {
        answer(completion, reason, 2277);
        return;
    }
    pthread_mutex_lock(&opening);
    int at = 0;
    for (int n = 1; n < MOST_CONNECTIONS && !at; n++)
        if (!all[n].open)
            at = n;
    connection *it = &all[at];
    memset(it, 0, sizeof *it);
    L code = at ? 2538 : 2025;
    FIELD(list, cd->connection);
    for (char *host = strtok_r(list, ", ", &rest); at && host; host = strtok_r(NULL, ", ", &rest)) {
        code = reach(host, manager, cno, it);
        if (code != 2538 && code != 2059 && code != 2161)
            break;
    }
    if (code == 0) {
        int file = lock(it->manager);
        recover(it->manager, it->generation);
        unlock(file);
        it->shared = (cno->options & 0xC0) != 0;
        it->thread = pthread_self();
        pthread_mutex_init(&it->turn, NULL);
        char generation[32];
        memcpy(generation, it->generation, sizeof generation);
        snprintf(it->owner, sizeof it->owner, "%s-%d-%d", generation, (int)getpid(), ++next);
        it->open = 1;
        *handle = at;
    }
    pthread_mutex_unlock(&opening);
    answer(completion, reason, code);
}

void MQOPEN(L handle, object *od, L options, L *queue, L *completion, L *reason) {
    char name[49], manager[49], folder[1024], lines[512] = "", path[128], deny[128];
    struct stat about;
    *queue = -1;
    ENTER("MQOPEN", code, options & 0x2000);
    if (!code && (!od || memcmp(od->id, "OD  ", 4) || od->version < 1 || od->version > 4))
        code = 2044;
    if (!code && od->type != 1)
        code = 2043;
    int input = options & 0x7, output = options & 0x10;
    if (!code && (!(input || output) || (input & (input - 1))))
        code = 2046;
    if (code)
        LEAVE("MQOPEN", code);
    FIELD(name, od->name);
    FIELD(manager, od->manager);
    if (manager[0] && strcmp(manager, it->manager))
        LEAVE("MQOPEN", 2087);
    folder_of(folder, sizeof folder, it->manager, name);
    if (!name[0] || stat(folder, &about) < 0)
        LEAVE("MQOPEN", 2085);
    snprintf(path, sizeof path, "queues/%s/attributes", name);
    text_of(lines, sizeof lines, it->manager, path);
    for (int n = 0; n < 2; n++) {
        snprintf(deny, sizeof deny, "deny %s %s", it->user, n ? "get" : "put");
        if ((n ? input : output) && value_of(lines, deny))
            LEAVE("MQOPEN", 2035);
    }
    if (input && value_of(lines, "remote"))
        LEAVE("MQOPEN", 2045);
    if (input && value_of(lines, "exclusive"))
        LEAVE("MQOPEN", 2042);
    snprintf(it->queue, sizeof it->queue, "%s", name);
    it->input = input;
    it->output = output;
    *queue = 1;
    LEAVE("MQOPEN", 0);
}

void MQCLOSE(L handle, L *queue, L options, L *completion, L *reason) {
    (void)options;
    ENTER("MQCLOSE", code, 0);
    if (!code && *queue != 1)
        code = 2019;
    it->input = it->output = 0;
    *queue = -1;
    LEAVE("MQCLOSE", code);
}

static long attribute(const char *lines, const char *word, long usual) {
    const char *value = value_of(lines, word);
    return value ? atol(value) : usual;
}

/* The next number of a queue manager. Locked. */
static long next_number(const char *manager) {
    char path[1024], text[32] = "0";
    text_of(text, sizeof text, manager, "number");
    long number = atol(text) + 1;
    snprintf(path, sizeof path, "%s/%s/number", root(), manager);
    FILE *file = fopen(path, "w");
    if (file) {
        fprintf(file, "%ld", number);
        fclose(file);
    }
    return number;
}

static L written(const char *path, const descriptor *md, const void *octets, size_t length) {
    FILE *file = fopen(path, "w");
    int well = file && fwrite(md, sizeof *md, 1, file) == 1 && fwrite(octets, 1, length, file) == length;
    if (file && fclose(file))
        well = 0;
    return well ? 0 : 2056;
}

void MQPUT(L handle, L queue, descriptor *md, putting *pmo, L length, const void *octets, L *completion, L *reason) {
    char folder[1024], path[1300], lines[512] = "", name[128];
    ENTER("MQPUT", code, pmo->options & 0x2000);
    if (!code && (memcmp(pmo->id, "PMO ", 4) || pmo->version < 1 || pmo->version > 3))
        code = 2173;
    if (!code && (memcmp(md->id, "MD  ", 4) || md->version < 1 || md->version > 2))
        code = 2026;
    if (!code && (queue != 1 || !it->output))
        code = queue == 1 ? 2039 : 2019;
    if (!code && (pmo->options & 0x6) == 0x6)
        code = 2046;
    if (!code && length < 0)
        code = 2005;
    if (!code && md->type < 1)
        code = 2029;
    if (!code && md->expiry != -1 && md->expiry <= 0)
        code = 2013;
    if (!code && (md->persistence < 0 || md->persistence > 2))
        code = 2047;
    if (!code && (md->priority < -1 || md->priority > 9))
        code = 2050;
    if (code)
        LEAVE("MQPUT", code);
    snprintf(name, sizeof name, "queues/%s/attributes", it->queue);
    text_of(lines, sizeof lines, it->manager, name);
    folder_of(folder, sizeof folder, it->manager, it->queue);
    if (length > it->longest)
        LEAVE("MQPUT", 2218);
    if (length > attribute(lines, "maxmsgl", LARGEST))
        LEAVE("MQPUT", 2030);
    const char *put = value_of(lines, "put");
    if (put && strcmp(put, "inhibited") == 0)
        LEAVE("MQPUT", 2051);
    int file = lock(it->manager);
    sweep(it->manager, folder, it->generation);
    struct dirent **found;
    int depth = scandir(folder, &found, numbered, NULL);
    for (int n = 0; n < depth; n++)
        free(found[n]);
    if (depth >= 0)
        free(found);
    if (depth < 0)
        code = 2052;
    else if (depth >= attribute(lines, "maxdepth", 999999999))
        code = 2053;
    if (!code) {
        long number = next_number(it->manager);
        descriptor kept = {0};
        memcpy(&kept, md, 324);
        if (kept.persistence == 2)
            kept.persistence = 0;
        static const unsigned char none[24];
        if ((pmo->options & 0x40) || memcmp(kept.message, none, 24) == 0) {
            char id[25];
            snprintf(id, sizeof id, "AMQ %-12.12s%08lX", it->manager, number);
            memcpy(kept.message, id, 24);
        }
        kept.backout = 0;
        fill(kept.user, sizeof kept.user, it->user);
        time_t now = time(NULL);
        struct tm at;
        gmtime_r(&now, &at);
        char date[16], clock[16];
        strftime(date, sizeof date, "%Y%m%d", &at);
        strftime(clock, sizeof clock, "%H%M%S00", &at);
        memcpy(kept.date, date, 8);
        memcpy(kept.time, clock, 8);
        memcpy(md, &kept, 324);
        /* Out of the way until it is whole. */
        char part[1300];
        snprintf(part, sizeof part, "%s/part-%s", folder, it->owner);
        if (pmo->options & 0x2)
            snprintf(path, sizeof path, "%s/%012ld.put@%s", folder, number, it->owner);
        else
            snprintf(path, sizeof path, "%s/%012ld.msg", folder, number);
        code = written(part, &kept, octets, (size_t)length);
        if (!code && rename(part, path) < 0)
            code = 2056;
        fill(pmo->queue, sizeof pmo->queue, it->queue);
        fill(pmo->manager, sizeof pmo->manager, it->manager);
    }
    unlock(file);
    LEAVE("MQPUT", code);
}

static int wanted_message(const descriptor *kept, const descriptor *md, L match) {
    static const unsigned char none[24];
    if ((match & 1) && memcmp(md->message, none, 24) && memcmp(md->message, kept->message, 24))
        return 0;
    return !((match & 2) && memcmp(md->correlation, none, 24) && memcmp(md->correlation, kept->correlation, 24));
}

/* Looks for a message once. Locked. -1 where there is none. */
static L taken(connection *it, descriptor *md, const getting *gmo, L room, void *buffer, L *length) {
    char folder[1024], path[1300], claimed[1400];
    struct dirent **found;
    L code = -1;
    folder_of(folder, sizeof folder, it->manager, it->queue);
    sweep(it->manager, folder, it->generation);
    int count = scandir(folder, &found, numbered, alphasort);
    for (int n = 0; n < count; n++) {
        const char *name = found[n]->d_name;
        size_t end = strlen(name);
        descriptor kept;
        struct stat about;
        if (code != -1 || end < 4 || strcmp(name + end - 4, ".msg"))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, name);
        FILE *file = fopen(path, "r");
        if (!file || fread(&kept, sizeof kept, 1, file) != 1 || fstat(fileno(file), &about) < 0) {
            if (file)
                fclose(file);
            continue;
        }
        if (wanted_message(&kept, md, gmo->version >= 2 ? gmo->match : 3)) {
            *length = (L)(about.st_size - (off_t)sizeof kept);
            size_t fits = (size_t)(*length < room ? *length : room);
            code = *length <= room ? 0 : gmo->options & 0x40 ? 2079 : 2080;
            if (fread(buffer, 1, fits, file) != fits)
                code = 2101;
            memcpy((char *)md + 8, (char *)&kept + 8, md->version == 1 ? 324 - 8 : sizeof kept - 8);
            if (code == 0 || code == 2079) {
                snprintf(claimed, sizeof claimed, "%s/%.12s.got@%s", folder, name, it->owner);
                if (gmo->options & 0x2)
                    rename(path, claimed);
                else
                    unlink(path);
            }
        }
        fclose(file);
    }
    for (int n = 0; n < count; n++)
        free(found[n]);
    if (count >= 0)
        free(found);
    return count < 0 ? 2052 : code;
}

void MQGET(L handle, L queue, descriptor *md, getting *gmo, L room, void *buffer, L *length, L *completion, L *reason) {
    char lines[512], name[128];
    *length = 0;
    ENTER("MQGET", code, gmo->options & 0x2000);
    if (!code && (memcmp(gmo->id, "GMO ", 4) || gmo->version < 1 || gmo->version > 4))
        code = 2186;
    if (!code && (memcmp(md->id, "MD  ", 4) || md->version < 1 || md->version > 2))
        code = 2026;
    if (!code && (queue != 1 || !it->input))
        code = queue == 1 ? 2037 : 2019;
    if (!code && (gmo->options & 0x6) == 0x6)
        code = 2046;
    if (!code && (gmo->options & 1) && gmo->wait < -1)
        code = 2090;
    if (code)
        LEAVE("MQGET", code);
    snprintf(name, sizeof name, "queues/%s/attributes", it->queue);
    for (long waited = 0;; waited += 10) {
        lines[0] = 0;
        text_of(lines, sizeof lines, it->manager, name);
        const char *get = value_of(lines, "get");
        code = lives(it, gmo->options & 0x2000);
        if (!code && get && strcmp(get, "inhibited") == 0)
            code = 2016;
        if (code)
            LEAVE("MQGET", code);
        int file = lock(it->manager);
        code = taken(it, md, gmo, room, buffer, length);
        unlock(file);
        if (code != -1 || !(gmo->options & 1) || (gmo->wait >= 0 && waited >= gmo->wait))
            break;
        usleep(10000);
    }
    if (code == -1)
        LEAVE("MQGET", 2033);
    fill(gmo->queue, sizeof gmo->queue, it->queue);
    if (code == 2079 || code == 2080) {
        *completion = WARNING;
        *reason = code;
        pthread_mutex_unlock(&it->turn);
        return;
    }
    LEAVE("MQGET", code);
}

/* Ends a connection's unit of work, in whatever queues it has anything open. */
static void ended(connection *it, int committed) {
    char path[1024], folder[1200];
    int file = lock(it->manager);
    snprintf(path, sizeof path, "%s/%s/queues", root(), it->manager);
    DIR *queues = opendir(path);
    for (struct dirent *queue; queues && (queue = readdir(queues));) {
        struct dirent **found;
        if (queue->d_name[0] == '.')
            continue;
        folder_of(folder, sizeof folder, it->manager, queue->d_name);
        int count = scandir(folder, &found, numbered, NULL);
        for (int n = 0; n < count; n++) {
            const char *owner = strchr(found[n]->d_name, '@');
            if (owner && strcmp(owner + 1, it->owner) == 0)
                settle(folder, found[n]->d_name, committed);
            free(found[n]);
        }
        if (count >= 0)
            free(found);
    }
    if (queues)
        closedir(queues);
    unlock(file);
}

void MQCMIT(L handle, L *completion, L *reason) {
    char pace[16];
    ENTER("MQCMIT", code, 0);
    if (!code && text_of(pace, sizeof pace, it->manager, "pace")) {
        usleep((useconds_t)atoi(pace) * 1000);
        code = lives(it, 0);
    }
    if (!code)
        ended(it, 1);
    LEAVE("MQCMIT", code);
}

void MQBACK(L handle, L *completion, L *reason) {
    ENTER("MQBACK", code, 0);
    if (!code)
        ended(it, 0);
    LEAVE("MQBACK", code);
}

/* Ends a connection. A unit of work that is open is committed, as IBM's queue managers do it where the
 * connection has not broken. */
void MQDISC(L *handle_at, L *completion, L *reason) {
    L handle = *handle_at;
    ENTER("MQDISC", code, 0);
    if (code != 2009)
        ended(it, 1);
    *handle_at = -1;
    answer(completion, reason, code);
    pthread_mutex_unlock(&it->turn);
    pthread_mutex_lock(&opening);
    it->open = 0;
    pthread_mutex_unlock(&opening);
}
