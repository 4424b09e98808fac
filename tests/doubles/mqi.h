/* The structures of the MQI, for the double of it: the fields that IBM's reference lists, in the names that
 * this double likes. */
#pragma once

#include <stdint.h>

typedef int32_t L;

typedef struct {
    char id[4];
    L version, report, type, expiry, feedback, encoding, ccsid;
    char format[8];
    L priority, persistence;
    unsigned char message[24], correlation[24];
    L backout;
    char reply_queue[48], reply_manager[48], user[12];
    unsigned char accounting[32];
    char identity[32];
    L application_type;
    char application[28], date[8], time[8], origin[4];
    /* version 2 */
    unsigned char group[24];
    L sequence, offset, flags, original_length;
} descriptor;

typedef struct {
    char id[4];
    L version, type;
    char name[48], manager[48], dynamic[48], alternate[12];
} object;

typedef struct {
    char id[4];
    L version, options, timeout, context, known, unknown, invalid;
    char queue[48], manager[48];
} putting;

typedef struct {
    char id[4];
    L version, options, wait, signal1, signal2;
    char queue[48];
    /* version 2 */
    L match;
    char group_status, segment_status, segmentation, reserved;
} getting;

typedef struct {
    char id[4];
    L version, kind;
    unsigned char reserved1[4];
    char *user;
    L user_offset, user_length;
    unsigned char reserved2[8];
    char *password;
    L password_offset, password_length;
} security;

typedef struct {
    char id[4];
    L version;
    char repository[256], hardware[256];
    L infos, info_offset;
    void *info;
    L resets, fips, suite_b[4], policy;
    char label[64];
    char *password;
    L password_offset, password_length;
} tls_options;

typedef struct {
    char name[20];
    L version, type, transport;
    char description[64], manager[48], transmission[48], short_connection[20], mca[20], mode[8], tp[64];
    L batch, disconnect, short_count, short_interval, long_count, long_interval;
    char security_exit[128], message_exit[128], send_exit[128], receive_exit[128];
    L wrap, longest, authority, conversion;
    char security_data[32], message_data[32], send_data[32], receive_data[32];
    char user[12], password[12], mca_user[12];
    L mca_type;
    char connection[264], remote_user[12], remote_password[12];
    char retry_exit[128], retry_data[32];
    L retry_count, retry_interval;
    L heartbeat, batch_interval, speed, length, exit_name_length, exit_data_length;
    L message_exits, send_exits, receive_exits;
    void *message_exits_at, *message_data_at, *send_exits_at, *send_data_at, *receive_exits_at, *receive_data_at;
    void *clusters_at;
    L clusters, network_priority;
    L long_mca_length, long_remote_length;
    void *long_mca, *long_remote;
    unsigned char mca_security[40], remote_security[40];
    char cipher[32];
    char *peer;
    L peer_length, client_auth, keep_alive;
    char local_address[48];
    L batch_heartbeat;
    L header_compression[2], message_compression[16], rank, clwl_priority, weight, monitoring, statistics;
    L sharing, properties, instances, instances_per_client, client_weight, affinity;
} channel;

typedef struct {
    char id[4];
    L version, options;
    L channel_offset;
    channel *channel_at;
    unsigned char tag[128];
    tls_options *tls;
    L tls_offset;
    unsigned char connection[24];
    L security_offset;
    security *security_at;
} connecting;

/* MQMD_LENGTH_1 and _2, MQOD_LENGTH_1 … of IBM's headers, for 64 bits. */
_Static_assert(sizeof(descriptor) == 364, "MQMD");
_Static_assert(sizeof(object) == 168, "MQOD");
_Static_assert(sizeof(putting) == 128, "MQPMO");
_Static_assert(sizeof(getting) == 80, "MQGMO");
_Static_assert(sizeof(security) == 56, "MQCSP");
_Static_assert(sizeof(tls_options) == 648, "MQSCO");
_Static_assert(sizeof(channel) == 1912, "MQCD");
_Static_assert(sizeof(connecting) == 200, "MQCNO");
