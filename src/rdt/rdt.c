/* Intel RDT. Guarantees: a class that others prepared is never changed against their schemata, and a failure
 * leaves no directory of ours. The kernel's own words (info/last_cmd_status) come with its errors. */
#include "rdt/rdt.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fmt.h"
#include "base/str.h"
#include "sys/io.h"

enum {
	RESCTRL_MAGIC = 0x7655821, /* RDTGROUP_SUPER_MAGIC */
	MAX_SCHEMATA = 65536,
};

int rdt_open_root(struct err *e)
{
	struct statfs fs;
	auto_fd int fd = open("/sys/fs/resctrl", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == RESCTRL_MAGIC)
		return fd_steal(&fd);
	err_set(e, ERR_UNSUPPORTED, ENOSYS, "config.json: /linux/intelRdt: no resctrl filesystem on /sys/fs/resctrl");
	return err_hint(e, "on a processor with RDT: mount -t resctrl resctrl /sys/fs/resctrl");
}

/* --- checks ------------------------------------------------------------------------------------------------ */

static bool has_schema(const struct rc_intel_rdt *c)
{
	return c->l3_cache_schema || c->mem_bw_schema || c->schemata.n;
}

static int check_line(const char *line, const char *prefix, const char *field, struct err *e)
{
	if (strchr(line, '\n'))
		return err_set(e, ERR_CONFIG, EINVAL, "/linux/intelRdt/%s: holds a newline", field);
	if (!str_starts(line, prefix))
		return err_set(e, ERR_CONFIG, EINVAL, "/linux/intelRdt/%s: \"%s\" does not start with \"%s\"", field,
			line, prefix);
	return 0;
}

static int check(const struct rc_intel_rdt *c, const char *id, struct err *e)
{
	static const char *const reserved[] = { ".", "..", "info", "mon_groups", "mon_data" };
	const char *group = c->clos_id ? c->clos_id : id;
	int r = 0;

	if (!str_eq(group, "/") && (!*group || strlen(group) > NAME_MAX || strpbrk(group, "/\n")))
		return err_set(
			e, ERR_CONFIG, EINVAL, "/linux/intelRdt/closID: \"%.*s\" is not one file name", 64, group);
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (str_eq(group, reserved[i]))
			return err_set(e, ERR_CONFIG, EINVAL, "/linux/intelRdt/closID: \"%s\" is reserved", group);
	if (c->l3_cache_schema)
		r = check_line(c->l3_cache_schema, "", "l3CacheSchema", e);
	if (r == 0 && c->mem_bw_schema)
		r = check_line(c->mem_bw_schema, "MB:", "memBwSchema", e);
	for (size_t i = 0; r == 0 && i < c->schemata.n; i++)
		r = check_line(c->schemata.v[i], "", "schemata", e);
	return r;
}

/* --- schemata ---------------------------------------------------------------------------------------------- */

/* Put what the kernel says about the last command behind the error. */
static int with_status(int rootfd, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct err ignored = ERR_NONE;

	if (io_read_file_at(rootfd, "info/last_cmd_status", 4096, &b, &ignored) == 0 && b.len &&
		!str_eq(b.data, "ok\n"))
		err_hint(e, "resctrl says: %.*s", (int)strcspn(b.data, "\n"), b.data);
	return -e->num;
}

/* One write holds all lines, in the order the spec wants: L3, MB, then the list. */
static int write_schemata(int rootfd, int group, const struct rc_intel_rdt *c, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;

	if (c->l3_cache_schema)
		buf_printf(&b, "%s\n", c->l3_cache_schema);
	if (c->mem_bw_schema)
		buf_printf(&b, "%s\n", c->mem_bw_schema);
	for (size_t i = 0; i < c->schemata.n; i++)
		buf_printf(&b, "%s\n", c->schemata.v[i]);
	if (buf_err(&b, e) < 0)
		return -e->num;
	if (b.len == 0)
		return 0;
	auto_fd int fd = openat(group, "schemata", O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open schemata");
	return io_write_once(fd, b.data, b.len, e) < 0 ? with_status(rootfd, e) : 0;
}

/* A "0=7f0" of the wanted line; values may differ in leading zeros and case. */
struct domain {
	const char *id, *value;
	size_t id_len, value_len;
};

static void trim(const char **s, size_t *n, const char *chars)
{
	while (*n && strchr(chars, **s)) {
		(*s)++;
		(*n)--;
	}
	while (*n && strchr(" \t", (*s)[*n - 1]))
		(*n)--;
}

/* The next domain of the text at *@at, which begins behind the "L3:". */
static bool next_domain(const char **at, struct domain *d)
{
	size_t n = strcspn(*at, ";\n");
	const char *equal = memchr(*at, '=', n);

	if (!equal)
		return false;
	d->id = *at;
	d->id_len = (size_t)(equal - *at);
	d->value = equal + 1;
	d->value_len = (size_t)(*at + n - equal - 1);
	trim(&d->id, &d->id_len, " \t0");
	trim(&d->value, &d->value_len, " \t0");
	*at += n + ((*at)[n] == ';');
	return true;
}

static bool same_domain(const struct domain *a, const struct domain *b)
{
	return a->id_len == b->id_len && memcmp(a->id, b->id, a->id_len) == 0 && a->value_len == b->value_len &&
		strncasecmp(a->value, b->value, a->value_len) == 0;
}

/* What follows "NAME:" in the schemata file @text, for the NAME of @wanted. */
static const char *line_of(const char *text, const char *wanted)
{
	size_t n = strcspn(wanted, ":");

	while (*text) {
		text += strspn(text, " \t");
		if (strncmp(text, wanted, n) == 0 && text[n] == ':')
			return text + n + 1;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

static bool line_matches(const char *text, const char *wanted)
{
	const char *have = line_of(text, wanted), *want = strchr(wanted, ':');
	struct domain w, h;

	if (!have || !want)
		return false;
	want++;
	while (next_domain(&want, &w)) {
		const char *at = have;
		bool found = false;

		while (!found && next_domain(&at, &h))
			found = same_domain(&w, &h);
		if (!found)
			return false;
	}
	return true;
}

static int compare_schemata(int group, const struct rc_intel_rdt *c, struct err *e)
{
	const char *const lines[] = { c->l3_cache_schema, c->mem_bw_schema };
	AUTO(buf) struct buf b = BUF_INIT;

	if (!lines[0] && !lines[1])
		return 0;
	if (io_read_file_at(group, "schemata", MAX_SCHEMATA, &b, e) < 0)
		return -e->num;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (lines[i] && !line_matches(b.data, lines[i]))
			return err_set(
				e, ERR_CONFLICT, EEXIST, "the class exists with other schemata than \"%s\"", lines[i]);
	return 0;
}

/* --- classes and monitoring groups -------------------------------------------------------------------------- */

static const char *group_name(const struct rc_intel_rdt *c, const char *id)
{
	const char *group = c->clos_id ? c->clos_id : id;

	return str_eq(group, "/") ? "." : group;
}

static int open_group(int rootfd, const char *name, struct err *e)
{
	int fd = openat(rootfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 ? fd : err_sys(e, "open class %s", name);
}

/* Find or make the class; *ret_new tells which. */
static int get_group(int rootfd, const struct rc_intel_rdt *c, const char *name, bool *ret_new, struct err *e)
{
	bool may_make = !c->clos_id || has_schema(c);

	*ret_new = false;
	if (may_make && strcmp(name, ".") != 0) {
		if (mkdirat(rootfd, name, 0755) == 0)
			*ret_new = true;
		else if (errno != EEXIST)
			return err_sys(e, "make class %s", name) < 0 ? with_status(rootfd, e) : 0;
	}
	int fd = open_group(rootfd, name, e);
	if (fd == -ENOENT)
		err_hint(e, "a closID without any schema must name a class that exists");
	return fd;
}

static int make_monitor(int rootfd, int group, const char *id, struct err *e)
{
	auto_fd int dir = openat(group, "mon_groups", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_sys(e, "open mon_groups");
	if (mkdirat(dir, id, 0755) == 0 || errno == EEXIST)
		return 0;
	err_sys(e, "make monitoring group %s", id);
	return with_status(rootfd, e);
}

static int fill(int rootfd, int group, const struct rc_intel_rdt *c, const char *id, bool new, struct err *e)
{
	int r = c->clos_id && !new ? compare_schemata(group, c, e) : 0;

	if (r == 0)
		r = write_schemata(rootfd, group, c, e);
	if (r == 0 && c->enable_monitoring)
		r = make_monitor(rootfd, group, id, e);
	return r;
}

int rdt_create(int rootfd, const struct rc_intel_rdt *c, const char *id, struct rdt_made *ret, struct err *e)
{
	const char *name = group_name(c, id);
	bool new = false;

	if (check(c, id, e) < 0)
		return err_wrap(e, "config.json");
	auto_fd int group = get_group(rootfd, c, name, &new, e);
	int r = group < 0 ? group : fill(rootfd, group, c, id, new, e);
	if (r < 0) {
		if (new)
			(void)unlinkat(rootfd, name, AT_REMOVEDIR); /* the error above is what counts */
		return err_wrap(e, "intelRdt class %s", c->clos_id ? c->clos_id : id);
	}
	ret->path[0] = '\0';
	if (new && !c->clos_id)
		fmt_to(ret->path, sizeof(ret->path), "%s", name);
	else if (c->enable_monitoring)
		fmt_to(ret->path, sizeof(ret->path), "%s/mon_groups/%s", name, id);
	return 0;
}

static int add_task(int dir, const char *file, pid_t pid, struct err *e)
{
	char text[16];

	fmt_to(text, sizeof(text), "%d", (int)pid);
	return io_write_file_at(dir, file, text, e);
}

int rdt_add_pid(int rootfd, const struct rc_intel_rdt *c, const char *id, pid_t pid, struct err *e)
{
	char tasks[NAME_MAX + 32];
	auto_fd int group = open_group(rootfd, group_name(c, id), e);
	int r = group < 0 ? group : add_task(group, "tasks", pid, e);

	/* The class first: a monitoring group only takes tasks of its class. */
	fmt_to(tasks, sizeof(tasks), "mon_groups/%s/tasks", id);
	if (r == 0 && c->enable_monitoring)
		r = add_task(group, tasks, pid, e);
	return r < 0 ? err_wrap(e, "intelRdt: add process %d", (int)pid) : 0;
}

int rdt_update(int rootfd, const struct rc_intel_rdt *c, const char *id, struct err *e)
{
	if (check(c, id, e) < 0)
		return -e->num;
	auto_fd int group = open_group(rootfd, group_name(c, id), e);
	int r = group < 0 ? group : write_schemata(rootfd, group, c, e);
	return r < 0 ? err_wrap(e, "intelRdt") : 0;
}

int rdt_remove(int rootfd, const char *path, struct err *e)
{
	if (!path || !*path || unlinkat(rootfd, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return err_sys(e, "remove intelRdt group %s", path);
}
