/* tare-fetch as a child: descriptors in, JSON lines out. */
#include "engine/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/programs.h"
#include "spec/json.h"
#include "store/op.h"
#include "sys/io.h"
#include "sys/spawn.h"

enum { MAX_ARGS = 256, LINES_MAX = 1 << 20 };

int image_need(struct engine *en, const char *name, struct store_image *ret, struct err *e)
{
	struct store s;
	bool found;

	if (store_open(en->data_fd, &s, e) < 0 || store_image_find(&s, name, ret, &found, e) < 0)
		return -e->num;
	return found ? 0 : err_set(e, ERR_NOT_FOUND, ENOENT, "No such image: %.300s", name);
}

/* --- what it says -------------------------------------------------------------------------------------------- */

static const char *text_of(const struct json *line, const char *key)
{
	const struct json *v = json_member(line, key);

	return v && v->kind == JSON_KIND_STRING ? v->text : NULL;
}

static int number_of(const struct json *line, const char *key, int max)
{
	const struct json *v = json_member(line, key);
	uint64_t n;

	return v && json_u64(v, 0, (uint64_t)max, &n) == JSON_INT_OK ? (int)n : 0;
}

/* The child parses what hostile people wrote: what it says is checked, and only passed on as text. */
static int take_line(const struct image_call *call, const char *text, size_t n, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct json *line;
	int r = json_parse(text, n, &a, &line, e);
	const char *event = r == 0 ? text_of(line, "event") : NULL;

	if (str_eq(event, "error")) {
		int num = number_of(line, "num", 4095), kind = number_of(line, "kind", ERR_EXEC_DENIED);
		const char *msg = text_of(line, "msg"), *hint = text_of(line, "hint");

		r = err_set(e, (enum err_kind)kind, num ? num : EIO, "%s", msg ? msg : "tare-fetch failed");
		if (hint && *hint)
			err_hint(e, "%s", hint);
	} else if (str_eq(event, "loaded") && image_digest_ok(text_of(line, "id"))) {
		r = call->told ? call->told(call->ctx, text_of(line, "id"), text_of(line, "name"), e) : 0;
	} else if (r == 0) {
		r = err_set(e, ERR_BUG, EPROTO, "tare-fetch said something unexpected");
	}
	arena_done(&a);
	return r;
}

static int take_lines(const struct image_call *call, int fd, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	size_t done = 0;

	for (;;) {
		char *room = buf_reserve(&b, 4096), *end;
		ssize_t n = room ? read(fd, room, 4095) : -1;

		if (!room || b.len > LINES_MAX)
			return err_set(e, ERR_BUG, EFBIG, "tare-fetch said too much");
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "listen to tare-fetch");
		if (n == 0)
			return 0;
		b.len += (size_t)n;
		while ((end = memchr(b.data + done, '\n', b.len - done))) {
			if (take_line(call, b.data + done, (size_t)(end - b.data) - done, e) < 0)
				return -e->num;
			done = (size_t)(end - b.data) + 1;
		}
	}
}

/* --- running it ---------------------------------------------------------------------------------------------- */

/* Is there only one id in this user namespace? Then files cannot have their owners. */
static bool one_id(void)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct err ignored = ERR_NONE;
	const char *last;

	if (io_read_file_at(AT_FDCWD, "/proc/self/uid_map", 4096, &b, &ignored) < 0 || !b.data)
		return false;
	char *end = strchr(b.data, '\n');
	if (!end || end[1]) /* several ranges */
		return false;
	*end = '\0';
	last = strrchr(b.data, ' ');
	return last && str_eq(last + 1, "1");
}

static size_t arguments(
	struct engine *en, const struct image_call *call, const char *argv[static MAX_ARGS], const char *number)
{
	size_t n = 0;

	argv[n++] = "tare-fetch";
	argv[n++] = call->verb;
	argv[n++] = call->keep_is;
	argv[n++] = number;
	if (en->rootless) {
		argv[n++] = "--rootless";
		if (one_id())
			argv[n++] = "--squash";
	}
	const char *limits = getenv("TARE_LIMITS");
	if (limits && *limits) {
		argv[n++] = "--limits";
		argv[n++] = limits;
	}
	for (size_t i = 0; call->args && call->args[i] && n + 1 < MAX_ARGS; i++)
		argv[n++] = call->args[i];
	argv[n] = NULL;
	return n;
}

/* One that was killed, as at its deadline, could not clear up after itself. */
static void sweep(struct engine *en, const struct image_call *call)
{
	struct store_op op = STORE_OP_NONE;
	struct err ignored = ERR_NONE; /* the next operation tries again */

	if (!str_eq(call->keep_is, "--data"))
		return;
	err_told(store_op_begin(en->data_fd, &op, &ignored));
	store_op_done(&op);
}

static int call_once(struct engine *en, const struct image_call *call, struct err *e)
{
	char program[PATH_MAX], number[16], how[64];
	const char *argv[MAX_ARGS];
	char *const no_env[] = { NULL };
	struct spawn s = SPAWN_INIT;
	struct spawn_child child;
	int pipe_fd[2], status;

	if (programs_find("tare-fetch", program, e) < 0)
		return -e->num;
	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	auto_fd int from = pipe_fd[0], to = pipe_fd[1];
	fmt_to(number, sizeof(number), "%d", call->keep_fd);
	if (arguments(en, call, argv, number) + 1 >= MAX_ARGS)
		return err_set(e, ERR_USAGE, E2BIG, "more than %d images at once", MAX_ARGS - 10);
	s.path = program;
	s.argv = (char *const *)(uintptr_t)argv;
	s.envp = no_env;
	s.stdin_fd = call->file_fd;
	s.stdout_fd = to;
	s.stderr_fd = STDERR_FILENO;
	s.keep_fd = call->keep_fd;
	if (spawn_start(&s, &child, e) < 0)
		return -e->num;
	fd_close(&to);
	if (take_lines(call, from, e) < 0) {
		spawn_kill(&child);
		sweep(en, call);
		return -e->num;
	}
	if (spawn_wait(&child, -1, &status, e) < 0)
		return -e->num;
	if (status == 0)
		return 0;
	sweep(en, call);
	spawn_status_text(status, how, sizeof(how));
	return err_set(e, ERR_SYSTEM, EIO, "tare-fetch: %s", how);
}

/* A removal beside us may take a new layer away before the image that uses it is there. The store tells, and a file can
 * be read once more. */
int image_call(struct engine *en, const struct image_call *call, struct err *e)
{
	enum { TRIES = 10 };
	off_t begin = lseek(call->file_fd, 0, SEEK_CUR);
	int n = call_once(en, call, e);

	for (int i = 1; i < TRIES && n == -EAGAIN && e->kind == ERR_CONFLICT; i++) {
		if (begin < 0 || lseek(call->file_fd, begin, SEEK_SET) < 0)
			break;
		err_clear(e);
		n = call_once(en, call, e);
	}
	return n;
}
