#include "cli/volumefilter.h"

#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "cmdline/opt.h"

static int add_pair(struct arena *a, struct rc_kv_list *l, char *key, char *value, struct err *e)
{
	struct rc_kv *v = arena_array(a, struct rc_kv, l->n + 1);

	if (!v)
		return err_oom(e, "the command line");
	if (l->n)
		memcpy(v, l->v, l->n * sizeof(*v));
	v[l->n++] = (struct rc_kv){ key, value };
	l->v = v;
	return 0;
}

int volume_pairs(const char *what, const struct rc_str_list *given, bool need_value, struct arena *a,
	struct rc_kv_list *ret, struct err *e)
{
	static char empty[] = "";

	for (size_t i = 0; i < given->n; i++) {
		char *key = arena_dup(a, given->v[i]), *value = key ? strchr(key, '=') : NULL;
		size_t k;

		if (!key)
			return err_oom(e, "the command line");
		if (value)
			*value++ = '\0';
		if (!*key || (need_value && !value)) {
			err_set(e, ERR_USAGE, EINVAL, "invalid %s \"%.200s\"", what, given->v[i]);
			return err_hint(e, "accepted: KEY=VALUE");
		}
		for (k = 0; k < ret->n && !str_eq(ret->v[k].key, key); k++)
			;
		if (k < ret->n)
			ret->v[k].value = value ? value : empty; /* the last one counts */
		else if (add_pair(a, ret, key, value ? value : empty, e) < 0)
			return -e->num;
	}
	return 0;
}

static int read_label(const char *value, struct arena *a, struct rc_kv_list *l, struct err *e)
{
	char *key = arena_dup(a, value), *at = key ? strchr(key, '=') : NULL;

	if (!key)
		return err_oom(e, "the command line");
	if (at)
		*at++ = '\0';
	return add_pair(a, l, key, at, e);
}

static int bad_filter(const char *text, const struct volume_filter *f, struct err *e)
{
	err_set(e, ERR_USAGE, EINVAL, "invalid filter '%.200s'", text);
	return err_hint(e, "accepted: %s",
		f->prune ? "label=KEY[=VALUE], label!=KEY[=VALUE], all=true"
			 : "dangling=true|false, driver=NAME, label=KEY[=VALUE], name=TEXT");
}

static int read_one(const char *text, struct arena *a, struct volume_filter *f, struct err *e)
{
	const char *v;

	if ((v = str_after(text, "label!=")) && f->prune)
		return read_label(v, a, &f->no_labels, e);
	if ((v = str_after(text, "label=")))
		return read_label(v, a, &f->labels, e);
	if ((v = str_after(text, "all=")) && f->prune)
		return opt_bool(v, &f->all) ? 0 : bad_filter(text, f, e);
	if (f->prune)
		return bad_filter(text, f, e);
	if ((v = str_after(text, "name=")))
		return opt_list_add(a, &f->names, v, e);
	if ((v = str_after(text, "driver=")))
		return opt_list_add(a, &f->drivers, v, e);
	f->has_dangling = (v = str_after(text, "dangling=")) && opt_bool(v, &f->dangling);
	return f->has_dangling ? 0 : bad_filter(text, f, e);
}

int volume_filter_read(const struct rc_str_list *given, struct arena *a, struct volume_filter *f, struct err *e)
{
	for (size_t i = 0; i < given->n; i++)
		if (read_one(given->v[i], a, f, e) < 0)
			return -e->num;
	return 0;
}

static bool has_label(const struct volume *v, const struct rc_kv *want)
{
	const char *value = volume_record_label(&v->record, want->key);

	return value && (!want->value || str_eq(value, want->value));
}

int volume_filter_takes(
	const struct engine *en, const struct volume_filter *f, const struct volume *v, bool *ret, struct err *e)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	bool name = !f->names.n, driver = !f->drivers.n, labels = true;
	struct rc_str_list users;

	for (size_t i = 0; i < f->names.n; i++)
		name = name || strstr(v->record.name, f->names.v[i]);
	for (size_t i = 0; i < f->drivers.n; i++)
		driver = driver || str_eq(f->drivers.v[i], "local");
	for (size_t i = 0; i < f->labels.n; i++)
		labels = labels && has_label(v, &f->labels.v[i]);
	for (size_t i = 0; i < f->no_labels.n; i++)
		labels = labels && !has_label(v, &f->no_labels.v[i]);
	*ret = name && driver && labels;
	if (!*ret || !f->has_dangling)
		return 0;
	if (volume_users(en, v->record.name, &a, &users, e) < 0)
		return -e->num;
	*ret = (users.n == 0) == f->dangling;
	return 0;
}
