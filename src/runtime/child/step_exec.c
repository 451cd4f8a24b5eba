/* The program: where it is, its working directory, its HOME. Everything is looked up in the container's root
 * by openat2, magic links refused: /proc/self/fd/N as working directory or program would lead to the host
 * (CVE-2024-21626). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "runtime/child/steps.h"
#include "sys/path.h"

enum { PASSWD_MAX = 1 << 20 };

/* 0 when @path, absolute or below the working directory, can be executed; else -errno. It is looked up from the root in
 * either case: ".." may lead above the working directory, but not above the root. */
static int executable(const struct child_program *g, int rootfd, const char *path)
{
	char whole[PATH_MAX];
	struct stat st;

	if (path[0] != '/' && !fmt_fits(whole, sizeof(whole), "%s/%s", g->process->cwd, path))
		return -ENAMETOOLONG;
	int fd = path_try_in(rootfd, path[0] == '/' ? path : whole, O_PATH);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) && (st.st_mode & 0111) ? 0 : -EACCES;
}

static int refuse(const char *name, const char *path, int num, struct err *e)
{
	if (num == ENOENT || num == ENOTDIR || num == ELOOP)
		return err_set(e, ERR_EXEC_NOT_FOUND, num, "exec: \"%s\": stat %s: %s", name, path,
			num == ENOENT		 ? "no such file or directory"
				: num == ENOTDIR ? "not a directory"
						 : "too many levels of symbolic links");
	if (num == EISDIR)
		return err_set(e, ERR_EXEC_DENIED, EISDIR, "exec: \"%s\": is a directory: permission denied", name);
	return err_set(e, ERR_EXEC_DENIED, EACCES, "exec: \"%s\": permission denied", name);
}

static int search_path(const struct child_program *g, int rootfd, struct child_state *s, struct err *e)
{
	const char *name = g->process->args.v[0];
	const char *dirs = g->path_env ? g->path_env : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	int denied = 0;

	while (*dirs) {
		size_t n = strcspn(dirs, ":");

		if (n && fmt_fits(g->found_slot, PATH_MAX, "%.*s/%s", (int)n, dirs, name)) {
			int r = executable(g, rootfd, g->found_slot);

			s->program = g->found_slot;
			if (r == 0)
				return 0;
			denied = r == -EACCES ? EACCES : denied;
		}
		dirs += n + (dirs[n] == ':');
	}
	if (denied)
		return refuse(name, name, denied, e);
	return err_set(e, ERR_EXEC_NOT_FOUND, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

static int program_find(const struct child_program *g, int rootfd, struct child_state *s, struct err *e)
{
	const char *name = g->process->args.v[0];

	if (!strchr(name, '/'))
		return search_path(g, rootfd, s, e);
	if (strlen(name) >= PATH_MAX)
		return refuse("…", "…", ENOENT, e);
	s->program = name;
	int r = executable(g, rootfd, name);
	return r < 0 ? refuse(name, name, -r, e) : 0;
}

static int program_cwd(const struct child_program *g, int rootfd, struct child_state *s, struct err *e)
{
	const char *cwd = g->process->cwd;

	if (s->at_root && str_eq(cwd, "/"))
		return 0;
	s->cwdfd =
		g->make_cwd ? path_mkdir_in(rootfd, cwd, 0755, e) : path_open_in(rootfd, cwd, O_PATH | O_DIRECTORY, e);
	if (s->cwdfd >= 0)
		return 0;
	if (e->num == ENOTDIR)
		return err_wrap(e, "config.json: /process/cwd");
	return err_wrap(e, "chdir to cwd (\"%s\") set in config.json", cwd);
}

struct line_reader {
	int fd;
	size_t len, pos, total;
	char block[4096];
};

/* The next line without its newline; an over-long one comes in pieces that match nothing. */
static bool next_line(struct line_reader *r, char *line, size_t size)
{
	size_t n = 0;

	for (;;) {
		if (r->pos == r->len) {
			ssize_t got = r->total < PASSWD_MAX ? read(r->fd, r->block, sizeof(r->block)) : 0;

			if (got <= 0)
				break;
			r->len = (size_t)got;
			r->total += r->len;
			r->pos = 0;
		}
		char c = r->block[r->pos++];
		if (c == '\n')
			break;
		if (n + 1 < size)
			line[n++] = c;
	}
	line[n] = '\0';
	return n > 0 || r->pos < r->len;
}

/* name:password:uid:gid:gecos:home:shell; an entry with an empty uid is invalid, not root. */
static bool passwd_home(const char *line, uint32_t uid, char *dst, size_t size)
{
	const char *field[7] = { line };
	size_t n = 1;
	uint64_t have;

	for (const char *c = line; *c && n < 7; c++)
		if (*c == ':')
			field[n++] = c + 1;
	if (n < 6)
		return false;
	size_t uid_len = (size_t)(field[3] - field[2] - 1);
	if (!parse_u64_n(field[2], uid_len, UINT32_MAX, &have) || have != uid)
		return false;
	size_t home_len = strcspn(field[5], ":");
	return home_len > 0 && field[5][0] == '/' && fmt_fits(dst, size, "HOME=%.*s", (int)home_len, field[5]);
}

/* Out of line: without a passwd file its buffers are not to be touched. */
__attribute__((noinline)) static bool find_home(const struct child_program *g, int fd)
{
	struct line_reader r = { .fd = fd };
	char line[1024];

	while (next_line(&r, line, sizeof(line)))
		if (passwd_home(line, g->process->uid, g->home_slot, PATH_MAX))
			return true;
	return false;
}

static int program_home(const struct child_program *g, int rootfd, struct err *e)
{
	struct stat st;

	if (!g->needs_home)
		return 0;
	int fd = path_try_in(rootfd, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !find_home(g, fd))
		fmt_to(g->home_slot, PATH_MAX, "HOME=%s", g->process->uid ? "/" : "/root");
	g->envp[g->n_env] = g->home_slot;
	(void)e;
	return 0;
}

int program_prepare(const struct child_program *g, int rootfd, struct child_state *s, struct err *e)
{
	int r = program_cwd(g, rootfd, s, e);

	if (r == 0)
		r = program_home(g, rootfd, e);
	return r < 0 ? r : program_find(g, rootfd, s, e);
}
