/* Detach keys. */
#include "engine/keys.h"

#include <errno.h>
#include <string.h>
#include "base/str.h"

static bool one(const char *word, size_t n, char *ret)
{
	const char *control = str_after(word, "ctrl-");

	if (n == 1) {
		*ret = *word;
		return true;
	}
	if (n != 6 || !control)
		return false;
	char c = *control;
	if (c >= 'a' && c <= 'z')
		*ret = (char)(c - 'a' + 1);
	else if (c == '@' || (c >= '[' && c <= '_'))
		*ret = (char)(c - '@');
	else
		return false;
	return true;
}

int keys_parse(const char *text, struct keys *ret, struct err *e)
{
	struct keys k = { .n = 0 };

	for (const char *p = text; *p;) {
		size_t n = *p == ',' ? 1 : strcspn(p, ",");

		if (k.n == KEYS_MAX)
			return err_set(e, ERR_USAGE, EINVAL, "detach keys %.64s: more than %d keys", text, KEYS_MAX);
		if (!one(p, n, &k.seq[k.n++])) {
			err_set(e, ERR_USAGE, EINVAL, "detach keys %.64s: \"%.*s\" is no key", text, (int)n, p);
			return err_hint(e,
				"a character or ctrl- and one of a-z @ [ \\ ] ^ _, separated by "
				"commas");
		}
		p += n;
		if (*p == ',' && p[1])
			p++;
		else if (*p)
			return err_set(e, ERR_USAGE, EINVAL, "detach keys %.64s: a key is missing", text);
	}
	*ret = k;
	return 0;
}

/* How many bytes of the sequence the last ones make, with @c behind the @matched that came: as in
 * any search for a text. */
static size_t step(const struct keys *k, char c)
{
	for (size_t len = k->matched + 1; len > 0; len--) {
		size_t from = k->matched + 1 - len;

		if (k->seq[len - 1] == c && memcmp(k->seq, k->seq + from, len - 1) == 0)
			return len;
	}
	return 0;
}

bool keys_filter(struct keys *k, const char *typed, size_t n, char *dst, size_t *ret_n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		if (!k->n) {
			dst[out++] = typed[i];
			continue;
		}
		size_t before = k->matched, now = step(k, typed[i]);
		/* Of what was held back and this one, all but the last @now go on. */
		size_t go = before + 1 - now;
		for (size_t j = 0; j < go; j++)
			dst[out++] = j < before ? k->seq[j] : typed[i];
		k->matched = now;
		if (now == k->n) {
			k->matched = 0;
			*ret_n = out;
			return true;
		}
	}
	*ret_n = out;
	return false;
}
