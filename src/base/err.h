#pragma once
/* Errors are values: one struct in the caller's storage, no allocation, no pointers, so a child can
 * send it to its parent in one atomic pipe write. See CONVENTIONS.md "Errors: one design". */
#include <stdbool.h>
#include <stddef.h>
#include "base/cleanup.h"

enum err_kind {
	ERR_SYSTEM = 0,
	ERR_USAGE,
	ERR_CONFIG,
	ERR_NOT_FOUND,
	ERR_CONFLICT,
	ERR_UNSUPPORTED,
	ERR_CORRUPT,
	ERR_BUG,
	ERR_EXEC_NOT_FOUND, /* the container's program is absent: 127 */
	ERR_EXEC_DENIED, /* it is there and cannot be executed: 126 */
};

struct err {
	int num; /* errno, > 0 when set */
	enum err_kind kind;
	char msg[2048];
	char hint[512];
};

#define ERR_NONE \
	{ \
		.num = 0 \
	}

/* err_sys - errno of the call that just failed; the message is "WHAT: strerror". Returns -errno. */
int err_sys(struct err *e, const char *format, ...) printf_like(2, 3);
/* err_num - the same with an explicit positive @num instead of errno. */
int err_num(struct err *e, int num, const char *format, ...) printf_like(3, 4);
/* err_set - an error of ours: @kind, @num > 0 (errno to branch on) and the whole message. Returns -@num. */
int err_set(struct err *e, enum err_kind kind, int num, const char *format, ...) printf_like(4, 5);
/* err_wrap - put context in front: "CONTEXT: MESSAGE". Returns -e->num. */
int err_wrap(struct err *e, const char *format, ...) printf_like(2, 3);
/* err_hint - what the user can do; the first hint stays. Returns -e->num. */
int err_hint(struct err *e, const char *format, ...) printf_like(2, 3);
/* err_oom - out of memory for @what. */
int err_oom(struct err *e, const char *what);
#if defined(__clang_analyzer__) && !defined(ERR_HERE)
/* The analyzer sees one file at a time: knowing that an error is negative, it can follow "r < 0". */
static inline int err_negative(int r)
{
	if (r >= 0)
		__builtin_unreachable();
	return r;
}
#define err_sys(...) err_negative(err_sys(__VA_ARGS__))
#define err_num(...) err_negative(err_num(__VA_ARGS__))
#define err_set(...) err_negative(err_set(__VA_ARGS__))
#define err_wrap(...) err_negative(err_wrap(__VA_ARGS__))
#define err_hint(...) err_negative(err_hint(__VA_ARGS__))
#define err_oom(...) err_negative(err_oom(__VA_ARGS__))
#else
#define err_negative(r) (r)
#endif
/* err_told - for a call whose outcome the caller reads from the call's struct err, after cleaning up. */
static inline void err_told(int result)
{
	(void)result;
}
/* err_clear - forget, to try a fallback. */
void err_clear(struct err *e);
/* err_print - one line "PROGRAM: MESSAGE (HINT)" to @fd in one write, control bytes escaped. */
void err_print(int fd, const char *program, const struct err *e);
/* err_send, err_receive - through a pipe, atomically. err_receive returns 0 when the writer closed
 * without an error (*ret_got false) or an error arrived (*ret_got true, stored in @e). */
void err_send(int fd, const struct err *e);
int err_receive(int fd, bool *ret_got, struct err *e) must_check;
