#include "engine/merge.h"

#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "engine/mountopt.h"

static bool same_variable(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return n == strcspn(b, "=") && !memcmp(a, b, n);
}

static bool has_variable(char *const *list, size_t n, const char *variable)
{
	for (size_t i = 0; i < n; i++)
		if (same_variable(list[i], variable))
			return true;
	return false;
}

static int merge_env(struct ct_config *c, const struct image_run *image, const struct merge_ask *ask, struct err *e)
{
	size_t n_image = ask->unset_all ? 0 : image->env.n, n = 0;
	char **all = arena_array(&c->arena, char *, c->env.n + n_image + 1);

	if (!all)
		return err_oom(e, "the environment");
	for (size_t i = 0; i < c->env.n; i++) {
		const char *v = c->env.v[i];

		/* The last of several counts, at its own place. */
		if (strchr(v, '=') && !has_variable(c->env.v + i + 1, c->env.n - i - 1, v))
			all[n++] = c->env.v[i];
	}
	for (size_t i = 0; i < n_image; i++) {
		const char *v = image->env.v[i];

		if (!has_variable(c->env.v, c->env.n, v) && !has_variable(ask->unset.v, ask->unset.n, v))
			all[n++] = image->env.v[i];
	}
	c->env = (struct rc_str_list){ n ? all : NULL, n };
	return 0;
}

static void merge_program(struct ct_config *c, const struct image_run *image, const struct merge_ask *ask)
{
	if (ask->entrypoint_given)
		return;
	c->entrypoint = image->entrypoint;
	if (!c->cmd.n)
		c->cmd = image->cmd;
}

static const char *find_label(const struct rc_kv_list *l, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(l->v[i].key, key))
			return l->v[i].value;
	return NULL;
}

static int merge_labels(struct ct_config *c, const struct image_run *image, struct err *e)
{
	size_t n = 0;
	struct rc_kv *all;

	if (!image->labels.n)
		return 0;
	all = arena_array(&c->arena, struct rc_kv, image->labels.n + c->labels.n);
	if (!all)
		return err_oom(e, "labels");
	for (size_t i = 0; i < image->labels.n; i++)
		if (!find_label(&c->labels, c->labels.n, image->labels.v[i].key))
			all[n++] = image->labels.v[i];
	for (size_t i = 0; i < c->labels.n; i++)
		all[n++] = c->labels.v[i];
	c->labels = (struct rc_kv_list){ all, n };
	return 0;
}

static int merge_ports(struct ct_config *c, const struct image_run *image, struct err *e)
{
	size_t n = c->exposed_ports.n;
	char **all;

	if (!image->exposed_ports.n)
		return 0;
	all = arena_array(&c->arena, char *, n + image->exposed_ports.n + 1);
	if (!all)
		return err_oom(e, "ports");
	if (n)
		memcpy(all, c->exposed_ports.v, n * sizeof(*all));
	for (size_t i = 0; i < image->exposed_ports.n; i++) {
		bool there = false;

		for (size_t k = 0; k < n && !there; k++)
			there = str_eq(all[k], image->exposed_ports.v[i]);
		if (!there)
			all[n++] = image->exposed_ports.v[i];
	}
	c->exposed_ports = (struct rc_str_list){ all, n };
	return 0;
}

static int merge_volumes(struct ct_config *c, const struct image_run *image, struct err *e)
{
	size_t n = c->n_mounts;
	struct ct_mount *all;

	if (!image->volumes.n)
		return 0;
	all = arena_array(&c->arena, struct ct_mount, n + image->volumes.n);
	if (!all)
		return err_oom(e, "volumes");
	if (n)
		memcpy(all, c->mounts, n * sizeof(*all));
	for (size_t i = 0; i < image->volumes.n; i++) {
		bool taken = false;

		if (mountopt_image_volume(&c->arena, image->volumes.v[i], &all[n], e) < 0)
			return -e->num;
		for (size_t k = 0; k < n && !taken; k++)
			taken = str_eq(all[k].destination, all[n].destination);
		n += !taken;
	}
	c->mounts = all;
	c->n_mounts = n;
	return 0;
}

static int merge_health(struct ct_config *c, const struct image_run *image, const struct merge_ask *ask, struct err *e)
{
	static char none[] = "NONE";
	const struct ct_health *h = &image->health;

	if (ask->no_healthcheck) {
		char **test = arena_array(&c->arena, char *, 2);

		if (!test)
			return err_oom(e, "the health check");
		test[0] = none;
		c->health = (struct ct_health){ .test = { test, 1 } };
		return 0;
	}
	if (!c->health.test.n)
		c->health.test = h->test;
#define OR_IMAGE(member) c->health.member = c->health.member ? c->health.member : h->member
	OR_IMAGE(interval_ms);
	OR_IMAGE(timeout_ms);
	OR_IMAGE(start_period_ms);
	OR_IMAGE(start_interval_ms);
	OR_IMAGE(retries);
#undef OR_IMAGE
	return 0;
}

int merge_image(struct ct_config *c, const struct image_run *image, const struct merge_ask *ask, struct err *e)
{
	static const struct image_run nothing = { 0 };

	image = image ? image : &nothing;
	merge_program(c, image, ask);
	if (!c->entrypoint.n && !c->cmd.n)
		return err_set(e, ERR_USAGE, EINVAL, "no command specified");
	if (!c->user)
		c->user = image->user;
	if (!c->working_dir)
		c->working_dir = image->working_dir;
	if (!c->stop_signal)
		c->stop_signal = image->stop_signal;
	int r = merge_env(c, image, ask, e);
	if (r == 0)
		r = merge_labels(c, image, e);
	if (r == 0)
		r = merge_ports(c, image, e);
	if (r == 0)
		r = merge_volumes(c, image, e);
	return r ? r : merge_health(c, image, ask, e);
}
