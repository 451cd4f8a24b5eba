/* Finding the hierarchies. The start path must not depend on the number of mounts, so the usual places are
 * taken for granted (and found out by cg_create() if wrong); mountinfo is the last resort.
 *
 * What is believed: the file system type of /sys/fs/cgroup, and the kernel's list of hierarchies in
 * /proc/self/cgroup. Directories that merely stand in the tmpfs (a "hugetlb" without a mount) are not in
 * that list and so are never touched. */
#include "cg/host_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fmt.h"
#include "base/str.h"
#include "sys/io.h"

#define CG_ROOT "/sys/fs/cgroup"

enum {
	PROC_CGROUP_MAX = 1 << 16, /* two dozen lines of at most a path each */
	MOUNTINFO_MAX = 64 << 20,
};

static const struct {
	const char *v1, *v2;
} controller_names[CG_N_CONTROLLERS] = {
	[CG_CPU] = { "cpu", "cpu" },
	[CG_CPUACCT] = { "cpuacct", "cpu" },
	[CG_CPUSET] = { "cpuset", "cpuset" },
	[CG_MEMORY] = { "memory", "memory" },
	[CG_IO] = { "blkio", "io" },
	[CG_PIDS] = { "pids", "pids" },
	[CG_HUGETLB] = { "hugetlb", "hugetlb" },
	[CG_RDMA] = { "rdma", "rdma" },
	[CG_DEVICES] = { "devices", "devices" },
	[CG_FREEZER] = { "freezer", "freezer" },
	[CG_NET_CLS] = { "net_cls", "net_cls" },
	[CG_NET_PRIO] = { "net_prio", "net_prio" },
	[CG_PERF] = { "perf_event", "perf_event" },
	[CG_MISC] = { "misc", "misc" },
	[CG_SYSTEMD] = { "name=systemd", "" },
};

const char *cg_controller_name(enum cg_controller c, bool v2)
{
	return v2 ? controller_names[c].v2 : controller_names[c].v1;
}

static const char *next_word(const char *list)
{
	list += strcspn(list, ",");
	return *list ? list + 1 : list;
}

/* Is @name one of the comma-separated words of @list? */
static bool list_has(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; *p; p = next_word(p)) {
		size_t len = strcspn(p, ",");

		if (len == n && strncmp(p, name, n) == 0)
			return true;
	}
	return false;
}

static unsigned controllers_of(const char *list)
{
	unsigned set = 0;

	for (unsigned c = 0; c < CG_N_CONTROLLERS; c++)
		if (list_has(list, controller_names[c].v1))
			set |= 1u << c;
	return set;
}

static bool statfs_is(const char *path, long magic)
{
	struct statfs s;

	if (statfs(path, &s) == 0)
		return s.f_type == magic;
	/* If it could not be asked (ENOMEM), leaving it out would leave a cgroup behind; its user meets the error. */
	return errno != ENOENT && errno != ENOTDIR && errno != EACCES;
}

static bool is_mounted_at(const struct cg_hier *hier)
{
	char path[CG_DIR_SIZE + sizeof(CG_ROOT) + 1];

	if (hier->dir[0] == '/')
		return statfs_is(hier->dir, hier->v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
	fmt_to(path, sizeof(path), CG_ROOT "/%s", hier->dir);
	return statfs_is(path, hier->v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}

/* --- mountinfo --------------------------------------------------------------------------------------- */

static void unescape(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

/* Does the super block with @options carry exactly what the kernel calls @name ("cpu,cpuacct")? */
static bool options_match(const char *options, const char *name)
{
	char word[48];

	for (const char *p = name; *p; p = next_word(p)) {
		fmt_to(word, sizeof(word), "%.*s", (int)strcspn(p, ","), p);
		if (!list_has(options, word))
			return false;
	}
	return true;
}

/* proc_pid_mountinfo(5): ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAG…] - TYPE SOURCE SUPER_OPTIONS */
static char *match_line(char *line, const struct cg_hier *hier)
{
	char *save = NULL, *point = NULL, *sep = strstr(line, " - ");

	if (!sep)
		return NULL;
	*sep = '\0';
	int field = 0;
	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save))
		if (++field == 5)
			point = w;
	char *type = strtok_r(sep + 3, " ", &save);
	char *source = strtok_r(NULL, " ", &save);
	char *options = strtok_r(NULL, " ", &save);
	if (!point || !type || !source || !options)
		return NULL;
	if (strcmp(type, hier->v2 ? "cgroup2" : "cgroup") != 0)
		return NULL;
	if (!hier->v2 && !options_match(options, hier->name))
		return NULL;
	unescape(point);
	return point;
}

/* Finds where @hier is mounted; false: nowhere that can be used. */
static int find_mount(struct cg_hier *hier, const char *mountinfo, bool *ret_found, struct err *e)
{
	auto_free char *copy = strdup(mountinfo);
	char *save = NULL;

	if (!copy)
		return err_oom(e, "mountinfo");
	*ret_found = false;
	for (char *line = strtok_r(copy, "\n", &save); line && !*ret_found; line = strtok_r(NULL, "\n", &save)) {
		char *point = match_line(line, hier);

		if (!point || strlen(point) >= sizeof(hier->dir))
			continue;
		fmt_to(hier->dir, sizeof(hier->dir), "%s", point);
		*ret_found = is_mounted_at(hier); /* not one that something else is mounted over */
	}
	return 0;
}

/* --- the list ---------------------------------------------------------------------------------------- */

static void index_hierarchies(struct cg_host *h)
{
	bool split = false;

	h->unified = -1;
	memset(h->v1_of, -1, sizeof(h->v1_of));
	for (int i = 0; i < h->n_hier; i++) {
		if (h->hier[i].v2) {
			h->unified = (signed char)i;
			continue;
		}
		split = true;
		for (unsigned c = 0; c < CG_N_CONTROLLERS; c++)
			if (h->hier[i].controllers & 1u << c)
				h->v1_of[c] = (signed char)i;
	}
	if (split)
		h->mode = h->unified >= 0 ? CG_HYBRID : CG_V1;
	else
		h->mode = h->unified >= 0 ? CG_V2 : CG_NONE;
}

/* The usual name, or with several controllers any of theirs (which may be a symlink). */
static bool at_usual_place(struct cg_hier *hier)
{
	if (is_mounted_at(hier))
		return true;
	if (!strchr(hier->name, ','))
		return false;
	for (const char *p = hier->name; *p; p = next_word(p)) {
		fmt_to(hier->dir, sizeof(hier->dir), "%.*s", (int)strcspn(p, ","), p);
		if (is_mounted_at(hier))
			return true;
	}
	return false;
}

int cg_host_verify(struct cg_host *h, struct err *e)
{
	AUTO(buf) struct buf mountinfo = BUF_INIT;
	int kept = 0;

	for (int i = 0; i < h->n_hier; i++) {
		bool found = at_usual_place(&h->hier[i]);

		if (!found && !mountinfo.data &&
			io_read_file_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &mountinfo, e) < 0)
			return err_wrap(e, "look for the cgroup mounts");
		if (!found && find_mount(&h->hier[i], mountinfo.data, &found, e) < 0)
			return -e->num;
		if (!found)
			continue; /* not mounted: its cgroups are out of reach */
		if (kept != i)
			h->hier[kept] = h->hier[i];
		kept++;
	}
	h->n_hier = kept;
	h->verified = true;
	index_hierarchies(h);
	return 0;
}

static void usual_place(struct cg_hier *hier)
{
	const char *plain = str_after(hier->name, "name=");

	fmt_to(hier->dir, sizeof(hier->dir), "%s", plain ? plain : hier->name);
}

/* One line "ID:CONTROLLERS:PATH" of /proc/self/cgroup, cgroups(7). */
static void add_line(struct cg_host *h, char *line)
{
	char *names = strchr(line, ':');
	char *path = names ? strchr(names + 1, ':') : NULL;

	if (!path || h->n_hier == CG_MAX_HIER)
		return;
	*path = '\0';
	names++;
	struct cg_hier *hier = &h->hier[h->n_hier];
	*hier = (struct cg_hier){ .v2 = line[0] == '0' && line[1] == ':' };
	if (strlen(names) >= sizeof(hier->name))
		return;
	fmt_to(hier->name, sizeof(hier->name), "%s", names);
	hier->controllers = hier->v2 ? 0 : controllers_of(names);
	usual_place(hier);
	/* A "0::" line says only that cgroup2 was mounted once somewhere; a list of controllers does not say
	 * under which of their names they are mounted. */
	if (hier->v2)
		fmt_to(hier->dir, sizeof(hier->dir), "unified");
	h->n_hier++;
}

static int read_list(struct cg_host *h, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	char *save = NULL;

	if (io_read_file_at(AT_FDCWD, "/proc/self/cgroup", PROC_CGROUP_MAX, &text, e) < 0)
		return err_wrap(e, "list the cgroup hierarchies");
	for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add_line(h, line);
	return 0;
}

static int open_split(struct cg_host *h, enum cg_trust trust, struct err *e)
{
	int kept = 0;

	if (read_list(h, e) < 0)
		return -e->num;
	if (trust == CG_VERIFY)
		return cg_host_verify(h, e);
	for (int i = 0; i < h->n_hier; i++) {
		bool ambiguous = strchr(h->hier[i].name, ',') != NULL;

		if (ambiguous && !at_usual_place(&h->hier[i]))
			return cg_host_verify(h, e);
		if (h->hier[i].v2 && !is_mounted_at(&h->hier[i]))
			continue; /* "0::" is always in the list, also on pure v1 */
		if (kept != i)
			h->hier[kept] = h->hier[i];
		kept++;
	}
	h->n_hier = kept;
	index_hierarchies(h);
	return 0;
}

int cg_host_open(enum cg_trust trust, struct cg_host *ret, struct err *e)
{
	struct statfs s;

	*ret = (struct cg_host){ .mode = CG_NONE, .unified = -1 };
	memset(ret->v1_of, -1, sizeof(ret->v1_of));
	ret->root = open(CG_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->root < 0) {
		ret->root = FD_NONE;
		return errno == ENOENT ? 0 : err_sys(e, "open " CG_ROOT);
	}
	if (fstatfs(ret->root, &s) < 0) {
		err_sys(e, "fstatfs " CG_ROOT);
		cg_host_done(ret);
		return -e->num;
	}
	if (s.f_type == CGROUP2_SUPER_MAGIC) {
		ret->hier[0] = (struct cg_hier){ .dir = ".", .v2 = true };
		ret->n_hier = 1;
		ret->verified = true;
		index_hierarchies(ret);
		return 0;
	}
	/* Not a tmpfs: an empty directory of sysfs, the hierarchies may be anywhere. */
	if (open_split(ret, s.f_type == TMPFS_MAGIC ? trust : CG_VERIFY, e) < 0) {
		cg_host_done(ret);
		return -e->num;
	}
	return 0;
}

void cg_host_done(struct cg_host *h)
{
	fd_close(&h->root);
	h->n_hier = 0;
	h->mode = CG_NONE;
}

int cg_hier_of(const struct cg_host *h, enum cg_controller c)
{
	return h->v1_of[c] >= 0 ? h->v1_of[c] : h->unified;
}

int cg_path_of(pid_t pid, const struct cg_hier *hier, char ret[static CG_PATH_SIZE], struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	char *save = NULL, file[48] = "/proc/self/cgroup";

	if (pid)
		fmt_to(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	if (io_read_file_at(AT_FDCWD, file, PROC_CGROUP_MAX, &text, e) < 0)
		return err_wrap(e, "find a process's cgroup");
	for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *names = strchr(line, ':');
		char *path = names ? strchr(names + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		if (strcmp(names + 1, hier->name) != 0 || hier->v2 != (line[0] == '0'))
			continue;
		if (!fmt_fits(ret, CG_PATH_SIZE, "%s", path))
			return err_num(e, ENAMETOOLONG, "a process's cgroup");
		return 0;
	}
	return err_set(e, ERR_NOT_FOUND, ENOENT, "no cgroup (%s) in %s", hier->v2 ? "v2" : hier->name, file);
}

int cg_open_beside(const struct cg_host *h, pid_t pid, struct err *e)
{
	char path[CG_PATH_SIZE];

	if (h->unified < 0)
		return err_set(e, ERR_NOT_FOUND, ENOENT, "there is no v2 hierarchy");
	if (cg_path_of(pid, &h->hier[h->unified], path, e) < 0)
		return -e->num;
	int fd = cg_file_open(h, h->unified, path, NULL, O_PATH | O_DIRECTORY);
	return fd < 0 ? err_num(e, -fd, "open cgroup %s", path) : fd;
}
