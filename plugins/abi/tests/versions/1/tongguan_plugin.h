/*
 * The C ABI between Tongguan and its plugins: signers, transports, roles.
 *
 * A plugin is a shared library with one exported symbol, tongguan_plugin. Nothing else of it is
 * looked for. docs/plugins.md leads from nothing to a tested plugin.
 *
 * Rules, all of them:
 *  - Each structure that may grow begins with its size, filled in by who made it. It grows only at
 *    its end. Who reads one that is shorter than it knows takes the rest as zero.
 *  - TONGGUAN_ABI changes only when a plugin of before would break; it is looked at first.
 *  - Only octets, integers and opaque handles cross. Memory is freed by who made it: what a call is
 *    given lives until that call returns, what the plugin gives (put, fail, problem, log) is copied
 *    before that function returns. So nobody ever frees the other's memory.
 *  - Text is UTF-8, without a NUL at its end; its size counts.
 *  - Calls block. Each is given the milliseconds that it may take; the process of a plugin that
 *    takes longer is killed and started again.
 *  - The plugin runs in a process of its own. Its working folder is the manifest's; its environment
 *    is what the manifest names. Standard output goes where standard error does.
 *  - No more calls at once than the plugin says (max_concurrency), each on any thread; all on one
 *    and the same where it says so (TONGGUAN_THREAD_AFFINE).
 *  - A call answers TONGGUAN_OK, or the class of its failure after it has told more by host->fail.
 */
#ifndef TONGGUAN_PLUGIN_H
#define TONGGUAN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this ABI. */
#define TONGGUAN_ABI 1

/* What a plugin is. */
#define TONGGUAN_SIGNER 1
#define TONGGUAN_TRANSPORT 2
#define TONGGUAN_ROLE 3

/* How a call ended: well, or the class of its failure. */
#define TONGGUAN_OK 0
#define TONGGUAN_TRANSIENT 1     /* it may work later: a lost connection, a busy device */
#define TONGGUAN_REJECTED 2      /* this input will never be taken */
#define TONGGUAN_MISCONFIGURED 3 /* nothing will work until a person changes something */
#define TONGGUAN_DEVICE_GONE 4   /* the device is gone (unplugged, powered off); it may come back */

/* What a failure says besides (bits). */
#define TONGGUAN_UNSENT 1      /* send: nothing of the envelope can have left */
#define TONGGUAN_PIN_REFUSED 2 /* the PIN or password was wrong: nobody tries it again by himself */

/* Algorithms (bits in tongguan_info, one of them in sign). */
#define TONGGUAN_RSA_SHA1 1 /* RSASSA-PKCS1-v1_5 with SHA-1; the value is as long as the modulus */
#define TONGGUAN_SM2_SM3 2  /* SM2 with SM3, user id 1234567812345678; the value is r and s, 32
                               octets each, big-endian */

/* How a plugin wants to be called (bits in tongguan_info). */
#define TONGGUAN_THREAD_AFFINE 1     /* every call on one and the same thread, one at a time */
#define TONGGUAN_TAKES_DIGEST 2      /* sign is given the digest (SHA-1; SM3 of Z and text), not the text */
#define TONGGUAN_PIN_PER_OPERATION 4 /* each signature needs the PIN again: one at a time, and none
                                        after one that failed for good until a person acts */

/* What put gives: each once, but for those that say otherwise. */
#define TONGGUAN_KEY_NAME 1    /* identity: what goes into KeyName, the number of the card or
                                  certificate; the certificate's serial number where none is given */
#define TONGGUAN_CERTIFICATE 2 /* identity: the signing certificate, DER */
#define TONGGUAN_SIGNATURE 3   /* sign: the value */
#define TONGGUAN_EVIDENCE 4    /* send: the other side's word for it, for people; may be left out */
#define TONGGUAN_ORIGIN 5      /* receive: where it came from, for people */
#define TONGGUAN_DELIVERY 6    /* receive: what settle is given to know it by; yours to choose */
#define TONGGUAN_OCTETS 7      /* receive: what came in. Without it, nothing has come */
#define TONGGUAN_MESSAGE 8     /* declares: a message, CEB311Message; once for each */
#define TONGGUAN_DOCUMENT 9    /* read: a document in a form that Tongguan itself reads (JSON, CSV,
                                  CEB XML; docs/plugins.md); once for each */

/* How much a log line matters. */
#define TONGGUAN_LOG_ERROR 1
#define TONGGUAN_LOG_WARN 2
#define TONGGUAN_LOG_INFO 3
#define TONGGUAN_LOG_DEBUG 4

/* Octets of somebody else. data may be NULL where size is 0. */
typedef struct tongguan_bytes {
    const uint8_t *data;
    size_t size;
} tongguan_bytes;

/* A call under way. It goes into the host's functions, until the call returns; after that, they
 * refuse it. */
typedef uint64_t tongguan_call;

/* What went wrong, told so that a person can act on it. */
typedef struct tongguan_failure {
    uint32_t size;
    uint32_t flags;          /* TONGGUAN_UNSENT, TONGGUAN_PIN_REFUSED */
    int64_t code;            /* the vendor's error code; 0 where there is none */
    tongguan_bytes function; /* the vendor's function that failed: "SKF_ECCSignData" */
    tongguan_bytes reason;   /* what is wrong, without a full stop */
    tongguan_bytes remedy;   /* what the operator should do; empty where nobody knows */
} tongguan_failure;

/* One thing wrong in a document: where it is, which field, which rule, what to do. */
typedef struct tongguan_problem {
    uint32_t size;
    uint32_t line;   /* from 1; 0 when unknown */
    uint32_t column; /* from 1; 0 when unknown */
    uint32_t reserved;
    tongguan_bytes path;     /* the place in the document */
    tongguan_bytes field_en; /* the field's English name; empty when it is not a field's */
    tongguan_bytes field_zh; /* its Chinese name */
    tongguan_bytes rule;     /* the rule's stable name: "missing" */
    tongguan_bytes text;     /* what is wrong, without a full stop */
    tongguan_bytes remedy;   /* what to do, without a full stop */
} tongguan_problem;

/* What the host does for a plugin. It lives as long as the process. All but log take the call that
 * they belong to, may be called from any thread, and answer TONGGUAN_OK, or TONGGUAN_REJECTED for
 * what they do not take: a call that is over, too much, no UTF-8 where text must be. */
typedef struct tongguan_host {
    uint32_t size;
    uint32_t abi;
    /* Gives a result. */
    int32_t (*put)(tongguan_call call, uint32_t field, tongguan_bytes value);
    /* Tells why the call is about to fail. */
    int32_t (*fail)(tongguan_call call, const tongguan_failure *failure);
    /* read: tells one thing wrong in the document. */
    int32_t (*problem)(tongguan_call call, const tongguan_problem *problem);
    /* Fetches a secret by its reference in the configuration ("env:NAME", "file:PATH") into the
     * plugin's memory, which it wipes. size is given how long it is; where that is more than
     * capacity, nothing is written and the answer is TONGGUAN_REJECTED. Where the secret cannot be
     * had, the failure of the call is told already, and the answer is its class. */
    int32_t (*secret)(tongguan_call call, tongguan_bytes reference, uint8_t *buffer,
                      size_t capacity, size_t *size);
    /* Logs a line; at any time. */
    void (*log)(uint32_t level, tongguan_bytes text);
} tongguan_host;

/* What a plugin says of itself. */
typedef struct tongguan_info {
    uint32_t size; /* how much room there is: fill in no more */
    uint32_t kind; /* TONGGUAN_SIGNER, … */
    tongguan_bytes name;    /* texts that live as long as the library */
    tongguan_bytes version;
    tongguan_bytes vendor;
    uint32_t algorithms;            /* signers: what there are keys for, in general */
    uint32_t flags;                 /* TONGGUAN_THREAD_AFFINE, … */
    uint32_t max_concurrency;       /* how many calls at once; at least 1 */
    uint32_t operations_per_minute; /* no more than these are asked for; 0: no bound */
} tongguan_info;

/* The calls of a signer. It knows nothing of XML. */
typedef struct tongguan_signer {
    uint32_t size;
    uint32_t reserved;
    /* Whom it signs as: puts CERTIFICATE, and KEY_NAME where it is not the serial number. */
    int32_t (*identity)(void *instance, tongguan_call call, uint32_t timeout_ms);
    /* Signs: puts SIGNATURE. */
    int32_t (*sign)(void *instance, tongguan_call call, uint32_t timeout_ms, uint32_t algorithm,
                    tongguan_bytes text);
} tongguan_signer;

/* An envelope on its way out. */
typedef struct tongguan_outgoing {
    uint32_t size;
    uint32_t reserved;
    tongguan_bytes cop_msg_id; /* a repeat carries the same one: derive ids and file names from it */
    tongguan_bytes message;    /* CEB311Message; for headers and file names only */
    tongguan_bytes envelope;   /* the octets */
} tongguan_outgoing;

/* The calls of a transport. It knows nothing of customs messages. receive may run beside others
 * even where max_concurrency is 1, unless the plugin is thread-affine. */
typedef struct tongguan_transport {
    uint32_t size;
    uint32_t reserved;
    /* Hands over an envelope; ends well once the other side has taken responsibility. */
    int32_t (*send)(void *instance, tongguan_call call, uint32_t timeout_ms,
                    const tongguan_outgoing *outgoing);
    /* Waits for the next delivery, for up to wait_ms: puts ORIGIN, DELIVERY, OCTETS; nothing where
     * nothing came. What is not settled comes again. */
    int32_t (*receive)(void *instance, tongguan_call call, uint32_t wait_ms);
    /* Settles a delivery: taken (it need not come again), or given back (taken is 0). */
    int32_t (*settle)(void *instance, tongguan_call call, uint32_t timeout_ms,
                      tongguan_bytes delivery, uint32_t taken);
    /* Tries both directions without carrying anything. */
    int32_t (*check)(void *instance, tongguan_call call, uint32_t timeout_ms);
} tongguan_transport;

/* A document as an enterprise hands it over. */
typedef struct tongguan_document {
    uint32_t size;
    uint32_t reserved;
    tongguan_bytes name;    /* for messages: the file's path */
    tongguan_bytes octets;  /* hostile until shown otherwise */
    tongguan_bytes message; /* the message to read it as; empty where the document tells */
} tongguan_document;

/* A receipt for one declaration. */
typedef struct tongguan_receipt {
    uint32_t size;
    uint32_t reserved;
    tongguan_bytes message; /* the declaration's message, CEB311Message */
    tongguan_bytes guid;    /* the declaration's guid */
    tongguan_bytes receipt; /* the receipt's message, CEB312Message */
    tongguan_bytes code;    /* returnStatus */
    tongguan_bytes text;    /* returnInfo, without personal data */
} tongguan_receipt;

/* The calls of a role. It turns an enterprise's own documents into ones that Tongguan reads; those
 * are checked, completed and declared as any other. */
typedef struct tongguan_role {
    uint32_t size;
    uint32_t reserved;
    /* Puts each MESSAGE that it may declare. */
    int32_t (*declares)(void *instance, tongguan_call call, uint32_t timeout_ms);
    /* Reads a document: puts DOCUMENTs; or tells every problem and answers TONGGUAN_REJECTED. */
    int32_t (*read)(void *instance, tongguan_call call, uint32_t timeout_ms,
                    const tongguan_document *document);
    /* Hears of a receipt, once or more. */
    int32_t (*on_receipt)(void *instance, tongguan_call call, uint32_t timeout_ms,
                          const tongguan_receipt *receipt);
} tongguan_role;

/* What tongguan_plugin gives. size and abi stay where they are in every version. */
typedef struct tongguan_plugin_descriptor {
    uint32_t size;
    uint32_t abi; /* TONGGUAN_ABI, as the plugin was compiled */
    /* Fills in what there is room for. Called before create, and without one. */
    int32_t (*info)(tongguan_info *info);
    /* Makes an instance from the part's table in the manifest, as JSON. */
    int32_t (*create)(tongguan_call call, uint32_t timeout_ms, const tongguan_host *host,
                      tongguan_bytes config_json, void **instance);
    /* Ends an instance: logs out, closes. No call of it is under way. */
    void (*destroy)(void *instance);
    /* The calls of its kind; NULL for the others. */
    const tongguan_signer *signer;
    const tongguan_transport *transport;
    const tongguan_role *role;
} tongguan_plugin_descriptor;

/* The one symbol that a plugin exports. What it gives lives as long as the library. */
#if defined(_WIN32)
__declspec(dllexport)
#elif defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const tongguan_plugin_descriptor *tongguan_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
