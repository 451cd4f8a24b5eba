#pragma once
/* The default seccomp profile: docker's effect or stricter, in tables of our own (profile_table.c
 * has the reasons). What it allows depends on the capabilities of the container's first process.
 *
 * Its filter goes by name: a document of the runtime carries the annotation PROFILE_ANNOTATION with
 * the text of profile_id(), so that neither the engine writes 400 names at each start nor the
 * runtime reads them. */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "sec/seccomp.h"

struct profile_want {
	uint64_t caps; /* bit n: capability n */
	bool socketcall; /* 32-bit x86: socketcall(2), whose socket families no filter can see */
};

/* --- the default profile ------------------------------------------------------------------------------------ */

#define PROFILE_ANNOTATION "org.tare.seccomp.default"

enum { PROFILE_ID_SIZE = 32 };
/* profile_id, profile_parse_id - "1:a80425fb", "1:a80425fb:socketcall": format, capabilities that
 * matter, exceptions. */
void profile_id(const struct profile_want *w, char dst[static PROFILE_ID_SIZE]);
bool profile_parse_id(const char *id, struct profile_want *ret) must_check;

/* profile_filter_get - its program: from the cache of seccomp_filter_get() (@root_fd), else
 * compiled and put there. End with seccomp_filter_done(). */
int profile_filter_get(int root_fd, const struct profile_want *w, struct seccomp_filter *ret, struct err *e) must_check;
/* profile_default - the same as rules; everything lives in @a. */
int profile_default(const struct profile_want *w, struct arena *a, struct rc_seccomp *ret, struct err *e) must_check;
/* profile_seccomp_json - the same as an object of runtime-spec "linux.seccomp", appended. An error
 * latches in @ret. */
void profile_seccomp_json(const struct profile_want *w, struct buf *ret);
/* profile_list - the same for people: a line for each system call with what happens, sorted,
 * appended. */
void profile_list(const struct profile_want *w, struct buf *ret);

/* --- a profile of the user's -------------------------------------------------------------------------------- */

/* profile_read - a profile in docker's format or the plain object of runtime-spec
 * (spec/seccomp_profile.h), for this machine and kernel, made into the latter and appended to @ret.
 * ERR_CONFIG with the place; @what is how messages call it. */
int profile_read(const char *text, size_t len, const char *what, uint64_t caps, struct buf *ret, struct err *e)
	must_check;
