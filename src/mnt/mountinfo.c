/* mountinfo lines. Guarantees: foreign text (mount points, sources, options may hold anything) is split in
 * place without growing, and a line of another form is refused. */
#include "mnt/mountinfo.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include "base/str.h"

enum { BLOCK = 16384, MAX_LINE = 1 << 20 };

/* The kernel writes blank, tab, newline, backslash and # as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
			s[3] <= '7') {
			char c = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));

			if (c) { /* a NUL would cut the text: leave it as written */
				*to++ = c;
				s += 4;
				continue;
			}
		}
		*to++ = *s++;
	}
	*to = '\0';
}

/* The next field, ended by one blank; NULL when there is none. */
static char *field(char **at)
{
	char *s = *at;

	if (!s)
		return NULL;
	char *blank = strchr(s, ' ');
	if (blank)
		*blank = '\0';
	*at = blank ? blank + 1 : NULL;
	return s;
}

static bool number(const char *s, size_t n, unsigned *ret)
{
	uint64_t v;

	if (!s || !parse_u64_n(s, n, UINT32_MAX, &v))
		return false;
	*ret = (unsigned)v;
	return true;
}

static bool number_field(char **at, unsigned *ret)
{
	const char *s = field(at);

	return s && number(s, strlen(s), ret);
}

static bool device_field(char **at, struct mountinfo *m)
{
	const char *s = field(at), *colon = s ? strchr(s, ':') : NULL;

	return colon && number(s, (size_t)(colon - s), &m->major) && number(colon + 1, strlen(colon + 1), &m->minor);
}

/* Optional fields up to the "-": unknown ones are skipped, as proc_pid_mountinfo(5) wants it. */
static bool optional_fields(char **at, struct mountinfo *m)
{
	const char *s, *v;
	bool ok = true;

	while ((s = field(at)) && strcmp(s, "-") != 0) {
		if ((v = str_after(s, "shared:")))
			ok = ok && number(v, strlen(v), &m->shared);
		else if ((v = str_after(s, "master:")))
			ok = ok && number(v, strlen(v), &m->master);
		else if ((v = str_after(s, "propagate_from:")))
			ok = ok && number(v, strlen(v), &m->propagate_from);
		else if (strcmp(s, "unbindable") == 0)
			m->unbindable = true;
	}
	return ok && s;
}

bool mountinfo_parse(char *line, struct mountinfo *ret)
{
	struct mountinfo m = { 0 };
	char *at = line;

	if (!number_field(&at, &m.id) || !number_field(&at, &m.parent) || !device_field(&at, &m))
		return false;
	char *root = field(&at), *mountpoint = field(&at);
	m.options = field(&at);
	if (!m.options || !optional_fields(&at, &m))
		return false;
	char *fstype = field(&at), *source = field(&at);
	if (!source || !at)
		return false;
	m.super_options = at;
	unescape(root);
	unescape(mountpoint);
	unescape(fstype);
	unescape(source);
	m.root = root;
	m.mountpoint = mountpoint;
	m.fstype = fstype;
	m.source = source;
	*ret = m;
	return true;
}

/* Hand the whole lines of @b to @fn and keep the rest. *ret_more is false when @fn has enough. */
static int consume(
	struct buf *b, bool (*fn)(const struct mountinfo *, void *), void *arg, bool *ret_more, struct err *e)
{
	char *line = b->data, *newline;
	struct mountinfo m;

	while (*ret_more && (newline = memchr(line, '\n', (size_t)(b->data + b->len - line)))) {
		*newline = '\0';
		if (!mountinfo_parse(line, &m))
			return err_set(e, ERR_CORRUPT, EPROTO, "mountinfo has a line of unknown form");
		*ret_more = fn(&m, arg);
		line = newline + 1;
	}
	b->len -= (size_t)(line - b->data);
	memmove(b->data, line, b->len);
	return 0;
}

int mountinfo_each(int fd, bool (*fn)(const struct mountinfo *m, void *arg), void *arg, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	bool more = true;

	while (more) {
		char *p = buf_reserve(&b, BLOCK);

		if (!p)
			return err_oom(e, "mountinfo");
		ssize_t n = read(fd, p, BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read mountinfo");
		if (n == 0)
			return b.len ? err_set(e, ERR_CORRUPT, EPROTO, "mountinfo ends within a line") : 0;
		b.len += (size_t)n;
		int r = consume(&b, fn, arg, &more, e);
		if (r < 0)
			return r;
		if (b.len > MAX_LINE)
			return err_set(e, ERR_CORRUPT, EFBIG, "mountinfo has a line of over %d bytes", MAX_LINE);
	}
	return 0;
}
