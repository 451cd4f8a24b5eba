/* config.json as a whole (config.md), and the smaller documents that commands read. */
#include "spec/rc.h"

#include <errno.h>
#include <string.h>
#include "base/str.h"

enum { MAX_NODENAME = 64 }; /* __NEW_UTS_LEN, uname(2) */

int rc_new_object(struct rd *r, const struct json *v, const struct rc_shape *shape, void **ret)
{
	void *obj = arena_alloc(r->arena, 1, shape->size);

	if (!obj)
		return rd_oom(r);
	*ret = obj;
	return rd_object(r, v, shape->fields, shape->n_fields, obj);
}

/* --- ociVersion --------------------------------------------------------------------------------- */

static bool number_part(const char **s)
{
	size_t n = strspn(*s, "0123456789");

	if (n == 0 || (n > 1 && **s == '0'))
		return false;
	*s += n;
	return true;
}

/* "-rc.1" or "+build.5": identifiers of letters, digits and hyphens, separated by dots, none empty.
 */
static bool label_part(const char **s, char mark, bool leading_zeros)
{
	if (**s != mark)
		return true;
	do {
		(*s)++;
		size_t n = strspn(*s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
		if (n == 0 || (!leading_zeros && n > 1 && **s == '0' && strspn(*s, "0123456789") == n))
			return false;
		*s += n;
	} while (**s == '.');
	return true;
}

static bool is_semver(const char *s)
{
	return number_part(&s) && *s++ == '.' && number_part(&s) && *s++ == '.' && number_part(&s) &&
		label_part(&s, '-', false) && label_part(&s, '+', true) && *s == '\0';
}

static int read_version(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && !is_semver(v->text))
		return rd_fail(r, NULL, NULL, "\"%.*s\" is not a version like 1.3.0", RD_Q(v->text));
	if (v->kind == JSON_KIND_STRING && !str_starts(v->text, "1."))
		return rd_fail(r, NULL, NULL, "version %.*s is not supported, every 1.x is", RD_Q(v->text));
	return rd_string(r, v, f, dst);
}

/* --- root and names ----------------------------------------------------------------------------- */

static bool is_host_root(const char *path)
{
	return path[0] == '/' && path[strspn(path, "/.")] == '\0' && !strstr(path, "...");
}

static int read_root_path(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && is_host_root(v->text))
		return rd_fail(r, NULL, NULL, "\"%.*s\" is the root of the host, name a directory", RD_Q(v->text));
	return rd_name(r, v, f, dst);
}

static int read_root(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("path", read_root_path, struct runtime_config, root_path, RD_MUST),
		RD("readonly", rd_bool, struct runtime_config, root_readonly),
	};

	((struct runtime_config *)dst)->has_root = true;
	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static int read_nodename(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && v->n > MAX_NODENAME)
		return rd_fail(r, NULL, NULL, "%u bytes long, Linux allows %d", v->n, MAX_NODENAME);
	return rd_opt_string(r, v, f, dst);
}

/* Annotations in a control name space that nothing here reads: spelt wrong or meant for another
 * runtime, and whoever wrote one counts on its effect (SECURITY-REQUIREMENTS R1.13). */
static bool is_unknown_control(const char *key)
{
	static const char *const known[] = {
		"run.oci.delegate-cgroup",
		"run.oci.hooks.stderr",
		"run.oci.hooks.stdout",
		"run.oci.keep_original_groups",
		"run.oci.mount_context_type",
		"run.oci.pidfd_receiver",
		"run.oci.seccomp.plugins",
		"run.oci.seccomp.receiver",
		"run.oci.seccomp_bpf_data",
		"run.oci.seccomp_fail_unknown_syscall",
		"run.oci.systemd.force_cgroup_v1",
		"run.oci.systemd.subgroup",
		"org.criu.config",
		"org.tare.seccomp.default",
	};

	if (!str_starts(key, "run.oci.") && !str_starts(key, "org.criu.") && !str_starts(key, "org.tare."))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(key, known[i]) == 0)
			return false;
	return true;
}

static int read_annotations(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_kv_list *list = dst;
	int rc = rd_kv_list(r, v, f, list);

	for (size_t i = 0; r->problems && i < list->n; i++) {
		struct rd_path here;

		rd_enter(r, &here, list->v[i].key, 0);
		if (is_unknown_control(list->v[i].key))
			rd_warn(r, NULL, "unknown control annotation, ignored");
		rd_leave(r, &here);
	}
	return rc;
}

static int read_all_mounts(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct runtime_config *c = dst;
	struct rc_mount_list list = { NULL, 0 };
	int rc = rc_read_mounts(r, v, f, &list);

	c->mounts = list.v;
	c->n_mounts = list.n;
	return rc;
}

static int read_linux(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct runtime_config *c = dst;

	c->has_linux = true;
	return rc_read_linux(r, v, f, &c->linux_);
}

static int read_config(struct rd *r, const struct json *v, struct runtime_config *c)
{
	static const struct rd_field fields[] = {
		RD("ociVersion", read_version, struct runtime_config, oci_version, RD_MUST),
		RD_ALL("root", read_root),
		RD("hostname", read_nodename, struct runtime_config, hostname),
		RD("domainname", read_nodename, struct runtime_config, domainname),
		RD("process", rc_read_process, struct runtime_config, process),
		RD_ALL("mounts", read_all_mounts),
		RD("hooks", rc_read_hooks, struct runtime_config, hooks),
		RD("annotations", read_annotations, struct runtime_config, annotations),
		RD_ALL("linux", read_linux),
		RD_IGNORED("vm"),
		RD_IGNORED("zos"),
		RD_IGNORED("windows"),
		RD_IGNORED("solaris"),
		RD_IGNORED("freebsd"),
	};
	int rc = rd_object(r, v, fields, ARRAY_SIZE(fields), c);

	return rc == 0 ? rc_check_together(r, c) : rc;
}

/* --- documents ---------------------------------------------------------------------------------- */

static int parse(struct rd *r, const char *text, size_t len, struct json **ret)
{
	if (json_parse(text, len, r->arena, ret, r->e) == 0)
		return 0;
	return err_wrap(r->e, "%s", r->doc);
}

int runtime_config_read(const char *text, size_t len, struct rc_problems *problems, bool collect_errors,
	struct runtime_config *ret, struct err *e)
{
	struct runtime_config c = { .arena = ARENA_INIT };
	struct rd r = { .arena = &c.arena,
		.doc = "config.json",
		.problems = problems,
		.collect = collect_errors && problems,
		.e = e };
	struct json *v;
	int rc = parse(&r, text, len, &v);

	if (rc == 0)
		rc = rd_end(&r, read_config(&r, v, &c));
	if (rc < 0)
		arena_done(&c.arena);
	else
		*ret = c;
	return rc;
}

int runtime_config_examine(
	const char *text, size_t len, struct rc_problems *problems, struct runtime_config *ret, struct err *e)
{
	struct runtime_config c = { .arena = ARENA_INIT };
	struct rd r = { .arena = &c.arena, .doc = "config.json", .problems = problems, .collect = true, .e = e };
	struct json *v;
	int rc = parse(&r, text, len, &v);

	if (rc == 0) {
		rc = rd_end(&r, read_config(&r, v, &c));
		if (rc < 0 && r.n_errors > 0) {
			err_clear(e);
			rc = 0;
		}
	}
	if (rc < 0)
		arena_done(&c.arena);
	else
		*ret = c;
	return rc;
}

void runtime_config_done(struct runtime_config *c)
{
	if (!c)
		return;
	arena_done(&c->arena);
	*c = (struct runtime_config){ .arena = ARENA_INIT };
}

int rc_process_read(const char *text, size_t len, struct rc_problems *problems, struct arena *arena,
	struct rc_process **ret, struct err *e)
{
	struct rd r = { .arena = arena, .doc = "process", .problems = problems, .e = e };
	struct rc_process *p = NULL;
	struct json *v;
	int rc = parse(&r, text, len, &v);

	if (rc == 0)
		rc = rd_end(&r, rc_read_process(&r, v, NULL, &p));
	if (rc == 0)
		*ret = p;
	return rc;
}

int rc_resources_read(const char *text, size_t len, struct arena *arena, struct rc_resources **ret, struct err *e)
{
	struct rd r = { .arena = arena, .doc = "resources", .e = e };
	struct rc_resources *res = NULL;
	struct json *v;
	int rc = parse(&r, text, len, &v);

	if (rc == 0)
		rc = rd_end(&r, rc_read_resources(&r, v, NULL, &res));
	if (rc == 0)
		*ret = res;
	return rc;
}

int rc_mounts_read(
	const char *text, size_t len, struct arena *arena, struct rc_mount **ret, size_t *ret_n, struct err *e)
{
	struct rd r = { .arena = arena, .doc = "mounts", .e = e };
	struct rc_mount_list list = { NULL, 0 };
	struct json *v;
	int rc = parse(&r, text, len, &v);

	if (rc == 0)
		rc = rd_end(&r, rc_read_mounts(&r, v, NULL, &list));
	if (rc < 0)
		return rc;
	*ret = list.v;
	*ret_n = list.n;
	return 0;
}

const char *rc_annotation(const struct runtime_config *c, const char *key)
{
	for (size_t i = 0; i < c->annotations.n; i++)
		if (str_eq(c->annotations.v[i].key, key))
			return c->annotations.v[i].value;
	return NULL;
}
