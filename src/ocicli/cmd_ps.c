/* ps: the processes of a container, as a list of host pids or through the host's ps(1). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/str.h"
#include "ocicli/commands.h"
#include "sys/io.h"
#include "sys/spawn.h"

struct ps_opts {
	const char *format;
};

static const struct opt ps_rows[] = {
	{ 'f', "format", "FORMAT", OPT(TEXT, ps_opts, format), "table (default) or json", "table|json" },
};

static bool contains(const pid_t *pids, size_t n, int64_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* The @index'th word of @line (without its end), or NULL; its length in *ret_n. */
static const char *word_at(const char *line, size_t len, size_t index, size_t *ret_n)
{
	const char *p = line, *end = line + len;

	for (size_t i = 0;; i++) {
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		const char *start = p;
		while (p < end && *p != ' ' && *p != '\t')
			p++;
		if (p == start)
			return NULL;
		if (i == index) {
			*ret_n = (size_t)(p - start);
			return start;
		}
	}
}

static int pid_column(const char *line, size_t len, size_t *ret, struct err *e)
{
	const char *w;
	size_t n = 0;

	for (size_t i = 0; (w = word_at(line, len, i, &n)); i++) {
		if (n == 3 && !memcmp(w, "PID", 3)) {
			*ret = i;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, EINVAL, "couldn't find PID field in ps output");
}

static int filter(const char *text, const pid_t *pids, size_t n_pids, struct buf *out, struct err *e)
{
	const char *line = text, *w;
	size_t column = 0, n = 0, len = strcspn(line, "\n");
	uint64_t pid;

	int r = pid_column(line, len, &column, e);
	if (r < 0)
		return r;
	buf_add(out, line, len);
	buf_str(out, "\n");
	for (line += len; *line; line += len) {
		line += *line == '\n';
		len = strcspn(line, "\n");
		w = word_at(line, len, column, &n);
		if (!w || !parse_u64_n(w, n, INT32_MAX, &pid) || !contains(pids, n_pids, (int64_t)pid))
			continue;
		buf_add(out, line, len);
		buf_str(out, "\n");
	}
	return 0;
}

static int run_ps(char **args, struct buf *ret, struct err *e)
{
	static char name[] = "ps", all[] = "-ef";
	char path[128], *fallback[] = { name, all, NULL };
	int ends[2], status, r;

	if (!spawn_find("ps", NULL, path, sizeof(path)))
		return err_set(e, ERR_UNSUPPORTED, ENOENT, "the program ps is not installed; use --format json");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe for ps");
	auto_fd int out = ends[0], in = ends[1];
	struct spawn s = SPAWN_INIT;
	struct spawn_child child;
	s.path = path;
	s.envp = environ;
	s.stdout_fd = in;
	s.stderr_fd = STDERR_FILENO;
	if (*args)
		*--args = name; /* the slot of the container's id */
	s.argv = *args ? args : fallback;
	r = spawn_start(&s, &child, e);
	fd_close(&in);
	if (r < 0)
		return r;
	r = io_read_all(out, 64 << 20, ret, e);
	if (r < 0) {
		spawn_kill(&child);
		return r;
	}
	r = spawn_wait(&child, -1, &status, e);
	if (r < 0 || status == 0)
		return r;
	char how[64];
	spawn_status_text(status, how, sizeof(how));
	return err_set(e, ERR_SYSTEM, EIO, "ps: %s", how);
}

static void add_pids(struct buf *b, const pid_t *pids, size_t n)
{
	buf_str(b, n ? "[" : "null");
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%d", i ? "," : "", pids[i]);
	buf_str(b, n ? "]\n" : "\n");
}

static int ps(struct cli *c, struct err *e)
{
	const struct ps_opts *o = c->opts;
	AUTO(buf) struct buf out = BUF_INIT;
	AUTO(buf) struct buf text = BUF_INIT;
	auto_free pid_t *pids = NULL;
	size_t n = 0;

	int r = rt_pids(&c->rt, c->operands[0], &pids, &n, e);
	if (r < 0)
		return r;
	if (str_eq(o->format, "json")) {
		add_pids(&out, pids, n);
		return cli_write(&out, e);
	}
	if (c->like == LIKE_CRUN) {
		buf_str(&out, "PID\n");
		for (size_t i = 0; i < n; i++)
			buf_printf(&out, "%d\n", pids[i]);
		return cli_write(&out, e);
	}
	r = run_ps(c->operands + 1, &text, e);
	if (!r)
		r = filter(text.data ? text.data : "", pids, n, &out, e);
	return r ? r : cli_write(&out, e);
}

const struct command cmd_ps = { .name = "ps",
	.operands = "CONTAINER [PS-OPTION]...",
	.summary = "show the processes of a container",
	.opts = OPT_TABLE(ps_rows),
	.opts_size = sizeof(struct ps_opts),
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_STATE | CMD_STOP,
	.run = ps };
