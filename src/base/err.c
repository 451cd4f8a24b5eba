/* The error value. Usable between clone3 and execve: no allocation, no stdio, no locale. */
#define ERR_HERE
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

static const char *describe(int num)
{
	const char *text = strerrordesc_np(num); /* a constant table, unlike strerror() */

	return text ? text : "unknown error";
}

static int set(struct err *e, enum err_kind kind, int num)
{
	assert(num > 0);
	e->num = num;
	e->kind = kind;
	e->hint[0] = '\0';
	return -num;
}

static int set_system(struct err *e, int num, const char *format, va_list ap)
{
	size_t n = fmt_v(e->msg, sizeof(e->msg), format, ap);

	fmt_to(e->msg + n, sizeof(e->msg) - n, "%s%s", n ? ": " : "", describe(num));
	return set(e, ERR_SYSTEM, num);
}

int err_sys(struct err *e, const char *format, ...)
{
	int num = errno ? errno : EIO;
	va_list ap;

	assert(!e->num);
	va_start(ap, format);
	set_system(e, num, format, ap);
	va_end(ap);
	errno = num;
	return -num;
}

int err_num(struct err *e, int num, const char *format, ...)
{
	va_list ap;

	assert(!e->num);
	va_start(ap, format);
	set_system(e, num, format, ap);
	va_end(ap);
	return -num;
}

int err_set(struct err *e, enum err_kind kind, int num, const char *format, ...)
{
	va_list ap;

	assert(!e->num);
	va_start(ap, format);
	fmt_v(e->msg, sizeof(e->msg), format, ap);
	va_end(ap);
	return set(e, kind, num);
}

int err_wrap(struct err *e, const char *format, ...)
{
	char front[512];
	va_list ap;

	assert(e->num);
	va_start(ap, format);
	size_t n = fmt_v(front, sizeof(front) - 2, format, ap);
	va_end(ap);
	front[n++] = ':';
	front[n++] = ' ';
	size_t keep = strlen(e->msg);
	if (keep > sizeof(e->msg) - 1 - n)
		keep = sizeof(e->msg) - 1 - n;
	memmove(e->msg + n, e->msg, keep);
	memcpy(e->msg, front, n);
	e->msg[n + keep] = '\0';
	return -e->num;
}

int err_hint(struct err *e, const char *format, ...)
{
	va_list ap;

	if (!e->hint[0]) {
		va_start(ap, format);
		fmt_v(e->hint, sizeof(e->hint), format, ap);
		va_end(ap);
	}
	return -e->num;
}

int err_oom(struct err *e, const char *what)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "out of memory for %s", what);
}

void err_clear(struct err *e)
{
	e->num = 0;
	e->kind = ERR_SYSTEM;
	e->msg[0] = e->hint[0] = '\0';
}

/* Foreign bytes must not reach a terminal raw (SECURITY-REQUIREMENTS 0.9). */
static size_t put_escaped(char *dst, size_t size, const char *s)
{
	size_t n = 0;

	while (*s && n + 13 < size) {
		size_t control = str_control(s);

		if (!control)
			dst[n++] = *s++;
		for (; control; control--)
			n += fmt_to(dst + n, size - n, "\\x%02x", (unsigned char)*s++);
	}
	dst[n] = '\0';
	return n;
}

void err_print(int fd, const char *program, const struct err *e)
{
	char line[4096];
	size_t n = fmt_to(line, sizeof(line), "%s: ", program);

	n += put_escaped(line + n, sizeof(line) - n - 8, e->msg);
	if (e->hint[0]) {
		n += fmt_to(line + n, sizeof(line) - n, " (");
		n += put_escaped(line + n, sizeof(line) - n - 4, e->hint);
		n += fmt_to(line + n, sizeof(line) - n, ")");
	}
	line[n++] = '\n';
	if (write(fd, line, n) < 0)
		return; /* nowhere left to say it */
}

void err_send(int fd, const struct err *e)
{
	_Static_assert(sizeof(*e) < 4096, "an error must fit into one atomic pipe write");
	ssize_t n;

	do
		n = write(fd, e, sizeof(*e));
	while (n < 0 && errno == EINTR);
}

int err_receive(int fd, bool *ret_got, struct err *e)
{
	struct err got;
	ssize_t n;

	do
		n = read(fd, &got, sizeof(got));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "read the report of a child");
	if (n != 0 && (n != sizeof(got) || got.num <= 0))
		return err_set(e, ERR_BUG, EPROTO, "a child sent a broken report of %zd bytes", n);
	if (n) {
		got.msg[sizeof(got.msg) - 1] = got.hint[sizeof(got.hint) - 1] = '\0';
		*e = got;
	}
	*ret_got = n > 0;
	return 0;
}
