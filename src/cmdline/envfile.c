#include "cmdline/envfile.h"

#include <errno.h>
#include <string.h>
#include "cmdline/opt.h"
#include "cmdline/utf8.h"

static int refuse(const char *file, size_t number, const char *why, struct err *e)
{
	return err_set(e, ERR_USAGE, EINVAL, "%s: line %zu: %s", file, number, why);
}

static int check(const char *file, size_t number, const char *line, struct err *e)
{
	size_t name = strcspn(line, "=");

	if (!name)
		return refuse(file, number, "no variable name before the =", e);
	if (strcspn(line, " \t") < name)
		return refuse(file, number, "the variable's name contains a blank", e);
	if (!utf8_valid(line))
		return refuse(file, number, "not UTF-8", e);
	return 0;
}

int envfile_parse(const char *file, const char *text, size_t len, struct arena *a, struct rc_str_list *l, struct err *e)
{
	const char *end = text + len;
	size_t number = 0;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3; /* some editors begin a file with a byte order mark */
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		const char *stop = eol ? eol : end;

		number++;
		if (stop > text && stop[-1] == '\r')
			stop--;
		if (memchr(text, '\0', (size_t)(stop - text)))
			return refuse(file, number, "contains a zero byte", e);
		while (text < stop && (*text == ' ' || *text == '\t'))
			text++;
		if (text < stop && *text != '#') {
			char *line = arena_dup_n(a, text, (size_t)(stop - text));

			if (!line)
				return err_oom(e, file);
			int r = check(file, number, line, e);
			if (r == 0)
				r = opt_list_add(a, l, line, e);
			if (r < 0)
				return r;
		}
		text = eol ? eol + 1 : end;
	}
	return 0;
}
