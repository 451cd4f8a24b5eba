#pragma once
/* Numbers out of cgroup files, for stats_v1.c and stats_v2.c. What cannot be read counts as 0. */
#include "base/buf.h"
#include "cg/tree.h"

struct stats_of {
	const struct cg_host *h;
	const char *path;
	struct buf *out;
};

enum { STATS_TEXT_SIZE = 16384 };

/* stats_text - the file's text, "" if it is not there; false then. */
bool stats_text(const struct stats_of *s, int hier, const char *file, char dst[static STATS_TEXT_SIZE]);
/* stats_u64 - a file with one number; "max" is UINT64_MAX. */
uint64_t stats_u64(const struct stats_of *s, int hier, const char *file);
/* stats_key - the number after "KEY " in @text. */
uint64_t stats_key(const char *text, const char *key);
/* stats_raw - "KEY NUMBER" lines as members of an object, with its braces. */
void stats_raw(struct buf *out, const char *text);
/* stats_list - "0-2,5" as a JSON array. */
void stats_list(struct buf *out, const char *text);
/* stats_numbers - "1 2 3" as a JSON array. */
void stats_numbers(struct buf *out, const char *text);
/* stats_psi - append ,"psi":{…} from FILE of the unified hierarchy if there is one. cgroup-v2.rst "pressure". */
void stats_psi(const struct stats_of *s, const char *file);

struct stats_entry {
	uint64_t limit, usage, max, failcnt;
};
/* stats_put_entry - "NAME":{"limit":…}, with @before in front. */
void stats_put_entry(struct buf *out, const char *before, const char *name, const struct stats_entry *e);

void stats_v1_cpu(const struct stats_of *s);
void stats_v1_cpuset(const struct stats_of *s);
void stats_v1_memory(const struct stats_of *s);
void stats_v1_blkio(const struct stats_of *s);
void stats_v2_cpu(const struct stats_of *s);
void stats_v2_cpuset(const struct stats_of *s);
void stats_v2_memory(const struct stats_of *s);
void stats_v2_io(const struct stats_of *s);
