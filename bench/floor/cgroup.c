/* Cgroups without the two slow things: no pid is ever written to cgroup.procs (that waits for RCU, 8 ms when
 * starts are spaced out), and no new cgroup2 superblock is made. v2 is entered by CLONE_INTO_CGROUP, a v1
 * hierarchy by the single-threaded child itself, writing "0" to tasks. */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

static const char *const device_rules[] = {
	"c *:* m",
	"b *:* m",
	"c 1:3 rwm",
	"c 1:5 rwm",
	"c 1:7 rwm",
	"c 1:8 rwm",
	"c 1:9 rwm",
	"c 5:0 rwm",
	"c 5:1 rwm",
	"c 5:2 rwm",
	"c 136:* rwm",
};

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (strncmp(p, word, len) == 0 && (p[len] == ',' || p[len] == '\0'))
			return true;
	}
	return false;
}

/* One line of /proc/self/cgroup: "id:controllers:path". */
static void add_hierarchy(struct floor *f, char *line)
{
	struct floor_hier *h = &f->hier[f->n_hiers];
	char *name = strchr(line, ':'), *end = name ? strchr(name + 1, ':') : NULL;

	if (!end || f->n_hiers == FLOOR_MAX_HIERARCHIES)
		die("/proc/self/cgroup: unexpected line %s", line);
	*end = '\0';
	name++;
	h->v2 = *name == '\0';
	h->cpuset = has_word(name, "cpuset");
	h->devices = has_word(name, "devices");
	if (strncmp(name, "name=", 5) == 0)
		name += 5;
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->dirfd = h->tasksfd = -1;
	f->n_hiers++;
}

/* Hybrid: the unified tree has a directory of its own beside the others; on a v1 host it is not mounted. */
static void place_unified(struct floor *f)
{
	int unified = f->n_hiers - 1; /* always the last line, cgroups(7) */

	if (unified < 0 || !f->hier[unified].v2)
		return;
	if (access(CGROUP_ROOT "/unified/cgroup.procs", F_OK) == 0)
		strcpy(f->hier[unified].name, "unified");
	else
		f->n_hiers--;
}

void cg_find(struct floor *f)
{
	char buf[4096];
	struct statfs fs;

	f->n_hiers = 0;
	f->v2_dirfd = -1;
	if (!f->o.cgroup)
		return;
	if (statfs(CGROUP_ROOT, &fs) < 0)
		die("statfs " CGROUP_ROOT);
	if (fs.f_type == CGROUP2_SUPER_MAGIC) {
		f->hier[0] = (struct floor_hier){ .v2 = true, .dirfd = -1, .tasksfd = -1 };
		f->n_hiers = 1;
		return;
	}
	read_file(AT_FDCWD, "/proc/self/cgroup", buf, sizeof(buf));
	for (char *line = buf, *next; *line; line = next) {
		next = strchr(line, '\n');
		if (!next)
			die("/proc/self/cgroup: no newline");
		*next++ = '\0';
		add_hierarchy(f, line);
	}
	place_unified(f);
}

void cg_path(const struct floor *f, const struct floor_hier *h, char *buf, size_t size)
{
	snprintf(buf, size, CGROUP_ROOT "/%s/%s", h->name, f->o.cgroup);
}

/* A v1 cpuset has no cpus and no memory nodes when new, and takes no task before it has some. */
static void fill_cpuset(const struct floor_hier *h)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	char up[64], buf[256];

	for (size_t i = 0; i < 2; i++) {
		snprintf(up, sizeof(up), "../%s", files[i]);
		read_file(h->dirfd, up, buf, sizeof(buf));
		write_file(h->dirfd, files[i], buf);
	}
}

static void open_hierarchy(struct floor *f, struct floor_hier *h)
{
	char path[512];

	cg_path(f, h, path, sizeof(path));
	h->dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (h->dirfd < 0 && errno == ENOENT && f->o.mode == FLOOR_EXEC) {
		h->tasksfd = -1; /* the runtime that made the container does not use this hierarchy */
		return;
	}
	if (h->dirfd < 0)
		die("open %s", path);
	if (h->v2)
		f->v2_dirfd = h->dirfd;
	else
		h->tasksfd = openat(h->dirfd, "tasks", O_WRONLY | O_CLOEXEC);
	if (!h->v2 && h->tasksfd < 0)
		die("open %s/tasks", path);
}

void cg_open(struct floor *f)
{
	for (int i = 0; i < f->n_hiers; i++)
		open_hierarchy(f, &f->hier[i]);
}

void cg_make(struct floor *f)
{
	char path[512];

	for (int i = 0; i < f->n_hiers; i++) {
		struct floor_hier *h = &f->hier[i];

		cg_path(f, h, path, sizeof(path));
		bool made = mkdir(path, 0755) == 0;

		if (!made && errno == ENOENT) { /* some mount namespace shows this hierarchy, not ours */
			memmove(h, h + 1, (size_t)(--f->n_hiers - i) * sizeof(*h));
			i--;
			continue;
		}
		if (!made)
			die("mkdir %s", path);
		open_hierarchy(f, h);
		if (h->cpuset)
			fill_cpuset(h);
	}
}

void cg_device_rules(struct floor *f)
{
	bool v1 = false;

	if (!f->o.device_rules)
		return;
	for (int i = 0; i < f->n_hiers; i++) {
		struct floor_hier *h = &f->hier[i];
		int allow;

		if (!h->devices)
			continue;
		v1 = true;
		write_file(h->dirfd, "devices.deny", "a");
		allow = openat(h->dirfd, "devices.allow", O_WRONLY | O_CLOEXEC);
		for (size_t r = 0; r < sizeof(device_rules) / sizeof(device_rules[0]); r++)
			if (write(allow, device_rules[r], strlen(device_rules[r])) < 0)
				die("devices.allow: %s", device_rules[r]);
		close(allow);
	}
	if (!v1 && f->v2_dirfd >= 0)
		bpf_device_rules(f->v2_dirfd);
}

void cg_enter_v1(struct floor *f)
{
	for (int i = 0; i < f->n_hiers; i++)
		if (f->hier[i].tasksfd >= 0 && write(f->hier[i].tasksfd, "0", 1) < 0)
			die("enter cgroup %s/%s", f->hier[i].name, f->o.cgroup);
}

void cg_unshare(struct floor *f)
{
	/* after the entry, so that the namespace's root is the container's own cgroup */
	if ((f->o.ns & CLONE_NEWCGROUP) && f->o.mode != FLOOR_EXEC && unshare(CLONE_NEWCGROUP) < 0)
		die("unshare the cgroup namespace");
}

void cg_remove(struct floor *f)
{
	char path[512];

	for (int i = 0; i < f->n_hiers; i++) {
		struct floor_hier *h = &f->hier[i];

		cg_path(f, h, path, sizeof(path));
		if (rmdir(path) < 0 && errno != ENOENT)
			die("rmdir %s", path);
		if (h->dirfd >= 0)
			close(h->dirfd);
		if (h->tasksfd >= 0)
			close(h->tasksfd);
	}
}
