/* --limits "bytes=20g,files=1000000": what one image may take, each with a default that real images do not reach. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "fetch/fetch.h"

static const struct {
	const char *name;
	bool (*parse)(const char *text, uint64_t *ret);
	size_t at;
	uint64_t min, max;
	const char *form;
} limits[] = {
	{ "bytes", parse_size, offsetof(struct fetch, limits.max_bytes), 1, INT64_MAX, "a size as 64g" },
	{ "files", parse_size, offsetof(struct fetch, limits.max_inodes), 1, INT64_MAX, "a number" },
	{ "empty-files", parse_size, offsetof(struct fetch, limits.max_empty), 1, INT64_MAX, "a number" },
	{ "ratio", parse_size, offsetof(struct fetch, source_limits.max_ratio), 2, 1000000, "2 to 1000000" },
	{ "time", parse_duration_ms, offsetof(struct fetch, max_ms), 1, UINT64_C(1) << 41, "a time as 30m" },
};

static int set_one(struct fetch *f, const char *name, const char *value, struct err *e)
{
	uint64_t n;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (!str_eq(name, limits[i].name))
			continue;
		if (!limits[i].parse(value, &n) || n < limits[i].min || n > limits[i].max)
			return err_set(
				e, ERR_USAGE, EINVAL, "limit %s: \"%.64s\" is not %s", name, value, limits[i].form);
		*(uint64_t *)(void *)((char *)f + limits[i].at) = n;
		f->source_limits.max_bytes = f->limits.max_bytes;
		return 0;
	}
	return err_set(e, ERR_USAGE, EINVAL,
		"limit \"%.64s\" is unknown; bytes, files, empty-files, ratio and time are known", name);
}

int fetch_limits(struct fetch *f, const char *text, struct err *e)
{
	char part[128];

	while (*text) {
		size_t n = strcspn(text, ",");

		if (!fmt_fits(part, sizeof(part), "%.*s", (int)n, text))
			return err_set(e, ERR_USAGE, E2BIG, "limit \"%.64s…\" is too long", text);
		char *equals = strchr(part, '=');
		if (!equals)
			return err_set(e, ERR_USAGE, EINVAL, "limit \"%.64s\" is not NAME=VALUE", part);
		*equals = '\0';
		if (set_one(f, part, equals + 1, e) < 0)
			return -e->num;
		text += n + (text[n] == ',');
	}
	return 0;
}
