/* Device nodes, device rules and network devices. */
#include "spec/rc.h"

#include <net/if.h>
#include <string.h>
#include <sys/stat.h>
#include "base/fmt.h"
#include "base/str.h"

/* --- nodes -------------------------------------------------------------------------------------- */

static const struct rd_word node_words[] = {
	{ "c", 'c' },
	{ "b", 'b' },
	{ "u", 'u' },
	{ "p", 'p' },
	{ NULL, 0 },
};

static int read_node_type(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	int64_t type;

	if (!rd_lookup(v, f->words, &type))
		return rd_unknown_word(r, v, f->words);
	*(char *)dst = (char)type;
	return 0;
}

/* Anywhere in the container (config-linux.md "Devices"), but not by climbing. */
static int read_node_path(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && v->text[0] != '/')
		return rd_fail(r, NULL, NULL, "\"%.*s\" must be an absolute path of the container", RD_Q(v->text));
	if (v->kind == JSON_KIND_STRING && rd_path_climbs(v->text))
		return rd_fail(r, NULL, NULL, "\"%.*s\" has a \"..\"", RD_Q(v->text));
	if (v->kind == JSON_KIND_STRING && v->text[strspn(v->text, "/.")] == '\0')
		return rd_fail(r, NULL, NULL, "\"%.*s\" names no file", RD_Q(v->text));
	return rd_string(r, v, f, dst);
}

/* Callers that copy st_mode leave the type bits in; they must say what `type` says. */
static int check_mode(struct rd *r, struct rc_device *d)
{
	mode_t mode = (mode_t)d->file_mode.v, wanted = d->type == 'b' ? S_IFBLK : d->type == 'p' ? S_IFIFO : S_IFCHR;

	if ((mode & S_IFMT) && (mode & S_IFMT) != wanted)
		return rd_fail(r, "fileMode", NULL, "%u (octal %o) is the mode of another type of file than \"%c\"",
			mode, mode, d->type);
	d->file_mode.v = mode & 07777;
	return 0;
}

static int check_node(struct rd *r, struct rc_device *d)
{
	if (d->type != 'p' && (d->major < 0 || d->minor < 0))
		return rd_fail(r, d->major < 0 ? "major" : "minor", NULL, "is missing, type \"%c\" needs it", d->type);
	if (d->type == 'p')
		d->major = d->minor = 0;
	return check_mode(r, d);
}

static int read_node(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("type", read_node_type, struct rc_device, type, RD_MUST, .words = node_words),
		RD("path", read_node_path, struct rc_device, path, RD_MUST),
		RD("major", rd_i64, struct rc_device, major, .max = RC_MAX_MAJOR),
		RD("minor", rd_i64, struct rc_device, minor, .max = RC_MAX_MINOR),
		RD("fileMode", rd_opt_u64, struct rc_device, file_mode, .max = S_IFMT | 07777),
		RD("uid", rd_opt_u64, struct rc_device, uid, .max = UINT32_MAX - 1),
		RD("gid", rd_opt_u64, struct rc_device, gid, .max = UINT32_MAX - 1),
	};
	struct rc_device *d = dst;
	size_t errors = r->n_errors;

	d->major = d->minor = -1;
	int rc = rd_object(r, v, fields, ARRAY_SIZE(fields), d);
	return rc == 0 && r->n_errors == errors ? check_node(r, d) : rc;
}

int rc_read_devices(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements elements = { read_node, sizeof(struct rc_device), NULL };
	struct rc_linux *l = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &elements, &all, &l->n_devices);

	l->devices = all;
	return rc;
}

/* --- rules -------------------------------------------------------------------------------------- */

static const struct rd_word rule_words[] = {
	{ "a", 'a' },
	{ "b", 'b' },
	{ "c", 'c' },
	{ NULL, 0 },
};

static int read_access(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_device_rule *rule = dst;
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_STRING, &ok);

	if (!ok)
		return rc;
	rule->read = rule->write = rule->mknod = false;
	for (const char *s = v->text; *s; s++) {
		bool *flag = *s == 'r' ? &rule->read : *s == 'w' ? &rule->write : *s == 'm' ? &rule->mknod : NULL;

		if (!flag || *flag)
			return rd_fail(
				r, NULL, NULL, "\"%.*s\" must consist of r, w and m, each at most once", RD_Q(v->text));
		*flag = true;
	}
	return v->n ? 0 : rd_fail(r, NULL, NULL, "is empty, it consists of r, w and m");
}

static int read_rule(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("allow", rd_bool, struct rc_device_rule, allow, RD_MUST),
		RD("type", read_node_type, struct rc_device_rule, type, .words = rule_words),
		RD("major", rd_i64, struct rc_device_rule, major, .min = -1, .max = RC_MAX_MAJOR),
		RD("minor", rd_i64, struct rc_device_rule, minor, .min = -1, .max = RC_MAX_MINOR),
		RD_ALL("access", read_access),
	};

	/* config-linux.md "Allowed Device list": unset values mean "all" */
	*(struct rc_device_rule *)dst = (struct rc_device_rule){ false, 'a', -1, -1, true, true, true };
	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

int rc_read_device_rules(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements elements = { read_rule, sizeof(struct rc_device_rule), NULL };
	struct rc_resources *res = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &elements, &all, &res->n_devices);

	res->devices = all;
	return rc;
}

/* --- network devices ---------------------------------------------------------------------------- */

/* dev_valid_name() of net/core/dev.c; @template allows the one %d that the kernel replaces by a
 * number. */
static bool name_ok(const char *name, bool template)
{
	const char *percent = strchr(name, '%');

	if (name[0] == '\0' || strlen(name) >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	if (percent && (!template || percent[1] != 'd' || strchr(percent + 1, '%')))
		return false;
	for (const char *s = name; *s; s++)
		if (*s == '/' || *s == ':' || *s == ' ' || (*s >= '\t' && *s <= '\r'))
			return false;
	return true;
}

static int read_new_name(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && v->n > 0 && !name_ok(v->text, true))
		return rd_fail(r, NULL, NULL,
			"\"%.*s\" is no name of a network device (1 to %d bytes, no blank, '/' or "
			"':')",
			RD_Q(v->text), IFNAMSIZ - 1);
	return rd_opt_string(r, v, f, dst);
}

/* Two devices cannot get one name; a template gets a free one from the kernel. */
static int check_clash(struct rd *r, const struct rc_net_device *all, size_t n)
{
	const char *name = all[n].container_name ? all[n].container_name : all[n].host_name;

	for (size_t i = 0; i < n && !strchr(name, '%'); i++) {
		const char *other = all[i].container_name ? all[i].container_name : all[i].host_name;

		if (strcmp(name, other) == 0)
			return rd_fail(r, "name", NULL, "\"%s\" is the name of %s in the container already", name,
				all[i].host_name);
	}
	return 0;
}

static int read_net_device(struct rd *r, const struct json *m, struct rc_net_device *all, size_t *n)
{
	static const struct rd_field fields[] = {
		RD("name", read_new_name, struct rc_net_device, container_name),
	};
	size_t errors = r->n_errors;

	if (!name_ok(m->key, false))
		return rd_fail(r, NULL, NULL, "is no name of a network device (1 to %d bytes, no blank, '/' or ':')",
			IFNAMSIZ - 1);
	all[*n].host_name = m->key;
	int rc = rd_object(r, m, fields, ARRAY_SIZE(fields), &all[*n]);
	if (rc == 0 && r->n_errors == errors)
		rc = check_clash(r, all, *n);
	(*n)++;
	return rc;
}

int rc_read_net_devices(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	enum { MAX_NET_DEVICES = 1024 };
	struct rc_linux *l = dst;
	bool ok;
	int rc = rd_kind(r, v, JSON_KIND_OBJECT, &ok);

	if (!ok || v->n == 0)
		return rc;
	if (v->n > MAX_NET_DEVICES)
		return rd_fail(r, NULL, NULL, "has %u entries, allowed are %d", v->n, MAX_NET_DEVICES);
	l->net_devices = arena_array(r->arena, struct rc_net_device, v->n);
	if (!l->net_devices)
		return rd_oom(r);
	for (const struct json *m = v->first; m && rc == 0; m = m->next) {
		struct rd_path here;

		rd_enter(r, &here, m->key, 0);
		rc = read_net_device(r, m, l->net_devices, &l->n_net_devices);
		rd_leave(r, &here);
	}
	return rc;
}
