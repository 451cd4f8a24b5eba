/* Mount option words. Guarantees: every word of the table has one meaning for the new mount calls and for
 * mount(2), the last of contradicting words wins, and nothing unknown is lost: it goes to the filesystem. */
#include "mnt/flags.h"

#include <string.h>
#include <sys/mount.h>
#include "base/fmt.h"
#include "base/str.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

enum word_op {
	OP_NOTHING,
	OP_SET, /* attribute and superblock flag on */
	OP_CLEAR,
	OP_ATIME, /* choose an access time mode */
	OP_ATIME_UNDO, /* give up the mode, if it was chosen by an earlier word */
	OP_REC_SET,
	OP_REC_CLEAR,
	OP_REC_ATIME,
	OP_PROPAGATION, /* value: MS_* */
	OP_BOOL, /* value: offset of a bool in struct mnt_opts */
	OP_BOOL2, /* the same, and the bool before it (rbind: bind; ridmap: idmap) */
};

#define AT(member) offsetof(struct mnt_opts, member)
#define RDONLY MOUNT_ATTR_RDONLY
/* word, operation, MOUNT_ATTR_* or other value, MS_* of the superblock. Sorted by word: looked up by bisection. */
#define WORDS(X) \
	X("async", OP_CLEAR, 0, MS_SYNCHRONOUS) \
	X("atime", OP_ATIME, MOUNT_ATTR_RELATIME, 0) \
	X("bind", OP_BOOL, AT(bind), 0) \
	X("copy-symlink", OP_BOOL, AT(copy_symlink), 0) \
	X("defaults", OP_NOTHING, 0, 0) \
	X("dest-nofollow", OP_BOOL, AT(dest_nofollow), 0) \
	X("dev", OP_CLEAR, MOUNT_ATTR_NODEV, 0) \
	X("diratime", OP_CLEAR, MOUNT_ATTR_NODIRATIME, 0) \
	X("dirsync", OP_SET, 0, MS_DIRSYNC) \
	X("exec", OP_CLEAR, MOUNT_ATTR_NOEXEC, 0) \
	X("idmap", OP_BOOL, AT(idmap), 0) \
	X("iversion", OP_SET, 0, MS_I_VERSION) \
	X("lazytime", OP_SET, 0, MS_LAZYTIME) \
	X("loud", OP_CLEAR, 0, MS_SILENT) \
	X("mand", OP_SET, 0, MS_MANDLOCK) \
	X("noatime", OP_ATIME, MOUNT_ATTR_NOATIME, 0) \
	X("nodev", OP_SET, MOUNT_ATTR_NODEV, 0) \
	X("nodiratime", OP_SET, MOUNT_ATTR_NODIRATIME, 0) \
	X("noexec", OP_SET, MOUNT_ATTR_NOEXEC, 0) \
	X("noiversion", OP_CLEAR, 0, MS_I_VERSION) \
	X("nolazytime", OP_CLEAR, 0, MS_LAZYTIME) \
	X("nomand", OP_CLEAR, 0, MS_MANDLOCK) \
	X("norelatime", OP_NOTHING, 0, 0) \
	X("nostrictatime", OP_ATIME_UNDO, MOUNT_ATTR_STRICTATIME, 0) \
	X("nosuid", OP_SET, MOUNT_ATTR_NOSUID, 0) \
	X("nosymfollow", OP_SET, MOUNT_ATTR_NOSYMFOLLOW, 0) \
	X("private", OP_PROPAGATION, MS_PRIVATE, 0) \
	X("rasync", OP_CLEAR, 0, MS_SYNCHRONOUS) \
	X("ratime", OP_REC_ATIME, MOUNT_ATTR_RELATIME, 0) \
	X("rbind", OP_BOOL2, AT(rbind), 0) \
	X("rdev", OP_REC_CLEAR, MOUNT_ATTR_NODEV, 0) \
	X("rdiratime", OP_REC_CLEAR, MOUNT_ATTR_NODIRATIME, 0) \
	X("rdirsync", OP_SET, 0, MS_DIRSYNC) \
	X("relatime", OP_ATIME, MOUNT_ATTR_RELATIME, 0) \
	X("remount", OP_BOOL, AT(remount), 0) \
	X("rexec", OP_REC_CLEAR, MOUNT_ATTR_NOEXEC, 0) \
	X("ridmap", OP_BOOL2, AT(ridmap), 0) \
	X("rmand", OP_SET, 0, MS_MANDLOCK) \
	X("rnoatime", OP_REC_ATIME, MOUNT_ATTR_NOATIME, 0) \
	X("rnodev", OP_REC_SET, MOUNT_ATTR_NODEV, 0) \
	X("rnodiratime", OP_REC_SET, MOUNT_ATTR_NODIRATIME, 0) \
	X("rnoexec", OP_REC_SET, MOUNT_ATTR_NOEXEC, 0) \
	X("rnomand", OP_CLEAR, 0, MS_MANDLOCK) \
	X("rnorelatime", OP_REC_ATIME, MOUNT_ATTR_RELATIME, 0) \
	X("rnostrictatime", OP_REC_ATIME, MOUNT_ATTR_RELATIME, 0) \
	X("rnosuid", OP_REC_SET, MOUNT_ATTR_NOSUID, 0) \
	X("rnosymfollow", OP_REC_SET, MOUNT_ATTR_NOSYMFOLLOW, 0) \
	X("ro", OP_SET, RDONLY, MS_RDONLY) \
	X("rprivate", OP_PROPAGATION, MS_PRIVATE | MS_REC, 0) \
	X("rrelatime", OP_REC_ATIME, MOUNT_ATTR_RELATIME, 0) \
	X("rro", OP_REC_SET, RDONLY, 0) \
	X("rrw", OP_REC_CLEAR, RDONLY, 0) \
	X("rshared", OP_PROPAGATION, MS_SHARED | MS_REC, 0) \
	X("rslave", OP_PROPAGATION, MS_SLAVE | MS_REC, 0) \
	X("rstrictatime", OP_REC_ATIME, MOUNT_ATTR_STRICTATIME, 0) \
	X("rsuid", OP_REC_CLEAR, MOUNT_ATTR_NOSUID, 0) \
	X("rsymfollow", OP_REC_CLEAR, MOUNT_ATTR_NOSYMFOLLOW, 0) \
	X("rsync", OP_SET, 0, MS_SYNCHRONOUS) \
	X("runbindable", OP_PROPAGATION, MS_UNBINDABLE | MS_REC, 0) \
	X("rw", OP_CLEAR, RDONLY, MS_RDONLY) \
	X("shared", OP_PROPAGATION, MS_SHARED, 0) \
	X("silent", OP_SET, 0, MS_SILENT) \
	X("slave", OP_PROPAGATION, MS_SLAVE, 0) \
	X("src-nofollow", OP_BOOL, AT(src_nofollow), 0) \
	X("strictatime", OP_ATIME, MOUNT_ATTR_STRICTATIME, 0) \
	X("suid", OP_CLEAR, MOUNT_ATTR_NOSUID, 0) \
	X("symfollow", OP_CLEAR, MOUNT_ATTR_NOSYMFOLLOW, 0) \
	X("sync", OP_SET, 0, MS_SYNCHRONOUS) \
	X("tmpcopyup", OP_BOOL, AT(tmpcopyup), 0) \
	X("unbindable", OP_PROPAGATION, MS_UNBINDABLE, 0)

struct word {
	const char *name;
	enum word_op op;
	uint64_t value;
	unsigned sb;
};

#define WORD_ROW(name, op, value, sb) { name, op, value, sb },
static const struct word words[] = { WORDS(WORD_ROW) };

#define WORD_NAME(name, op, value, sb) name,
const char *const mnt_option_words[] = { WORDS(WORD_NAME) NULL };

static int by_name(const void *key, const void *row)
{
	return strcmp(key, ((const struct word *)row)->name);
}

static const struct word *find(const char *name)
{
	return bsearch(name, words, ARRAY_SIZE(words), sizeof(words[0]), by_name);
}

static void flip(uint64_t *on, uint64_t *off, uint64_t bits)
{
	*on |= bits;
	*off &= ~bits;
}

/* mount_setattr(2): the modes are no bits but values of a field that must be cleared to be set. */
static void choose_atime(uint64_t *set, uint64_t *clr, uint64_t mode)
{
	*set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | mode;
	*clr |= MOUNT_ATTR__ATIME;
}

static int add_propagation(struct mnt_opts *o, unsigned flags, const char *name, struct err *e)
{
	if (o->n_propagation && o->propagation[o->n_propagation - 1] == flags)
		return 0;
	if (o->n_propagation == MNT_MAX_PROPAGATION)
		return err_set(e, ERR_CONFIG, EINVAL, "option %s: more than %d propagation options", name,
			MNT_MAX_PROPAGATION);
	o->propagation[o->n_propagation++] = flags;
	return 0;
}

static int apply(struct mnt_opts *o, const struct word *w, struct err *e)
{
	switch (w->op) {
	case OP_NOTHING: break;
	case OP_SET:
		flip(&o->attr_set, &o->attr_clr, w->value);
		o->sb_set |= w->sb;
		o->sb_clr &= ~w->sb;
		break;
	case OP_CLEAR:
		flip(&o->attr_clr, &o->attr_set, w->value);
		o->sb_clr |= w->sb;
		o->sb_set &= ~w->sb;
		break;
	case OP_ATIME: choose_atime(&o->attr_set, &o->attr_clr, w->value); break;
	case OP_ATIME_UNDO:
		if ((o->attr_set & MOUNT_ATTR__ATIME) == w->value)
			choose_atime(&o->attr_set, &o->attr_clr, MOUNT_ATTR_RELATIME);
		break;
	case OP_REC_SET: flip(&o->rec_attr_set, &o->rec_attr_clr, w->value); break;
	case OP_REC_CLEAR: flip(&o->rec_attr_clr, &o->rec_attr_set, w->value); break;
	case OP_REC_ATIME: choose_atime(&o->rec_attr_set, &o->rec_attr_clr, w->value); break;
	case OP_PROPAGATION: return add_propagation(o, (unsigned)w->value, w->name, e);
	case OP_BOOL2:
		((bool *)o)[w->value - 1] = true;
		/* fall through */
	case OP_BOOL: ((bool *)o)[w->value] = true; break;
	}
	return 0;
}

/* --- idmap=uids=0-1-10#10-11-10;gids=0-100-10 ----------------------------------------------------- */

/* One of FS-HOST-SIZE: digits up to @end_of. */
static bool take_number(const char **at, const char *stop, uint32_t *ret)
{
	size_t n = strcspn(*at, stop);
	uint64_t v;

	if (!parse_u64_n(*at, n, UINT32_MAX, &v))
		return false;
	*at += n;
	*ret = (uint32_t)v;
	return true;
}

static bool take_range(const char **at, struct mnt_id_range *r)
{
	r->relative = **at == '@';
	if (r->relative)
		(*at)++;
	if (!take_number(at, "-", &r->fs) || **at != '-')
		return false;
	++*at;
	if (!take_number(at, "-", &r->host) || **at != '-')
		return false;
	++*at;
	return take_number(at, "#;", &r->size) && r->size > 0;
}

static int parse_ranges(const char **at, struct arena *arena, struct mnt_id_range **ret, size_t *ret_n, struct err *e)
{
	struct mnt_id_range *list = arena_array(arena, struct mnt_id_range, MNT_MAX_ID_RANGES);
	size_t n = 0;

	if (!list)
		return err_oom(e, "id ranges of a mount");
	for (;;) {
		if (n == MNT_MAX_ID_RANGES)
			return err_set(e, ERR_CONFIG, E2BIG, "more than %d ranges", MNT_MAX_ID_RANGES);
		if (!take_range(at, &list[n++]))
			return err_set(e, ERR_CONFIG, EINVAL, "range %zu is not [@]FILESYSTEM-HOST-SIZE", n);
		if (**at != '#')
			break;
		++*at;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

static int parse_idmap(struct mnt_opts *o, const char *maps, struct arena *arena, struct err *e)
{
	const char *at = maps, *p;
	int r;

	while (*at) {
		if ((p = str_after(at, "uids=")))
			r = parse_ranges(&p, arena, &o->uid_ranges, &o->n_uid_ranges, e);
		else if ((p = str_after(at, "gids=")))
			r = parse_ranges(&p, arena, &o->gid_ranges, &o->n_gid_ranges, e);
		else
			return err_set(e, ERR_CONFIG, EINVAL, "\"%s\" is neither uids=… nor gids=…", at);
		if (r < 0)
			return r;
		at = p;
		if (*at == ';')
			at++;
	}
	return 0;
}

/* --- words ----------------------------------------------------------------------------------------- */

static int add_data(struct mnt_opts *o, char *word, struct err *e)
{
	char *value = strchr(word, '=');

	if (value == word)
		return err_set(e, ERR_CONFIG, EINVAL, "option %s has no name", word);
	if (value) {
		*value++ = '\0';
		size_t n = strlen(value);
		if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
			value[n - 1] = '\0';
			value++;
		}
	}
	o->data[o->n_data++] = (struct mnt_data){ .key = word, .value = value };
	return 0;
}

static int add_word(struct mnt_opts *o, char *word, struct arena *arena, struct err *e)
{
	const struct word *w = find(word);
	const char *maps;

	if (w)
		return apply(o, w, e);
	if ((maps = str_after(word, "idmap=")) || (maps = str_after(word, "ridmap="))) {
		o->idmap = true;
		o->ridmap |= word[0] == 'r';
		return parse_idmap(o, maps, arena, e) < 0 ? err_wrap(e, "option %s", word) : 0;
	}
	return add_data(o, word, e);
}

/* Length of the first option in @s: up to a comma outside quotes and not after a backslash. */
static size_t piece_len(const char *s)
{
	bool quoted = false;
	size_t i;

	for (i = 0; s[i] && (quoted || s[i] != ','); i++) {
		if (s[i] == '"')
			quoted = !quoted;
		if (s[i] == '\\' && s[i + 1])
			i++;
	}
	return i;
}

static size_t count_pieces(const struct rc_str_list *options)
{
	size_t total = 0;

	for (size_t i = 0; i < options->n; i++) {
		total++;
		for (const char *p = options->v[i]; *p; p++)
			total += *p == ',';
	}
	return total;
}

int mnt_opts_parse(const struct rc_str_list *options, struct arena *arena, struct mnt_opts *ret, struct err *e)
{
	struct mnt_opts o = { 0 };

	o.data = arena_array(arena, struct mnt_data, count_pieces(options) + 1);
	if (!o.data)
		return err_oom(e, "mount options");
	for (size_t i = 0; i < options->n; i++) {
		char *s = arena_dup(arena, options->v[i]);

		if (!s)
			return err_oom(e, "mount options");
		while (*s) {
			size_t n = piece_len(s);
			bool last = s[n] == '\0';

			s[n] = '\0';
			int r = n ? add_word(&o, s, arena, e) : 0;
			if (r < 0)
				return r;
			s += n + (last ? 0 : 1);
		}
	}
	*ret = o;
	return 0;
}

/* mount(2) ignores the options of a filesystem in a bind mount, so callers get away with leaving a tmpfs's in. */
static bool tmpfs_only(const char *key)
{
	static const char *const keys[] = { "mode", "size", "uid", "gid", "nr_inodes", "nr_blocks" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_eq(key, keys[i]))
			return true;
	return false;
}

int mnt_opts_check_bind(const struct mnt_opts *o, struct err *e)
{
	for (size_t i = 0; i < o->n_data; i++)
		if (!tmpfs_only(o->data[i].key))
			return err_set(
				e, ERR_CONFIG, EINVAL, "option %s is not known for a bind mount", o->data[i].key);
	if (o->tmpcopyup)
		return err_set(e, ERR_CONFIG, EINVAL, "option tmpcopyup is for tmpfs, not for a bind mount");
	if (o->copy_symlink && (o->src_nofollow || o->dest_nofollow))
		return err_set(e, ERR_CONFIG, EINVAL, "option copy-symlink excludes src-nofollow and dest-nofollow");
	return 0;
}

/* --- the form of mount(2) ---------------------------------------------------------------------------- */

unsigned long mnt_opts_ms_flags(const struct mnt_opts *o)
{
	static const struct {
		uint64_t attr;
		unsigned long ms;
	} rows[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },
		{ MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },
		{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
		{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
	};
	unsigned long flags = o->sb_set;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (o->attr_set & rows[i].attr)
			flags |= rows[i].ms;
	if (!(o->attr_clr & MOUNT_ATTR__ATIME))
		return flags;
	switch (o->attr_set & MOUNT_ATTR__ATIME) {
	case MOUNT_ATTR_NOATIME: return flags | MS_NOATIME;
	case MOUNT_ATTR_STRICTATIME: return flags | MS_STRICTATIME;
	default: return flags | MS_RELATIME;
	}
}

char *mnt_opts_ms_data(const struct mnt_opts *o, struct arena *arena)
{
	size_t size = 1;

	for (size_t i = 0; i < o->n_data; i++)
		size += strlen(o->data[i].key) + str_len(o->data[i].value) + 4;
	char *text = arena_alloc(arena, size, 1);
	for (size_t i = 0, n = 0; text && i < o->n_data; i++) {
		const struct mnt_data *d = &o->data[i];
		/* Only SELinux contexts (s0:c1,c2) know quotes; others want their text as it is. */
		bool quote = d->value && strchr(d->value, ',') && str_ends(d->key, "context");

		n += fmt_to(text + n, size - n,
			quote		   ? "%s%s=\"%s\""
				: d->value ? "%s%s=%s"
					   : "%s%s%s",
			i ? "," : "", d->key, d->value ? d->value : "");
	}
	return text;
}

bool mnt_opts_need_mount2(const struct mnt_opts *o)
{
	enum { FSCONFIG_MAX_VALUE = 255 };

	if ((o->sb_set | o->sb_clr) & (MS_I_VERSION | MS_SILENT))
		return true;
	for (size_t i = 0; i < o->n_data; i++)
		if (str_len(o->data[i].value) > FSCONFIG_MAX_VALUE)
			return true;
	return false;
}

const char *mnt_sb_word(unsigned ms_flag)
{
	switch (ms_flag) {
	case MS_RDONLY: return "ro";
	case MS_SYNCHRONOUS: return "sync";
	case MS_DIRSYNC: return "dirsync";
	case MS_MANDLOCK: return "mand";
	case MS_LAZYTIME: return "lazytime";
	default: return NULL;
	}
}
