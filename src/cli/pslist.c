#include "cli/pslist.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cli/human.h"
#include "engine/record.h"
#include "store/store.h"

/* --- filters: alternatives of one key are or-ed (labels and-ed), keys are and-ed: docker's rule --------------- */

struct context {
	struct cli *c;
	const struct listed *before, *since;
	const char *image_id; /* of an ancestor=… */
};

typedef bool (*matcher)(const struct listed *p, const char *value, struct context *x);

static bool match_id(const struct listed *p, const char *value, struct context *x)
{
	return str_starts(p->id, value);
}

/* docker: the name or a regular expression for it, with or without the slash. */
static bool match_name(const struct listed *p, const char *value, struct context *x)
{
	char shown[NAME_MAX + 2];
	regex_t re;

	fmt_to(shown, sizeof(shown), "/%s", p->name);
	if (strstr(p->name, value))
		return true;
	if (regcomp(&re, value, REG_EXTENDED | REG_NOSUB))
		return false;
	bool found = !regexec(&re, shown, 0, NULL, 0) || !regexec(&re, shown + 1, 0, NULL, 0);
	regfree(&re);
	return found;
}

static bool match_label(const struct listed *p, const char *value, struct context *x)
{
	const struct rc_kv_list *l = &p->labels;
	size_t key = strcspn(value, "=");

	for (size_t i = 0; i < l->n; i++)
		if (strlen(l->v[i].key) == key && !strncmp(l->v[i].key, value, key) &&
			(!value[key] || str_eq(l->v[i].value, value + key + 1)))
			return true;
	return false;
}

static bool match_exited(const struct listed *p, const char *value, struct context *x)
{
	int64_t code;

	return parse_i64(value, INT32_MIN, INT32_MAX, &code) && p->state == CT_EXITED && p->exit_code == code;
}

static bool match_status(const struct listed *p, const char *value, struct context *x)
{
	return str_eq(value, ct_state_names[p->state]) || (str_eq(value, "stopped") && p->state == CT_EXITED);
}

static bool match_ancestor(const struct listed *p, const char *value, struct context *x)
{
	return str_eq(p->image, value) ||
		(p->image_id && (str_eq(p->image_id, x->image_id) || str_eq(p->image_id, value)));
}

static bool match_before(const struct listed *p, const char *value, struct context *x)
{
	return x->before && strcmp(p->created, x->before->created) < 0;
}

static bool match_since(const struct listed *p, const char *value, struct context *x)
{
	return x->since && strcmp(p->created, x->since->created) > 0;
}

static bool match_volume(const struct listed *p, const char *value, struct context *x)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (str_eq(p->mounts[i].source, value) || str_eq(p->mounts[i].destination, value))
			return true;
	return false;
}

static bool match_network(const struct listed *p, const char *value, struct context *x)
{
	const char *network = p->network;

	return str_eq(network ? network : "default", value);
}

static bool match_expose(const struct listed *p, const char *value, struct context *x)
{
	const struct rc_str_list *ports = &p->exposed_ports;
	size_t n = strcspn(value, "/");

	for (size_t i = 0; i < ports->n; i++)
		if (str_eq(ports->v[i], value) ||
			(!value[n] && !strncmp(ports->v[i], value, n) && str_eq(ports->v[i] + n, "/tcp")))
			return true;
	return false;
}

/* No port can be published yet. */
static bool match_publish(const struct listed *p, const char *value, struct context *x)
{
	return false;
}

static bool match_health(const struct listed *p, const char *value, struct context *x)
{
	return str_eq(value, p->has_health ? ct_health_names[p->health] : "none");
}

static bool match_is_task(const struct listed *p, const char *value, struct context *x)
{
	return str_eq(value, "false");
}

static const struct filter {
	const char *key;
	matcher match;
	bool all; /* looks at what does not run, too */
	bool each; /* every value must match, not one of them */
} filters[] = {
	{ "ancestor", match_ancestor, false, false },
	{ "before", match_before, true, false },
	{ "exited", match_exited, true, false },
	{ "expose", match_expose, false, false },
	{ "health", match_health, false, false },
	{ "id", match_id, false, false },
	{ "is-task", match_is_task, false, false },
	{ "label", match_label, false, true },
	{ "name", match_name, false, false },
	{ "network", match_network, false, false },
	{ "publish", match_publish, false, false },
	{ "since", match_since, true, false },
	{ "status", match_status, true, false },
	{ "volume", match_volume, false, false },
};

static const struct filter *find_filter(const char *text, const char **ret_value)
{
	size_t n = strcspn(text, "=");

	*ret_value = text + n + (text[n] == '=');
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		if (strlen(filters[i].key) == n && !strncmp(filters[i].key, text, n) && text[n])
			return &filters[i];
	return NULL;
}

static int check_status_word(const char *value, struct err *e)
{
	for (int i = 0; i < CT_N_STATES; i++)
		if (str_eq(ct_state_names[i], value))
			return 0;
	if (str_eq(value, "dead") || str_eq(value, "stopped"))
		return 0;
	err_set(e, ERR_USAGE, EINVAL, "invalid filter 'status=%s'", value);
	return err_hint(e, "created, running, paused, restarting, removing, exited or dead");
}

static int check_filters(const struct rc_str_list *l, bool *ret_all, struct err *e)
{
	const char *names[ARRAY_SIZE(filters)], *value;

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		names[i] = filters[i].key;
	for (size_t i = 0; i < l->n; i++) {
		const struct filter *f = find_filter(l->v[i], &value);
		char key[40];

		fmt_to(key, sizeof(key), "%.*s", (int)strcspn(l->v[i], "="), l->v[i]);
		const char *near = f ? NULL : opt_nearest(key, names, ARRAY_SIZE(names));
		if (!f) {
			err_set(e, ERR_USAGE, EINVAL, "invalid filter '%s'", l->v[i]);
			return near ? err_hint(e, "did you mean %s=VALUE?", near) : err_hint(e, "KEY=VALUE is needed");
		}
		*ret_all |= f->all;
		if (f->match == match_status && check_status_word(value, e) < 0)
			return -e->num;
	}
	return 0;
}

static bool passes(const struct listed *p, const struct rc_str_list *l, struct context *x)
{
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		bool asked = false, any = false, each = true;

		for (size_t k = 0; k < l->n; k++) {
			const char *value;

			if (find_filter(l->v[k], &value) != &filters[i])
				continue;
			bool yes = filters[i].match(p, value, x);
			asked = true;
			any |= yes;
			each &= yes;
		}
		if (asked && !(filters[i].each ? each : any))
			return false;
	}
	return true;
}

/* --- reading ------------------------------------------------------------------------------------------------ */

static int newest_first(const void *a, const void *b)
{
	const struct listed *x = *(struct listed *const *)a, *y = *(struct listed *const *)b;

	return -strcmp(x->created, y->created); /* RFC 3339 in UTC with nanoseconds sorts as text */
}

static void read_all(struct cli *c, const struct record_ids *ids, struct listing *from, struct ps_list *l)
{
	struct listed *one = NULL;

	for (size_t i = 0; i < ids->n; i++) {
		struct err e = ERR_NONE;

		one = one ? one : arena_new(&l->arena, struct listed);
		int n = one ? listing_read(from, ids->v[i], one, &e) : err_oom(&e, "the list of containers");
		if (n == 1) {
			l->v[l->n++] = one;
			one = NULL;
		}
		if (n < 0 && e.kind != ERR_NOT_FOUND)
			err_print(STDERR_FILENO, c->name, &e);
	}
}

static const struct listed *find_entry(struct cli *c, const struct ps_list *l, const char *ref, struct err *e)
{
	char id[CT_ID_LEN + 1];

	if (record_find(&c->engine, ref, id, e) < 0)
		return NULL;
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i]->id, id))
			return l->v[i];
	return NULL;
}

static int find_points(struct context *x, const struct ps_list *l, const struct rc_str_list *wanted, struct err *e)
{
	for (size_t i = 0; i < wanted->n && !e->num; i++) {
		const char *before = str_after(wanted->v[i], "before="), *since = str_after(wanted->v[i], "since=");
		const char *ancestor = str_after(wanted->v[i], "ancestor=");

		if (before)
			x->before = find_entry(x->c, l, before, e);
		if (since)
			x->since = find_entry(x->c, l, since, e);
		if (ancestor) {
			struct store_image *image = cli_image(x->c, e);
			struct store store;
			bool found = false;

			if (!image || store_open(x->c->engine.data_fd, &store, e) < 0)
				return -e->num;
			if (store_image_find(&store, ancestor, image, &found, e) < 0)
				return -e->num;
			x->image_id = found ? image->id : NULL;
		}
	}
	return -e->num;
}

/* All of them, newest first. */
static int read_list(struct cli *c, bool all, struct ps_list *ret, struct err *e)
{
	struct record_ids ids;
	struct listing from;
	int n = record_ids(&c->engine, &ids, e);

	if (n == 0) {
		n = listing_begin(&c->engine, all, &ret->arena, &from, e);
		ret->v = arena_array(&ret->arena, struct listed *, ids.n + 1);
		if (n == 0 && !ret->v)
			n = err_oom(e, "the list of containers");
		if (n == 0)
			read_all(c, &ids, &from, ret);
		listing_done(&from);
	}
	record_ids_done(&ids);
	if (n == 0)
		qsort(ret->v, ret->n, sizeof(struct listed *), newest_first);
	return n;
}

int ps_read(struct cli *c, const struct ps_want *want, struct ps_list *ret, struct err *e)
{
	struct context x = { .c = c };
	bool all = want->all;
	size_t kept = 0;

	*ret = (struct ps_list){ .arena = ARENA_INIT };
	if (check_filters(&want->filters, &all, e) < 0 || read_list(c, all, ret, e) < 0 ||
		find_points(&x, ret, &want->filters, e) < 0)
		return -e->num;
	bool *keep = arena_array(&ret->arena, bool, ret->n + 1);
	if (!keep)
		return err_oom(e, "the list of containers");
	/* A filter may look at another one: nothing goes before all were looked at. */
	for (size_t i = 0; i < ret->n; i++)
		keep[i] = passes(ret->v[i], &want->filters, &x);
	for (size_t i = 0; i < ret->n; i++)
		if (keep[i])
			ret->v[kept++] = ret->v[i];
	ret->n = kept;
	return 0;
}

void ps_done(struct ps_list *l)
{
	arena_done(&l->arena);
	*l = (struct ps_list){ .arena = ARENA_INIT };
}

int64_t ps_created(const struct listed *l)
{
	int64_t t;

	return human_parse_time(l->created, &t) ? t : 0;
}
