/* Guarantees: the destination of what is returned is absolute, clean and not the root; a volume has
 * a name that is one file name; contradicting or unknown options are refused. */
#include "engine/mountopt.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/random.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/mountopt_words.h"
#include "sys/path.h"

enum { MAX_MOUNTS = 4096, ANONYMOUS_BYTES = 32 };

/* --- parts that all of them have ---------------------------------------------------------------------------- */

int mountopt_destination(struct arena *a, const char *text, size_t n, char **ret, struct err *e)
{
	char *d = arena_alloc(a, n + 2, 1), *at = d;

	if (!d)
		return err_oom(e, "a mount");
	if (n == 0 || text[0] != '/')
		return err_set(
			e, ERR_USAGE, EINVAL, "invalid mount path: '%.*s' mount path must be absolute", (int)n, text);
	if (n >= PATH_MAX)
		return err_set(e, ERR_USAGE, ENAMETOOLONG, "invalid mount path: longer than %d bytes", PATH_MAX - 1);
	for (size_t i = 0, len; i < n; i += len) {
		for (; i < n && text[i] == '/'; i++)
			;
		for (len = 0; i + len < n && text[i + len] != '/'; len++)
			;
		if (len == 0 || (len == 1 && text[i] == '.'))
			continue;
		if (len == 2 && text[i] == '.' && text[i + 1] == '.') {
			while (at > d && *--at != '/')
				;
			continue;
		}
		*at++ = '/';
		memcpy(at, text + i, len);
		at += len;
	}
	*at = '\0';
	if (at == d)
		return err_set(e, ERR_USAGE, EINVAL, "invalid specification: destination can't be '/'");
	*ret = d;
	return 0;
}

const char *mountopt_propagation(const char *word)
{
	static const char *const words[] = { "rprivate", "private", "rshared", "shared", "rslave", "slave" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(word, words[i]))
			return words[i];
	return NULL;
}

int mountopt_anonymous(struct arena *a, struct ct_mount *m, struct err *e)
{
	uint8_t bytes[ANONYMOUS_BYTES];
	char *name = arena_alloc(a, 2 * sizeof(bytes) + 1, 1);

	if (!name)
		return err_oom(e, "a volume's name");
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_sys(e, "random name for a volume");
	for (size_t i = 0; i < sizeof(bytes); i++)
		fmt_to(name + 2 * i, 3, "%02x", bytes[i]);
	m->source = name;
	m->anonymous = true;
	return 0;
}

int mountopt_volume_name(const char *name, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t n = strlen(name);

	if (n >= 2 && n < 256 && strspn(name, letters) == n && !strchr("_.-", name[0]))
		return 0;
	if (n < 2)
		return err_set(e, ERR_USAGE, EINVAL,
			"volume name \"%s\" is too short, names should be at least two "
			"alphanumeric characters",
			name);
	err_set(e, ERR_USAGE, EINVAL,
		"\"%.300s\" includes invalid characters for a local volume name, only "
		"\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed",
		name);
	return err_hint(e,
		"a directory of the host is given by an absolute path, or one that begins with "
		"\"./\"");
}

/* --- tmpfs -------------------------------------------------------------------------------------------------- */

/* Words a tmpfs may have beside size and mode. "suid" and kin switch off what is on by default. */
static const char *const tmpfs_words[] = { "noexec", "exec", "nosuid", "suid", "nodev", "dev", "sync", "async",
	"dirsync", "noatime", "atime", "nodiratime", "diratime", "relatime", "norelatime", "strictatime",
	"nostrictatime", "noswap", "tmpcopyup" };
static const char *const tmpfs_keys[] = { "nr_inodes=", "nr_blocks=", "uid=", "gid=", "mpol=", "huge=" };

static int keep_word(struct arena *a, const char *word, struct ct_mount *m, struct err *e)
{
	struct rc_str_list *l = &m->tmpfs_options;
	char **v = arena_array(a, char *, l->n + 2);

	if (!v || !(v[l->n] = arena_dup(a, word)))
		return err_oom(e, "a mount");
	if (l->n)
		memcpy(v, l->v, l->n * sizeof(*v));
	l->v = v;
	l->n++;
	return 0;
}

static bool known_word(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(tmpfs_words); i++)
		if (str_eq(word, tmpfs_words[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(tmpfs_keys); i++)
		if (str_after(word, tmpfs_keys[i]) && *str_after(word, tmpfs_keys[i]))
			return true;
	return false;
}

static bool is_percentage(const char *s)
{
	size_t n = strlen(s);
	uint64_t v;

	return n > 1 && s[n - 1] == '%' && parse_u64_n(s, n - 1, 100, &v);
}

static int tmpfs_mode(struct arena *a, const char *word, const char *mode, struct ct_mount *m, struct err *e)
{
	size_t zeros = strspn(mode, "0");

	if (zeros && !mode[zeros])
		return keep_word(a, word, m, e); /* in @m->tmpfs_mode 0 means "not said" */
	if (!parse_octal(mode, 07777, &m->tmpfs_mode))
		return err_set(e, ERR_USAGE, EINVAL,
			"invalid mode for a tmpfs: %.64s, an octal number up to 7777 is one", mode);
	return 0;
}

int mountopt_tmpfs_word(struct arena *a, const char *word, struct ct_mount *m, struct err *e)
{
	const char *value;

	if (!*word || str_eq(word, "rw") || str_eq(word, "defaults"))
		return 0;
	if (str_eq(word, "ro")) {
		m->read_only = true;
		return 0;
	}
	if ((value = str_after(word, "mode=")))
		return tmpfs_mode(a, word, value, m, e);
	if ((value = str_after(word, "size="))) {
		if (parse_size(value, &m->tmpfs_size))
			return 0;
		if (is_percentage(value))
			return keep_word(a, word, m, e);
		return err_set(e, ERR_USAGE, EINVAL,
			"invalid size for a tmpfs: %.64s, \"64m\" or \"50%%\" would be one", value);
	}
	if (known_word(word))
		return keep_word(a, word, m, e);
	return err_set(e, ERR_USAGE, EINVAL, "invalid tmpfs option \"%.64s\"", word);
}

int mountopt_tmpfs(struct arena *a, const char *text, struct ct_mount *ret, struct err *e)
{
	struct ct_mount m = { .type = CT_MOUNT_TMPFS };
	size_t n = strcspn(text, ":");
	char *words = text[n] ? arena_dup(a, text + n + 1) : NULL;

	if (text[n] && !words)
		return err_oom(e, "a mount");
	if (mountopt_destination(a, text, n, &m.destination, e) < 0)
		return err_hint(e, "accepted: " FORM_TMPFS);
	for (char *w = words, *next; w; w = next) {
		next = strchr(w, ',');
		if (next)
			*next++ = '\0';
		if (mountopt_tmpfs_word(a, w, &m, e) < 0)
			return err_hint(e, "accepted: " FORM_TMPFS);
	}
	*ret = m;
	return 0;
}

/* --- -v ------------------------------------------------------------------------------------------------------ */

/* What was said once may not be said again: docker's rule. */
struct said {
	bool write, relabel, copy, propagation;
};

static int twice(const char *word, struct err *e)
{
	return err_set(
		e, ERR_USAGE, EINVAL, "invalid mode: \"%.64s\" contradicts or repeats what stands before it", word);
}

static bool once(bool *said)
{
	bool first = !*said;

	*said = true;
	return first;
}

static bool volume_word_known(const char *w)
{
	static const char *const words[] = { "ro", "rw", "z", "Z", "U", "nocopy", "copy", "idmap", "consistent",
		"cached", "delegated", "bind", "rbind" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(w, words[i]))
			return true;
	return mountopt_propagation(w) != NULL;
}

static int volume_word(const char *w, struct ct_mount *m, struct said *said, struct err *e)
{
	const char *propagation = mountopt_propagation(w);

	if (!volume_word_known(w))
		return err_set(e, ERR_USAGE, EINVAL, "invalid mode: %.64s", w);
	if (propagation && m->type == CT_MOUNT_VOLUME)
		return err_set(e, ERR_USAGE, EINVAL,
			"invalid mode: %s: propagation is for directories of the host, not volumes", w);
	if (str_eq(w, "nocopy") && m->type == CT_MOUNT_BIND)
		return err_set(e, ERR_USAGE, EINVAL,
			"invalid mode: nocopy is for volumes, a directory of the host is never "
			"filled");
	if ((propagation && !once(&said->propagation)) ||
		((str_eq(w, "ro") || str_eq(w, "rw")) && !once(&said->write)) ||
		((w[0] == 'z' || w[0] == 'Z') && !once(&said->relabel)) || (str_ends(w, "copy") && !once(&said->copy)))
		return twice(w, e);
	if (propagation)
		m->propagation = (char *)(uintptr_t)propagation;
	m->read_only |= str_eq(w, "ro");
	m->no_copy |= str_eq(w, "nocopy");
	m->idmap |= str_eq(w, "idmap");
	m->chown |= str_eq(w, "U");
	m->non_recursive |= str_eq(w, "bind");
	if (w[0] == 'z' || w[0] == 'Z')
		m->relabel = w[0];
	return 0;
}

static int volume_words(struct arena *a, const char *text, struct ct_mount *m, struct err *e)
{
	struct said said = { .write = false };
	char *words = arena_dup(a, text);

	if (!words)
		return err_oom(e, "a mount");
	for (char *w = words, *next; w; w = next) {
		next = strchr(w, ',');
		if (next)
			*next++ = '\0';
		if (volume_word(w, m, &said, e) < 0)
			return -e->num;
	}
	return 0;
}

/* Are all words between commas options? Then "-v /data:ro" is an anonymous volume. */
static bool all_options(const char *text)
{
	char word[32];

	for (const char *p = text;; p++) {
		size_t n = strcspn(p, ",");

		if (n >= sizeof(word))
			return false;
		memcpy(word, p, n);
		word[n] = '\0';
		if (!volume_word_known(word))
			return false;
		p += n;
		if (!*p)
			return true;
	}
}

static int source_of(struct arena *a, const char *text, size_t n, struct ct_mount *m, struct err *e)
{
	char path[PATH_MAX];
	char *s = arena_dup_n(a, text, n);

	if (!s)
		return err_oom(e, "a mount");
	if (n >= PATH_MAX)
		return err_set(e, ERR_USAGE, ENAMETOOLONG, "the source is longer than %d bytes", PATH_MAX - 1);
	m->source = s;
	if (s[0] != '/' && s[0] != '.') {
		m->type = CT_MOUNT_VOLUME;
		return mountopt_volume_name(s, e);
	}
	m->type = CT_MOUNT_BIND;
	m->create_source = true;
	if (s[0] == '/')
		return 0;
	if (path_absolute(s, path, e) < 0)
		return -e->num;
	m->source = arena_dup(a, path);
	return m->source ? 0 : err_oom(e, "a mount");
}

static int parse_volume(struct arena *a, const char *text, struct ct_mount *m, struct err *e)
{
	size_t n[3] = { 0 }, parts = 0;
	const char *at[3] = { NULL };

	for (const char *p = text;; p += n[parts - 1] + 1) {
		if (parts == ARRAY_SIZE(at))
			return err_set(e, ERR_USAGE, EINVAL, "invalid volume specification: '%.300s'", text);
		at[parts] = p;
		n[parts] = strcspn(p, ":");
		if (n[parts] == 0)
			return err_set(e, ERR_USAGE, EINVAL,
				"invalid volume specification: '%.300s': empty section between "
				"colons",
				text);
		if (!p[n[parts++]])
			break;
	}
	if (parts == 1 || (parts == 2 && all_options(at[1]))) {
		m->type = CT_MOUNT_VOLUME;
		if (mountopt_anonymous(a, m, e) < 0 || mountopt_destination(a, at[0], n[0], &m->destination, e) < 0)
			return -e->num;
		return parts == 2 ? volume_words(a, at[1], m, e) : 0;
	}
	if (source_of(a, at[0], n[0], m, e) < 0 || mountopt_destination(a, at[1], n[1], &m->destination, e) < 0)
		return -e->num;
	return parts == 3 ? volume_words(a, at[2], m, e) : 0;
}

int mountopt_volume(struct arena *a, const char *text, struct ct_mount *ret, struct err *e)
{
	struct ct_mount m = { .type = CT_MOUNT_VOLUME };

	if (parse_volume(a, text, &m, e) < 0)
		return err_hint(e, "accepted: " FORM_VOLUME);
	*ret = m;
	return 0;
}

int mountopt_image_volume(struct arena *a, const char *destination, struct ct_mount *ret, struct err *e)
{
	struct ct_mount m = { .type = CT_MOUNT_VOLUME };

	for (const char *p = destination; (p = strstr(p, "..")); p += 2)
		if ((p == destination || p[-1] == '/') && (p[2] == '/' || !p[2]))
			return err_set(e, ERR_CONFIG, EINVAL, "image: Volumes: \"%.300s\" has \"..\"", destination);
	if (mountopt_destination(a, destination, strlen(destination), &m.destination, e) < 0) {
		e->kind = ERR_CONFIG; /* not what the user typed */
		return err_wrap(e, "image: Volumes");
	}
	if (mountopt_anonymous(a, &m, e) < 0)
		return -e->num;
	*ret = m;
	return 0;
}

/* --- all of a container's ------------------------------------------------------------------------------------ */

bool mountopt_has(const struct ct_config *c, const char *destination)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (str_eq(c->mounts[i].destination, destination))
			return true;
	return false;
}

int mountopt_add(struct ct_config *c, const struct ct_mount *m, struct err *e)
{
	if (mountopt_has(c, m->destination))
		return err_set(e, ERR_USAGE, EEXIST, "Duplicate mount point: %s", m->destination);
	if (c->n_mounts == MAX_MOUNTS)
		return err_set(e, ERR_USAGE, E2BIG, "more than %d mounts", MAX_MOUNTS);
	/* Room for 1, 3, 7, … is used up. */
	if ((c->n_mounts & (c->n_mounts + 1)) == 0) {
		struct ct_mount *v = arena_array(&c->arena, struct ct_mount, 2 * c->n_mounts + 1);

		if (!v)
			return err_oom(e, "mounts");
		if (c->n_mounts)
			memcpy(v, c->mounts, c->n_mounts * sizeof(*v));
		c->mounts = v;
	}
	c->mounts[c->n_mounts++] = *m;
	return 0;
}

static size_t depth(const struct ct_mount *m)
{
	size_t n = 0;

	for (const char *p = m->destination; *p; p++)
		n += *p == '/';
	return n;
}

void mountopt_sort(struct ct_config *c)
{
	/* Few of them, mostly in order: by insertion, which keeps equals as they are. */
	for (size_t i = 1; i < c->n_mounts; i++) {
		struct ct_mount m = c->mounts[i];
		size_t k = i;

		for (; k > 0 && depth(&c->mounts[k - 1]) > depth(&m); k--)
			c->mounts[k] = c->mounts[k - 1];
		c->mounts[k] = m;
	}
}
