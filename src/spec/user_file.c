#include "spec/user_file.h"

#include <string.h>
#include "base/str.h"

enum { MAX_FIELDS = 7 };

struct user_file user_file(const char *text, size_t n)
{
	return (struct user_file){ text, text ? text + n : text };
}

/* The fields of the next line between colons: *ret_n of them; more than MAX_FIELDS count as one too
 * many. */
static bool next_line(struct user_file *f, struct user_text v[static MAX_FIELDS], size_t *ret_n)
{
	while (f->at < f->end) {
		const char *line = f->at, *nl = memchr(line, '\n', (size_t)(f->end - line));
		const char *end = nl ? nl : f->end;

		f->at = nl ? nl + 1 : f->end;
		/* A NUL would end the name for others that read it. */
		if (line == end || *line == '#' || end - line > USER_LINE_MAX ||
			memchr(line, '\0', (size_t)(end - line)))
			continue;
		*ret_n = 0;
		for (const char *p = line; p && *ret_n <= MAX_FIELDS;) {
			const char *colon = memchr(p, ':', (size_t)(end - p));

			if (*ret_n < MAX_FIELDS)
				v[*ret_n] = (struct user_text){ p, (size_t)((colon ? colon : end) - p) };
			++*ret_n;
			p = colon ? colon + 1 : NULL;
		}
		return true;
	}
	return false;
}

static bool id(struct user_text t, uint32_t *ret)
{
	uint64_t v;

	if (!parse_u64_n(t.s, t.n, UINT32_MAX - 1, &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool user_file_passwd(struct user_file *f, struct user_passwd *ret)
{
	struct user_text v[MAX_FIELDS];
	size_t n;

	while (next_line(f, v, &n)) {
		*ret = (struct user_passwd){ .name = v[0] };
		if (n < 4 || n > MAX_FIELDS || v[0].n == 0 || !id(v[2], &ret->uid) || !id(v[3], &ret->gid))
			continue;
		if (n > 5)
			ret->home = v[5];
		if (n > 6)
			ret->shell = v[6];
		return true;
	}
	return false;
}

bool user_file_group(struct user_file *f, struct user_group *ret)
{
	struct user_text v[MAX_FIELDS];
	size_t n;

	while (next_line(f, v, &n)) {
		*ret = (struct user_group){ .name = v[0] };
		if (n < 3 || n > 4 || v[0].n == 0 || !id(v[2], &ret->gid))
			continue;
		if (n > 3)
			ret->members = v[3];
		return true;
	}
	return false;
}

bool user_text_is(struct user_text t, const char *s)
{
	return strlen(s) == t.n && memcmp(t.s, s, t.n) == 0;
}

bool user_list_has(struct user_text list, const char *name)
{
	for (const char *p = list.s, *end = p ? p + list.n : NULL; p && p < end;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		struct user_text word = { p, (size_t)((comma ? comma : end) - p) };

		if (user_text_is(word, name))
			return true;
		p = comma ? comma + 1 : NULL;
	}
	return false;
}
