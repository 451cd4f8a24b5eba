/* create, start, state, delete: one process each, as callers of an OCI runtime use it. The state is a directory with
 * a fifo that the child waits on and its pid with the start time that tells it from a later owner of that pid. */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int state_dir(const struct floor *f)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), FLOOR_STATE_DIR "/%s", f->o.id);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		die("open %s", path);
	return fd;
}

/* Field 22 of /proc/PID/stat, counted from the end of the name, which may hold anything, proc(5). False when the
 * process has ended, waited for or not. */
static bool start_time(pid_t pid, char *buf, size_t size)
{
	char path[64], stat[1024], *p;
	int fd, field = 2;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	if (n <= 0)
		return false;
	stat[n] = '\0';
	p = strrchr(stat, ')');
	if (p && (p[2] == 'Z' || p[2] == 'X'))
		return false;
	for (; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		die("%s: unexpected content", path);
	snprintf(buf, size, "%.*s", (int)strcspn(p + 1, " "), p + 1);
	return true;
}

void life_create(struct floor *f)
{
	char path[512], start[32] = "", text[64], ready;
	int dir, fds[2];

	if (mkdir(FLOOR_STATE_DIR, 0700) < 0 && errno != EEXIST)
		die("mkdir " FLOOR_STATE_DIR);
	snprintf(path, sizeof(path), FLOOR_STATE_DIR "/%s", f->o.id);
	if (mkdir(path, 0700) < 0)
		die("mkdir %s", path);
	dir = state_dir(f);
	if (mkfifoat(dir, "gate", 0600) < 0)
		die("mkfifo gate");
	/* for reading and writing, so that neither side waits for the other's open */
	f->gate_fd = openat(dir, "gate", O_RDWR | O_CLOEXEC);
	if (f->gate_fd < 0 || pipe2(fds, O_CLOEXEC) < 0)
		die("open gate");
	f->sync_fd = fds[1];
	spawn_run(f);
	close(fds[1]);
	if (read(fds[0], &ready, 1) != 1)
		die("the container's process ended");
	if (!start_time(f->pid, start, sizeof(start)))
		die("the container's process is gone");
	snprintf(text, sizeof(text), "%d %s", f->pid, start);
	fds[0] = openat(dir, "pid", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fds[0] < 0 || write(fds[0], text, strlen(text)) < 0)
		die("write pid");
}

/* The pid, and whether that process still lives. */
static pid_t read_state(int dir, bool *ret_alive)
{
	char text[64], now[32], *start;
	pid_t pid;

	read_file(dir, "pid", text, sizeof(text));
	pid = (pid_t)strtol(text, &start, 10);
	*ret_alive = start_time(pid, now, sizeof(now)) && strcmp(now, start + 1) == 0;
	return pid;
}

int life_start(struct floor *f)
{
	int dir = state_dir(f), gate;
	bool alive;

	read_state(dir, &alive);
	gate = openat(dir, "gate", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (!alive || gate < 0 || write(gate, "s", 1) != 1)
		die("start %s", f->o.id);
	return 0;
}

int life_state(struct floor *f)
{
	bool alive;
	pid_t pid = read_state(state_dir(f), &alive);

	dprintf(1, "{\"id\": \"%s\", \"pid\": %d, \"status\": \"%s\"}\n", f->o.id, alive ? pid : 0,
		alive ? "running" : "stopped");
	return 0;
}

int life_delete(struct floor *f)
{
	char path[512];
	int dir = state_dir(f);
	bool alive;

	read_state(dir, &alive);
	if (alive) {
		errno = 0;
		die("delete %s: it runs", f->o.id);
	}
	cg_find(f);
	cg_remove(f);
	snprintf(path, sizeof(path), FLOOR_STATE_DIR "/%s", f->o.id);
	if (unlinkat(dir, "gate", 0) < 0 || unlinkat(dir, "pid", 0) < 0 || rmdir(path) < 0)
		die("remove %s", path);
	return 0;
}
