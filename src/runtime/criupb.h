#pragma once
/* The few protobuf messages that criu's service speaks, criu images/rpc.proto (stable since criu 3.0): numbers of
 * fields are its interface. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"

enum criu_type {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};

/* Fields of criu_opts that we set. */
enum criu_opt {
	CRIU_IMAGES_DIR_FD = 1,
	CRIU_PID = 2,
	CRIU_LEAVE_RUNNING = 3,
	CRIU_EXT_UNIX_SK = 4,
	CRIU_TCP_ESTABLISHED = 5,
	CRIU_EVASIVE_DEVICES = 6,
	CRIU_SHELL_JOB = 7,
	CRIU_FILE_LOCKS = 8,
	CRIU_LOG_LEVEL = 9,
	CRIU_LOG_FILE = 10,
	CRIU_PAGE_SERVER = 11,
	CRIU_NOTIFY_SCRIPTS = 12,
	CRIU_ROOT = 13,
	CRIU_PARENT_IMG = 14,
	CRIU_TRACK_MEM = 15,
	CRIU_AUTO_DEDUP = 16,
	CRIU_WORK_DIR_FD = 17,
	CRIU_LINK_REMAP = 18,
	CRIU_EXT_MNT = 23,
	CRIU_MANAGE_CGROUPS = 24,
	CRIU_CG_ROOT = 25,
	CRIU_RST_SIBLING = 26,
	CRIU_INHERIT_FD = 27,
	CRIU_CGROUPS_MODE = 34,
	CRIU_EXTERNAL = 37,
	CRIU_EMPTY_NS = 38,
	CRIU_JOIN_NS = 39,
	CRIU_FREEZE_CGROUP = 44,
	CRIU_TCP_SKIP_IN_FLIGHT = 46,
	CRIU_LAZY_PAGES = 48,
	CRIU_STATUS_FD = 49,
	CRIU_ORPHAN_PTS_MASTER = 50,
	CRIU_CONFIG_FILE = 51,
	CRIU_TCP_CLOSE = 52,
	CRIU_LSM_PROFILE = 53,
	CRIU_LSM_MOUNT_CONTEXT = 63,
	CRIU_NETWORK_LOCK = 64,
};

/* pb_int, pb_str, pb_bytes - append field @n. pb_int is for every integer, bool and enum; negative ones as int64. */
void pb_int(struct buf *b, unsigned n, int64_t v);
void pb_str(struct buf *b, unsigned n, const char *s);
void pb_bytes(struct buf *b, unsigned n, const void *data, size_t len);
/* pb_pair - a message of two strings (fields 1 and 2) as field @n. */
void pb_pair(struct buf *b, unsigned n, const char *one, const char *two);

struct criu_answer {
	uint64_t type;
	bool success;
	char script[64]; /* of a notification */
	pid_t pid; /* of a notification, or of the restored process */
	int cr_errno;
	char message[512]; /* cr_errmsg, criu 3.11 */
	bool mem_track, lazy_pages; /* of a feature check */
	int version; /* 40201 for 4.2.1 */
};

/* criu_answer_parse - a criu_resp message; unknown fields are skipped. False: malformed. */
bool criu_answer_parse(const void *data, size_t len, struct criu_answer *ret) must_check;
