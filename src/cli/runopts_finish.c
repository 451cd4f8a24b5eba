/* After the command line of `run` and `create` was read: files, this process's environment, and
 * what contradicts itself. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/str.h"
#include "cli/runopts.h"
#include "cmdline/envfile.h"
#include "cmdline/utf8.h"
#include "engine/mountopt.h"
#include "engine/record.h"
#include "engine/security.h"
#include "sys/io.h"
#include "sys/path.h"

enum { MAX_FILE_BYTES = 1 << 20 };

static int read_file(const char *path, struct arena *a, struct rc_str_list *l, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	auto_fd int fd = path_open_host(path, O_RDONLY, 0, e);

	if (fd < 0)
		return fd;
	int r = io_read_all(fd, MAX_FILE_BYTES, &b, e);
	if (r < 0)
		return err_wrap(e, "%s", path);
	return b.len ? envfile_parse(path, b.data, b.len, a, l, e) : 0;
}

static const char *here(const char *name)
{
	size_t n = strlen(name);

	for (char **v = environ; *v; v++)
		if (!strncmp(*v, name, n) && (*v)[n] == '=')
			return *v;
	return NULL;
}

static int add_variable(struct run_opts *o, struct rc_str_list *l, const char *v, struct err *e)
{
	if (!*v || *v == '=')
		return err_set(e, ERR_USAGE, EINVAL, "invalid environment variable: %s", v);
	if (!strchr(v, '=') && here(v))
		v = here(v); /* without a value: ours; when we have none either, the image's goes */
	if (!utf8_valid(v))
		return err_set(e, ERR_USAGE, EILSEQ, "environment variable %.*s: not UTF-8", (int)strcspn(v, "="), v);
	return opt_list_add(&o->c.arena, l, v, e);
}

/* Later ones win: this environment, files, -e. */
static int environment(struct run_opts *o, struct err *e)
{
	struct rc_str_list from_files = { 0 }, all = { 0 };
	int r = 0;

	for (char **v = environ; o->env_host && *v && r == 0; v++)
		if (strchr(*v, '=') && **v != '=' && utf8_valid(*v))
			r = opt_list_add(&o->c.arena, &all, *v, e);
	for (size_t i = 0; i < o->env_files.n && r == 0; i++)
		r = read_file(o->env_files.v[i], &o->c.arena, &from_files, e);
	for (size_t i = 0; i < from_files.n && r == 0; i++)
		if (strchr(from_files.v[i], '=') || here(from_files.v[i]))
			r = add_variable(o, &all, from_files.v[i], e);
	for (size_t i = 0; i < o->env.n && r == 0; i++)
		r = add_variable(o, &all, o->env.v[i], e);
	o->c.env = all;
	return r;
}

static int add_label(struct run_opts *o, const char *text, struct err *e)
{
	struct rc_kv_list *l = &o->c.labels;
	size_t key = strcspn(text, "=");
	struct rc_kv one = { arena_dup_n(&o->c.arena, text, key), (char *)text + key + (text[key] == '=') };

	if (!key)
		return err_set(e, ERR_USAGE, EINVAL, "invalid label \"%s\": the key is empty", text);
	if (!one.key)
		return err_oom(e, "labels");
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i].key, one.key)) {
			l->v[i] = one;
			return 0;
		}
	struct rc_kv *all = arena_array(&o->c.arena, struct rc_kv, l->n + 1);
	if (!all)
		return err_oom(e, "labels");
	if (l->n)
		memcpy(all, l->v, l->n * sizeof(*all));
	all[l->n++] = one;
	l->v = all;
	return 0;
}

static int labels(struct run_opts *o, struct err *e)
{
	struct rc_str_list from_files = { 0 };
	int r = 0;

	for (size_t i = 0; i < o->label_files.n && r == 0; i++)
		r = read_file(o->label_files.v[i], &o->c.arena, &from_files, e);
	for (size_t i = 0; i < from_files.n && r == 0; i++)
		r = add_label(o, from_files.v[i], e);
	for (size_t i = 0; i < o->labels.n && r == 0; i++)
		r = add_label(o, o->labels.v[i], e);
	return r;
}

static int absolute(struct run_opts *o, char **path, struct err *e)
{
	char dst[PATH_MAX];

	if (!*path)
		return 0;
	int r = path_absolute(*path, dst, e);
	if (r < 0)
		return r;
	*path = arena_dup(&o->c.arena, dst);
	return *path ? 0 : err_oom(e, "a path");
}

static int conflict(struct err *e, const char *text)
{
	return err_set(e, ERR_USAGE, EINVAL, "%s", text);
}

static int check_memory(const struct ct_config *c, struct err *e)
{
	if (c->memory_swap > 0 && !c->memory)
		return conflict(e,
			"You should always set the Memory limit when using Memoryswap limit, see "
			"usage");
	if (c->memory_swap > 0 && c->memory_swap < c->memory)
		return conflict(e, "Minimum memoryswap limit should be larger than memory limit, see usage");
	if (c->memory && c->memory_reservation > c->memory)
		return conflict(e,
			"Minimum memory limit can not be less than memory reservation limit, see "
			"usage");
	if (c->nano_cpus && c->cpu_period)
		return conflict(e, "Conflicting options: Nano CPUs and CPU Period cannot both be set");
	if (c->nano_cpus && c->cpu_quota)
		return conflict(e, "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
	return 0;
}

static int check_network(const struct run_opts *o, struct err *e)
{
	const struct ct_config *c = &o->c;
	bool host = str_eq(c->network, "host"), shared = str_starts(c->network ? c->network : "", "container:");

	if (shared && c->hostname)
		return conflict(e, "conflicting options: hostname and the network mode");
	if (shared && (c->dns.n || c->extra_hosts.n))
		return conflict(e, "conflicting options: dns or add-host and the network mode");
	if (str_eq(c->uts_mode, "host") && c->hostname)
		return conflict(e, "conflicting options: hostname and the UTS mode");
	for (size_t i = 0; i < c->extra_hosts.n; i++)
		if (!host && str_ends(c->extra_hosts.v[i], ":host-gateway")) {
			err_set(e, ERR_UNSUPPORTED, ENOTSUP,
				"--add-host %s: this build has no bridge networks yet, so no "
				"gateway",
				c->extra_hosts.v[i]);
			return err_hint(e, "with --network host it is 127.0.0.1");
		}
	if (!o->ports_given && !o->publish_all)
		return 0;
	if (host) {
		log_warn("Published ports are discarded when using host network mode");
		return 0;
	}
	err_set(e, ERR_UNSUPPORTED, ENOTSUP,
		"--publish: this build has no bridge networks yet, so there is nothing to forward "
		"to");
	return err_hint(e, "with --network host the program's ports are open as they are");
}

static int check_rest(const struct run_opts *o, struct err *e)
{
	const struct ct_config *c = &o->c;

	if (c->auto_remove && c->restart != CT_RESTART_NO)
		return conflict(e, "Conflicting options: --restart and --rm");
	if (o->detach && o->attach.n)
		return conflict(e, "Conflicting options: -a and -d");
	if (o->merge.no_healthcheck && o->health_given)
		return conflict(e, "--no-healthcheck conflicts with --health-* options");
	if (str_eq(o->pull, "always")) {
		err_set(e, ERR_UNSUPPORTED, ENOTSUP, "--pull always: this build has no registries yet");
		return err_hint(e, "tare load takes archives");
	}
	return 0;
}

/* With --network host the host is the gateway. */
static int resolve_gateway(struct ct_config *c, struct err *e)
{
	for (size_t i = 0; i < c->extra_hosts.n; i++) {
		char *entry = c->extra_hosts.v[i];

		if (!str_ends(entry, ":host-gateway"))
			continue;
		c->extra_hosts.v[i] = arena_printf(&c->arena, "%.*s:127.0.0.1", (int)strcspn(entry, ":"), entry);
		if (!c->extra_hosts.v[i])
			return err_oom(e, "--add-host");
	}
	return 0;
}

static int attachments(struct run_opts *o)
{
	struct ct_config *c = &o->c;

	c->attach_stdout = c->attach_stderr = !o->attach.n && !o->detach;
	c->attach_stdin = c->open_stdin && !o->attach.n && !o->detach;
	for (size_t i = 0; i < o->attach.n; i++) {
		c->attach_stdin |= !strcasecmp(o->attach.v[i], "stdin");
		c->attach_stdout |= !strcasecmp(o->attach.v[i], "stdout");
		c->attach_stderr |= !strcasecmp(o->attach.v[i], "stderr");
	}
	c->open_stdin |= c->attach_stdin;
	c->stdin_once = c->attach_stdin; /* docker: the end of this client's input is the end of the
					    program's */
	return 0;
}

int runopts_finish(struct run_opts *o, struct err *e)
{
	int r = environment(o, e);

	if (r == 0)
		r = labels(o, e);
	if (r == 0)
		r = absolute(o, &o->c.cidfile, e);
	if (r == 0)
		r = absolute(o, &o->c.pidfile, e);
	if (r == 0)
		r = absolute(o, &o->c.rootfs, e);
	if (r == 0 && o->entrypoint && *o->entrypoint)
		r = opt_list_add(&o->c.arena, &o->c.entrypoint, o->entrypoint, e);
	if (r == 0)
		r = attachments(o);
	if (r == 0)
		r = check_memory(&o->c, e);
	if (r == 0)
		r = check_network(o, e);
	if (r == 0)
		r = check_rest(o, e);
	if (r == 0)
		r = resolve_gateway(&o->c, e);
	return r ? r : security_check(&o->c, e);
}

static int mounts_of(const struct engine *en, struct run_opts *o, const char *text, struct err *e)
{
	const char *colon = strchr(text, ':');
	bool read_only = str_eq(colon, ":ro");
	struct record r = RECORD_INIT;
	int rc;

	if (colon && !read_only && !str_eq(colon, ":rw"))
		return err_set(e, ERR_USAGE, EINVAL, "--volumes-from %s: use CONTAINER[:ro|:rw]", text);
	const char *ref = colon ? arena_dup_n(&o->c.arena, text, (size_t)(colon - text)) : text;
	if (!ref)
		return err_oom(e, "--volumes-from");
	rc = record_open(en, ref, &r, e);
	for (size_t i = 0; rc == 0 && i < r.config.n_mounts; i++) {
		struct ct_mount m = r.config.mounts[i];

		if (m.type == CT_MOUNT_TMPFS || mountopt_has(&o->c, m.destination))
			continue;
		m.source = arena_dup(&o->c.arena, m.source);
		m.destination = arena_dup(&o->c.arena, m.destination);
		m.propagation = m.propagation ? arena_dup(&o->c.arena, m.propagation) : NULL;
		m.read_only |= read_only;
		m.anonymous = false; /* it belongs to the other one */
		m.no_copy = true;
		rc = m.source && m.destination ? mountopt_add(&o->c, &m, e) : err_oom(e, "--volumes-from");
	}
	record_done(&r);
	return rc < 0 ? err_wrap(e, "--volumes-from %s", text) : 0;
}

int runopts_volumes_from(const struct engine *en, struct run_opts *o, struct err *e)
{
	for (size_t i = 0; i < o->volumes_from.n; i++) {
		int r = mounts_of(en, o, o->volumes_from.v[i], e);

		if (r < 0)
			return r;
	}
	return 0;
}
