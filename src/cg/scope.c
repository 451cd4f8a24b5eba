/* Talking to systemd's manager.
 *
 * Theory of operation. Starting a unit gives a job; the job's end is told by the signal JobRemoved, which may
 * come before the reply that names the job, so ends seen early are kept. Everything on one connection has
 * one deadline. Whatever goes wrong after the request was sent, the unit is stopped. */
#include "cg/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "cg/dbus.h"
#include "cg/scope_unit.h"
#include "sys/io.h"

enum {
	JOB_MS = 30000,
	UNDO_MS = 5000,
	EARLY = 8, /* ends of jobs of this one unit before the reply */
	JOB_SIZE = 96,
	RESULT_SIZE = 24,
};

#define SYSTEMD "org.freedesktop.systemd1"

static const struct dbus_head manager_call = {
	.type = DBUS_CALL, .destination = SYSTEMD, .path = "/org/freedesktop/systemd1", .interface = SYSTEMD ".Manager"
};

/* --- one call ------------------------------------------------------------------------------------------ */

struct job_end {
	char job[JOB_SIZE], result[RESULT_SIZE];
};

struct wait {
	const char *unit;
	struct job_end ends[EARLY];
	size_t n_ends;
};

static void note_signal(struct wait *w, const struct dbus_msg *m)
{
	struct dbus_in in = dbus_in_body(m);

	if (m->type != DBUS_SIGNAL || !str_eq(m->member, "JobRemoved") || !str_eq(m->signature, "uoss"))
		return;
	(void)dbus_get_u32(&in); /* the job's number; its path is what the reply has */
	const char *job = dbus_get_str(&in), *unit = dbus_get_str(&in), *result = dbus_get_str(&in);
	if (in.bad || !str_eq(unit, w->unit) || w->n_ends == EARLY)
		return;
	struct job_end *end = &w->ends[w->n_ends++];
	fmt_to(end->job, sizeof(end->job), "%s", job);
	fmt_to(end->result, sizeof(end->result), "%s", result);
}

static int call(
	struct dbus *d, const char *member, const char *sig, const struct buf *body, uint8_t flags, struct err *e)
{
	struct dbus_head h = manager_call;

	h.member = member;
	h.signature = sig;
	h.flags = flags;
	return dbus_send(d, &h, body, e);
}

/* The reply to @serial; signals on the way go to @w. */
static int reply(struct dbus *d, int serial, struct wait *w, struct dbus_msg *ret, struct err *e)
{
	for (;;) {
		if (dbus_next(d, ret, e) < 0)
			return -e->num;
		if (ret->type == DBUS_SIGNAL)
			note_signal(w, ret);
		else if (ret->reply_serial == (uint32_t)serial)
			return 0;
	}
}

static int wait_job(struct dbus *d, struct wait *w, const char *job, char result[static RESULT_SIZE], struct err *e)
{
	struct dbus_msg m;
	size_t seen = 0;

	for (;;) {
		for (; seen < w->n_ends; seen++)
			if (str_eq(w->ends[seen].job, job)) {
				fmt_to(result, RESULT_SIZE, "%s", w->ends[seen].result);
				return 0;
			}
		if (w->n_ends == EARLY)
			return err_set(e, ERR_SYSTEM, EPROTO, "systemd reports only other jobs of the unit");
		if (dbus_next(d, &m, e) < 0)
			return -e->num;
		note_signal(w, &m);
	}
}

static int watch_unit(struct dbus *d, const char *unit, struct err *e)
{
	AUTO(buf) struct buf body = BUF_INIT;
	struct dbus_head h = { .type = DBUS_CALL,
		.flags = DBUS_NO_REPLY,
		.destination = "org.freedesktop.DBus",
		.path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus",
		.member = "AddMatch",
		.signature = "s" };
	char rule[512];

	/* A backslash needs no escape inside quotes: D-Bus Specification "Match Rules". */
	fmt_to(rule, sizeof(rule),
		"type='signal',sender='" SYSTEMD "',interface='" SYSTEMD ".Manager',member='JobRemoved',arg2='%s'",
		unit);
	dbus_put_str(&body, rule);
	if (dbus_send(d, &h, &body, e) < 0)
		return -e->num;
	return call(d, "Subscribe", NULL, NULL, DBUS_NO_REPLY, e);
}

/* --- stop ---------------------------------------------------------------------------------------------- */

static bool is_no_unit(const struct dbus_msg *m)
{
	return str_ends(m->error_name, ".NoSuchUnit");
}

static int reset_failed(struct dbus *d, const char *unit, struct err *e)
{
	AUTO(buf) struct buf body = BUF_INIT;
	struct wait w = { .unit = unit };
	struct dbus_msg m;

	dbus_put_str(&body, unit);
	int serial = call(d, "ResetFailedUnit", "s", &body, 0, e);
	if (serial < 0 || reply(d, serial, &w, &m, e) < 0)
		return -e->num;
	return m.type == DBUS_ERROR && !is_no_unit(&m) ? dbus_error_text(&m, e) : 0;
}

static int stop_unit(struct dbus *d, const char *unit, struct err *e)
{
	AUTO(buf) struct buf body = BUF_INIT;
	struct wait w = { .unit = unit };
	struct dbus_msg m;
	char result[RESULT_SIZE], job[JOB_SIZE];

	dbus_put_str(&body, unit);
	dbus_put_str(&body, "replace");
	if (watch_unit(d, unit, e) < 0)
		return -e->num;
	int serial = call(d, "StopUnit", "ss", &body, 0, e);
	if (serial < 0 || reply(d, serial, &w, &m, e) < 0)
		return -e->num;
	if (m.type == DBUS_ERROR)
		return is_no_unit(&m) ? 0 : dbus_error_text(&m, e);
	struct dbus_in in = dbus_in_body(&m);
	fmt_to(job, sizeof(job), "%s", dbus_get_str(&in));
	/* However it ended, what counts is that it is over. */
	return wait_job(d, &w, job, result, e) < 0 ? -e->num : reset_failed(d, unit, e);
}

static int stop_within(const char *unit, bool user, int timeout_ms, struct err *e)
{
	struct dbus d;

	if (dbus_open(user, timeout_ms, &d, e) < 0)
		return err_wrap(e, "stop unit %s", unit);
	int r = stop_unit(&d, unit, e);
	dbus_done(&d);
	return r < 0 ? err_wrap(e, "stop unit %s", unit) : 0;
}

int cg_scope_stop(const char *unit, bool user, struct err *e)
{
	return stop_within(unit, user, JOB_MS, e);
}

/* --- start --------------------------------------------------------------------------------------------- */

static void put_own_props(struct buf *b, const struct cg_scope_new *n, const char *slice, bool v2)
{
	char text[300];
	size_t start;

	fmt_to(text, sizeof(text), "container %s", n->id);
	prop_str(b, "Description", text);
	prop_str(b, "Slice", slice);
	prop_bool(b, "Delegate", true);
	prop_begin(b, "PIDs", "au");
	size_t len_at = dbus_array_begin(b, 4, &start);
	dbus_put_u32(b, (uint32_t)n->pid);
	dbus_array_end(b, len_at, start);
	/* Without accounting systemd does not turn the controllers on, and a later switch is not for all. */
	prop_bool(b, "CPUAccounting", true);
	prop_bool(b, "MemoryAccounting", true);
	prop_bool(b, v2 ? "IOAccounting" : "BlockIOAccounting", true);
	prop_bool(b, "TasksAccounting", true);
	prop_bool(b, "DefaultDependencies", false);
}

/* StartTransientUnit(s name, s mode, a(sv) properties, a(sa(sv)) auxiliary) */
static int start_body(
	struct buf *b, const struct cg_scope_new *n, const char *slice, const char *unit, bool v2, struct err *e)
{
	size_t start, none;

	dbus_put_str(b, unit);
	dbus_put_str(b, "replace");
	size_t len_at = dbus_array_begin(b, 8, &start);
	put_own_props(b, n, slice, v2);
	if (n->res && scope_resources(b, n->res, v2, e) < 0)
		return -e->num;
	if (scope_annotations(b, n->annotations, n->n_annotations, e) < 0)
		return -e->num;
	dbus_array_end(b, len_at, start);
	len_at = dbus_array_begin(b, 8, &none);
	dbus_array_end(b, len_at, none);
	return buf_err(b, e);
}

static int cannot_start(const struct dbus_msg *m, const char *unit, struct err *e)
{
	dbus_error_text(m, e);
	if (str_ends(m->error_name, ".UnitExists")) {
		e->kind = ERR_CONFLICT;
		return err_hint(e, "systemctl stop %s", unit);
	}
	return err_hint(e, "see journalctl -u %s, and the org.systemd.property annotations", unit);
}

static int request(struct dbus *d, struct wait *w, const struct buf *body, char job[static JOB_SIZE], struct err *e)
{
	struct dbus_msg m;

	for (int attempt = 0;; attempt++) {
		int serial = call(d, "StartTransientUnit", "ssa(sv)a(sa(sv))", body, 0, e);

		if (serial < 0 || reply(d, serial, w, &m, e) < 0)
			return -e->num;
		if (m.type == DBUS_RETURN)
			break;
		/* A failed unit of an earlier container with this name is in the way, once. */
		if (attempt > 0 || !str_ends(m.error_name, ".UnitExists"))
			return cannot_start(&m, w->unit, e);
		if (reset_failed(d, w->unit, e) < 0)
			return -e->num;
	}
	struct dbus_in in = dbus_in_body(&m);
	fmt_to(job, JOB_SIZE, "%s", dbus_get_str(&in));
	return in.bad ? err_set(e, ERR_SYSTEM, EPROTO, "systemd's reply names no job") : 0;
}

static int start_unit(struct dbus *d, const char *unit, const struct buf *body, bool *ret_requested, struct err *e)
{
	struct wait w = { .unit = unit };
	char job[JOB_SIZE], result[RESULT_SIZE];

	if (watch_unit(d, unit, e) < 0 || request(d, &w, body, job, e) < 0)
		return -e->num;
	*ret_requested = true;
	if (wait_job(d, &w, job, result, e) < 0)
		return -e->num;
	if (str_eq(result, "done"))
		return 0;
	err_set(e, ERR_SYSTEM, EIO, "systemd could not start it: %s", result);
	return err_hint(e, "see journalctl -u %s", unit);
}

/* Where systemd has put the process: the v2 line, or that of name=systemd. */
static int read_path(const struct cg_host *h, pid_t pid, const char *unit, char ret[static CG_PATH_SIZE], struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	char name[32], *save = NULL;
	const char *want = h->mode == CG_V2 ? "0::" : ":name=systemd:";

	fmt_to(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	if (io_read_file_at(AT_FDCWD, name, 1 << 16, &text, e) < 0)
		return err_wrap(e, "find the unit's cgroup");
	for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *at = h->mode == CG_V2 ? str_after(line, want) : strstr(line, want);

		if (!at)
			continue;
		if (h->mode != CG_V2)
			at += strlen(want);
		const char *last = strrchr(at, '/');
		if (last && str_eq(last + 1, unit) && fmt_fits(ret, CG_PATH_SIZE, "%s", at))
			return 0;
	}
	return err_set(e, ERR_SYSTEM, ESRCH, "systemd has not moved process %d into the unit", (int)pid);
}

int cg_scope_check(const struct cg_scope_new *n, struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	char slice[UNIT_NAME_SIZE], unit[UNIT_NAME_SIZE];

	if (scope_names(n, slice, unit, e) < 0)
		return -e->num;
	return scope_annotations(&b, n->annotations, n->n_annotations, e);
}

int cg_scope_unit(const struct cg_scope_new *n, char ret_unit[static 256], struct err *e)
{
	char slice[UNIT_NAME_SIZE];

	return scope_names(n, slice, ret_unit, e);
}

int cg_scope_start(const struct cg_host *h, const struct cg_scope_new *n, char ret_path[static CG_PATH_SIZE],
	char ret_unit[static 256], struct err *e)
{
	AUTO(buf) struct buf body = BUF_INIT;
	char slice[UNIT_NAME_SIZE];
	bool requested = false;
	struct dbus d;

	if (scope_names(n, slice, ret_unit, e) < 0 || start_body(&body, n, slice, ret_unit, h->mode == CG_V2, e) < 0)
		return -e->num;
	if (dbus_open(n->user, JOB_MS, &d, e) < 0)
		return err_wrap(e, "start unit %s", ret_unit);
	int r = start_unit(&d, ret_unit, &body, &requested, e);
	dbus_done(&d);
	if (r == 0)
		r = read_path(h, n->pid, ret_unit, ret_path, e);
	if (r == 0)
		return 0;
	if (requested || e->num == ETIMEDOUT) {
		struct err ignored = ERR_NONE;

		if (stop_within(ret_unit, n->user, UNDO_MS, &ignored) < 0)
			log_debug("unit=%s undo=stop error=%s", ret_unit, ignored.msg);
	}
	return err_wrap(e, "start unit %s", ret_unit);
}

/* --- update -------------------------------------------------------------------------------------------- */

/* SetUnitProperties(s name, b runtime, a(sv) properties) */
int cg_scope_update(const struct cg_host *h, const char *unit, bool user, const struct rc_resources *res, struct err *e)
{
	AUTO(buf) struct buf body = BUF_INIT;
	struct wait w = { .unit = unit };
	struct dbus_msg m;
	struct dbus d;
	size_t start;

	dbus_put_str(&body, unit);
	dbus_put_u32(&body, true);
	size_t len_at = dbus_array_begin(&body, 8, &start);
	size_t empty = body.len;
	if (scope_resources(&body, res, h->mode == CG_V2, e) < 0)
		return -e->num;
	dbus_array_end(&body, len_at, start);
	if (body.len == empty)
		return 0;
	if (dbus_open(user, JOB_MS, &d, e) < 0)
		return err_wrap(e, "update unit %s", unit);
	int serial = call(&d, "SetUnitProperties", "sba(sv)", &body, 0, e);
	if (serial > 0 && reply(&d, serial, &w, &m, e) == 0 && m.type == DBUS_ERROR)
		dbus_error_text(&m, e);
	dbus_done(&d);
	return e->num ? err_wrap(e, "update unit %s", unit) : 0;
}
