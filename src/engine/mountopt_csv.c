/* --mount: one line of CSV, each field KEY or KEY=VALUE; keys in any case, as docker takes them. */
#include "engine/mountopt.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cmdline/opt.h"
#include "engine/mountopt_words.h"

enum { MAX_KEY = 32 };

struct csv {
	struct arena *a;
	struct ct_mount m;
	char *source; /* as given */
	bool type_given;
	unsigned only; /* bit of each type whose own keys were given */
	const char *only_key[3];
};

/* --- fields -------------------------------------------------------------------------------------------------- */

/* The field at *@p, unquoted, into @dst (as long as the text); *@p goes behind its comma, or
 * becomes NULL at the end. */
static int next_field(const char **p, char *dst, struct err *e)
{
	const char *s = *p;

	if (*s != '"') {
		size_t n = strcspn(s, ",");

		if (memchr(s, '"', n))
			return err_set(e, ERR_USAGE, EINVAL, "a quote inside an unquoted field");
		memcpy(dst, s, n);
		dst[n] = '\0';
		*p = s[n] ? s + n + 1 : NULL;
		return 0;
	}
	for (s++; *s && (*s != '"' || s[1] == '"'); s++) {
		*dst++ = *s;
		s += *s == '"';
	}
	if (!*s || (s[1] && s[1] != ','))
		return err_set(
			e, ERR_USAGE, EINVAL, !*s ? "a quoted field has no end" : "something follows a quoted field");
	*dst = '\0';
	*p = s[1] ? s + 2 : NULL;
	return 0;
}

/* --- values -------------------------------------------------------------------------------------------------- */

static int bad_value(const char *key, const char *value, const char *accepted, struct err *e)
{
	return err_set(e, ERR_USAGE, EINVAL, "invalid value for %s: %.100s, accepted: %s", key,
		value ? value : "(none)", accepted);
}

static int boolean(const char *key, const char *value, bool *ret, struct err *e)
{
	if (value)
		return opt_bool(value, ret) ? 0 : bad_value(key, value, "true or false", e);
	*ret = true;
	return 0;
}

static void only_for(struct csv *c, enum ct_mount_type type, const char *key)
{
	c->only |= 1U << type;
	c->only_key[type] = key;
}

static int set_type(struct csv *c, const char *v, struct err *e)
{
	static const struct {
		const char *word;
		enum ct_mount_type type;
	} types[] = { { "bind", CT_MOUNT_BIND }, { "volume", CT_MOUNT_VOLUME }, { "tmpfs", CT_MOUNT_TMPFS } };

	for (size_t i = 0; v && i < ARRAY_SIZE(types); i++) {
		if (!str_eq(v, types[i].word))
			continue;
		c->m.type = types[i].type;
		c->type_given = true;
		return 0;
	}
	if (str_eq(v, "image") || str_eq(v, "npipe") || str_eq(v, "cluster") || str_eq(v, "glob") ||
		str_eq(v, "devpts") || str_eq(v, "ramfs"))
		return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
			"mounts of type %s are not supported; bind, volume and tmpfs are", v);
	return bad_value("type", v, "bind, volume, tmpfs", e);
}

static int set_recursive(struct csv *c, const char *v, struct err *e)
{
	only_for(c, CT_MOUNT_BIND, "bind-recursive");
	if (str_eq(v, "enabled") || str_eq(v, "writable"))
		return 0; /* what lies below keeps its own state: also with `readonly`, see finish()
			   */
	if (str_eq(v, "disabled"))
		c->m.non_recursive = true;
	else if (str_eq(v, "readonly"))
		c->m.recursive_read_only = true;
	else
		return bad_value("bind-recursive", v, "enabled, disabled, writable, readonly", e);
	return 0;
}

static int set_relabel(struct csv *c, const char *v, struct err *e)
{
	only_for(c, CT_MOUNT_BIND, "relabel");
	if (!str_eq(v, "shared") && !str_eq(v, "private"))
		return bad_value("relabel", v, "shared, private", e);
	c->m.relabel = v[0] == 's' ? 'z' : 'Z';
	return 0;
}

static int set_tmpfs(struct csv *c, const char *key, const char *v, struct err *e)
{
	char word[64] = "";
	const char *name = str_after(key, "tmpfs-");

	only_for(c, CT_MOUNT_TMPFS, key);
	if (!v || !fmt_fits(word, sizeof(word), "%s=%s", name, v))
		return bad_value(key, v, str_eq(name, "size") ? "a size like 64m" : "an octal number like 1777", e);
	return mountopt_tmpfs_word(c->a, word, &c->m, e);
}

static int set_propagation(struct csv *c, const char *v, struct err *e)
{
	only_for(c, CT_MOUNT_BIND, "bind-propagation");
	c->m.propagation = v ? (char *)(uintptr_t)mountopt_propagation(v) : NULL;
	return c->m.propagation
		? 0
		: bad_value("bind-propagation", v, "rprivate, private, rshared, shared, rslave, slave", e);
}

/* Things docker does when it makes the volume; here they are told to `volume create`, which also
 * says what is wrong. */
static int refuse_volume_key(const char *key, const char *v, struct err *e)
{
	if (str_eq(key, "volume-driver") && str_eq(v, "local"))
		return 0;
	err_set(e, ERR_UNSUPPORTED, ENOTSUP, "%s is not supported in --mount", key);
	if (str_eq(key, "volume-subpath"))
		return err_hint(e,
			"mount the whole volume, or its directory (see tare volume inspect) with "
			"type=bind");
	return err_hint(e, "make the volume first: tare volume create --label KEY=VALUE -o KEY=VALUE NAME");
}

/* --- keys ---------------------------------------------------------------------------------------------------- */

static int set_place(struct csv *c, const char *key, const char *v, bool source, struct err *e)
{
	if (!v || !*v)
		return bad_value(key, v, source ? "a path or the name of a volume" : "an absolute path", e);
	if (!source)
		return mountopt_destination(c->a, v, strlen(v), &c->m.destination, e);
	if (strlen(v) >= PATH_MAX)
		return err_set(e, ERR_USAGE, ENAMETOOLONG, "the source is longer than %d bytes", PATH_MAX - 1);
	c->source = arena_dup(c->a, v);
	return c->source ? 0 : err_oom(e, "a mount");
}

static int set_flag(struct csv *c, const char *key, const char *v, bool *ret_known, struct err *e)
{
	struct ct_mount *m = &c->m;
	const struct {
		const char *key;
		bool *at;
		int only; /* type, or -1 */
	} flags[] = {
		{ "readonly", &m->read_only, -1 },
		{ "ro", &m->read_only, -1 },
		{ "bind-nonrecursive", &m->non_recursive, CT_MOUNT_BIND },
		{ "bind-create-src", &m->create_source, CT_MOUNT_BIND },
		{ "volume-nocopy", &m->no_copy, CT_MOUNT_VOLUME },
		{ "idmap", &m->idmap, -1 },
		{ "chown", &m->chown, -1 },
		{ "u", &m->chown, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!str_eq(key, flags[i].key))
			continue;
		if (flags[i].only >= 0)
			only_for(c, (enum ct_mount_type)flags[i].only, flags[i].key);
		*ret_known = true;
		return boolean(key, v, flags[i].at, e);
	}
	*ret_known = false;
	return 0;
}

static int set_key(struct csv *c, const char *key, const char *v, struct err *e)
{
	bool known;

	if (set_flag(c, key, v, &known, e) < 0 || known)
		return e->num ? -e->num : 0;
	if (str_eq(key, "type"))
		return set_type(c, v, e);
	if (str_eq(key, "source") || str_eq(key, "src"))
		return set_place(c, key, v, true, e);
	if (str_eq(key, "target") || str_eq(key, "dst") || str_eq(key, "destination"))
		return set_place(c, key, v, false, e);
	if (str_eq(key, "consistency"))
		return 0; /* docker for other systems; no effect on Linux */
	if (str_eq(key, "bind-propagation"))
		return set_propagation(c, v, e);
	if (str_eq(key, "bind-recursive"))
		return set_recursive(c, v, e);
	if (str_eq(key, "relabel"))
		return set_relabel(c, v, e);
	if (str_eq(key, "tmpfs-size"))
		return set_tmpfs(c, "tmpfs-size", v, e);
	if (str_eq(key, "tmpfs-mode"))
		return set_tmpfs(c, "tmpfs-mode", v, e);
	if (str_starts(key, "volume-"))
		return refuse_volume_key(key, v, e);
	return err_set(e, ERR_USAGE, EINVAL, "unexpected key '%s'", key);
}

static int field(struct csv *c, char *text, struct err *e)
{
	char *v = strchr(text, '='), key[MAX_KEY];
	size_t n = v ? (size_t)(v - text) : strlen(text);

	if (n == 0 || n >= sizeof(key))
		return err_set(e, ERR_USAGE, EINVAL, "invalid field '%.100s' must be a key=value pair", text);
	for (size_t i = 0; i < n; i++)
		key[i] = (char)tolower((unsigned char)text[i]);
	key[n] = '\0';
	return set_key(c, key, v ? v + 1 : NULL, e);
}

/* --- the whole ----------------------------------------------------------------------------------------------- */

static int finish(struct csv *c, struct err *e)
{
	struct ct_mount *m = &c->m;

	for (int t = CT_MOUNT_BIND; t <= CT_MOUNT_TMPFS; t++)
		if (t != (int)m->type && c->only >> t & 1)
			return err_set(e, ERR_USAGE, EINVAL, "%s is not for mounts of this type", c->only_key[t]);
	if (!m->destination)
		return err_set(e, ERR_USAGE, EINVAL, "target is required");
	if (m->recursive_read_only && !m->read_only)
		return err_set(e, ERR_USAGE, EINVAL, "bind-recursive=readonly goes with readonly");
	if (m->recursive_read_only && m->propagation && !str_eq(m->propagation, "rprivate"))
		return err_set(
			e, ERR_USAGE, EINVAL, "bind-recursive=readonly goes with bind-propagation=rprivate only");
	switch (m->type) {
	case CT_MOUNT_TMPFS: return c->source ? err_set(e, ERR_USAGE, EINVAL, "a tmpfs has no source") : 0;
	case CT_MOUNT_BIND:
		m->source = c->source;
		if (!m->source)
			return err_set(e, ERR_USAGE, EINVAL, "source is required for a mount of type bind");
		if (m->source[0] != '/')
			return err_set(e, ERR_USAGE, EINVAL, "invalid mount path: '%.300s' mount path must be absolute",
				m->source);
		return 0;
	case CT_MOUNT_VOLUME:
		m->source = c->source;
		return m->source ? mountopt_volume_name(m->source, e) : mountopt_anonymous(c->a, m, e);
	}
	return err_set(e, ERR_BUG, EINVAL, "a mount of no type");
}

int mountopt_mount(struct arena *a, const char *text, struct ct_mount *ret, struct err *e)
{
	struct csv c = { .a = a, .m = { .type = CT_MOUNT_VOLUME } };
	char *buf = arena_alloc(a, strlen(text) + 1, 1);
	const char *p = text;

	if (!buf)
		return err_oom(e, "a mount");
	while (p)
		if (next_field(&p, buf, e) < 0 || field(&c, buf, e) < 0)
			return err_hint(e, "accepted: " FORM_MOUNT);
	if (finish(&c, e) < 0)
		return err_hint(e, "accepted: " FORM_MOUNT);
	*ret = c.m;
	return 0;
}
