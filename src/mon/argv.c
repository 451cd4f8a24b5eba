/* struct mon by number and text in arguments: one table for both ways. Arguments and not a file:
 * nothing to write, read and remove, and `ps` shows whose monitor it is. */
#include "mon/argv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

enum kind { ARG_TEXT, ARG_FD, ARG_PID, ARG_BOOL, ARG_U64 };

struct row {
	const char *name;
	enum kind kind;
	size_t offset;
};

#define ROW(name, kind, member) \
	{ \
		"--" name, ARG_##kind, offsetof(struct mon, member) \
	}
static const struct row rows[] = {
	ROW("name", TEXT, name),
	ROW("id", TEXT, id),
	ROW("dir", FD, dir_fd),
	ROW("pid", PID, pid),
	ROW("pidfd", FD, pidfd),
	ROW("adopted", BOOL, adopted),
	ROW("stdin", FD, stdin_fd),
	ROW("stdout", FD, stdout_fd),
	ROW("stderr", FD, stderr_fd),
	ROW("master", FD, master),
	ROW("stdin-once", BOOL, stdin_once),
	ROW("listen", FD, listen_fd),
	ROW("client", FD, client),
	ROW("timeout", U64, timeout_ms),
	ROW("log-driver", TEXT, log_driver),
	ROW("health-interval", U64, health.interval_ms),
	ROW("health-start-period", U64, health.start_period_ms),
	ROW("health-start-interval", U64, health.start_interval_ms),
};

/* --- to arguments ------------------------------------------------------------------------------------------- */

enum { NUMBER_SIZE = 24, MAX_HEALTH_ARGS = 32 };

/* One block: the vector, then the texts that are made here. */
struct out {
	char **argv;
	size_t n;
	char *text;
};

static size_t list_len(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

static void add(struct out *o, const char *text)
{
	o->argv[o->n++] = (char *)text;
}

static void add_number(struct out *o, const char *name, uint64_t v)
{
	add(o, name);
	add(o, o->text);
	o->text += fmt_to(o->text, NUMBER_SIZE, "%llu", (unsigned long long)v) + 1;
}

static void add_row(struct out *o, const struct row *r, const struct mon *m)
{
	const void *at = (const char *)m + r->offset;

	switch (r->kind) {
	case ARG_TEXT: {
		const char *text = *(const char *const *)at;

		if (text) {
			add(o, r->name);
			add(o, text);
		}
		break;
	}
	case ARG_FD: {
		int fd = *(const int *)at;

		/* An open descriptor: only EBADF is possible, and then there is nothing to hand
		 * over. */
		if (fd >= 0 && fcntl(fd, F_SETFD, 0) == 0)
			add_number(o, r->name, (uint64_t)fd);
		break;
	}
	case ARG_PID: add_number(o, r->name, (uint64_t) * (const pid_t *)at); break;
	case ARG_BOOL:
		if (*(const bool *)at)
			add(o, r->name);
		break;
	case ARG_U64:
		if (*(const uint64_t *)at)
			add_number(o, r->name, *(const uint64_t *)at);
		break;
	}
}

char **mon_argv(const struct mon *m, const char *program)
{
	size_t health = list_len(m->health.argv), then = list_len(m->then_argv), text = ARRAY_SIZE(rows) * NUMBER_SIZE;
	size_t n = 2 + 2 * ARRAY_SIZE(rows) + 2 * m->n_log_opts + 2 * health + 1 + then;

	for (size_t i = 0; i < m->n_log_opts; i++)
		text += str_len(m->log_opts[i].key) + str_len(m->log_opts[i].value) + 2;
	char **argv = calloc(1, n * sizeof(*argv) + text);
	if (!argv)
		return NULL;
	struct out o = { .argv = argv, .text = (char *)(argv + n) };
	add(&o, program);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		add_row(&o, &rows[i], m);
	for (size_t i = 0; i < m->n_log_opts; i++) {
		const struct mon_log_opt *l = &m->log_opts[i];
		size_t size = str_len(l->key) + str_len(l->value) + 2;

		add(&o, "--log-opt");
		add(&o, o.text);
		o.text += fmt_to(o.text, size, "%s=%s", l->key, l->value) + 1;
	}
	for (size_t i = 0; i < health; i++) {
		add(&o, "--health-arg");
		add(&o, m->health.argv[i]);
	}
	if (then)
		add(&o, "--then");
	for (size_t i = 0; i < then; i++)
		add(&o, m->then_argv[i]);
	return argv;
}

/* --- from arguments ----------------------------------------------------------------------------------------- */

static int set(void *at, enum kind kind, char *text, bool *ret_ok)
{
	uint64_t v = 0;

	*ret_ok = kind == ARG_TEXT || kind == ARG_BOOL || parse_u64(text, kind == ARG_U64 ? UINT64_MAX : INT32_MAX, &v);
	switch (kind) {
	case ARG_TEXT: *(const char **)at = text; return 2;
	case ARG_BOOL: *(bool *)at = true; return 1;
	case ARG_FD: *(int *)at = (int)v; return 2;
	case ARG_PID: *(pid_t *)at = (pid_t)v; return 2;
	case ARG_U64: *(uint64_t *)at = v; return 2;
	}
	return 1;
}

static bool set_log_opt(struct mon *m, char *text)
{
	char *eq = text ? strchr(text, '=') : NULL;

	if (!eq || m->n_log_opts == MON_MAX_LOG_OPTS)
		return false;
	*eq = '\0';
	m->log_opts[m->n_log_opts++] = (struct mon_log_opt){ text, eq + 1 };
	return true;
}

/* The probe's arguments, each behind its own --health-arg, moved together in place. */
static int set_health(struct mon *m, char **argv)
{
	int n = 0;

	m->health.argv = argv;
	for (int i = 0; str_eq(argv[i], "--health-arg") && argv[i + 1]; i += 2) {
		argv[n] = argv[i + 1];
		n++;
	}
	int used = 2 * n;
	if (n)
		argv[n] = NULL;
	return used;
}

static int one(char **argv, struct mon *m)
{
	bool ok;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!str_eq(argv[0], rows[i].name))
			continue;
		if (rows[i].kind != ARG_BOOL && !argv[1])
			return 0;
		int used = set((char *)m + rows[i].offset, rows[i].kind, argv[1], &ok);
		return ok ? used : 0;
	}
	if (str_eq(argv[0], "--log-opt"))
		return set_log_opt(m, argv[1]) ? 2 : 0;
	if (str_eq(argv[0], "--health-arg"))
		return set_health(m, argv);
	return 0;
}

int mon_from_argv(char **argv, struct mon *ret, struct err *e)
{
	struct mon m = MON_INIT;

	while (*argv) {
		if (str_eq(*argv, "--then")) {
			m.then_argv = argv + 1;
			break;
		}
		int used = one(argv, &m);
		if (used <= 0)
			return err_set(e, ERR_USAGE, EINVAL, "argument %.64s: not known, or without its value", *argv);
		argv += used;
	}
	if (m.dir_fd < 0 || m.pidfd < 0)
		return err_set(
			e, ERR_USAGE, EINVAL, "tare-mon is started by tare, which gives it a container's descriptors");
	*ret = m;
	return 0;
}

int mon_adopt_clients(struct mon_result *r, const char *list, struct err *e)
{
	size_t n = 1;

	if (!list)
		return 0;
	for (const char *p = list; *p; p++)
		n += *p == ',';
	r->clients = calloc(n, sizeof(*r->clients));
	if (!r->clients)
		return err_oom(e, "the sessions");
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");
		uint64_t fd;

		if (!parse_u64_n(p, len, INT32_MAX, &fd) || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
			return err_set(e, ERR_USAGE, EINVAL, "--clients %.64s: not a list of descriptors", list);
		r->clients[r->n_clients++] = (struct mon_client){ .fd = (int)fd };
		p += len;
		if (!*p)
			return 0;
	}
}
