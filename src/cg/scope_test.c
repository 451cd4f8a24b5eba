/* The systemd driver against a real dbus-daemon and a manager of our own on it, which does to a unit what its name
 * says. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include "cg/dbus.h"
#include "cg/procs.h"
#include "cg/scope.h"
#include "cg/scope_unit.h"
#include "cg/test_view.h"

TEST(names)
{
	static const struct {
		const char *path, *id, *slice, *unit;
	} t[] = { { NULL, "x", "system.slice", "tare-x.scope" }, { "a-b.slice:p:n", "x", "a-b.slice", "p-n.scope" },
		{ ":p:n", "x", "system.slice", "p-n.scope" }, { "-.slice::n", "x", "-.slice", "n.scope" },
		{ NULL, "a+b", "system.slice", "tare-a\\x2bb.scope" },
		{ "a.slice:p:n.scope", "x", "a.slice", "p-n.scope" } };
	static const char *const bad[] = { "abc", "/a/b", "a:b", "a.slice:b:", "a:b:c", "a/b.slice:p:n", "-a.slice:p:n",
		"a--b.slice:p:n", "a.slice:p:n.slice", ".slice:p:n" };
	char slice[UNIT_NAME_SIZE], unit[UNIT_NAME_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct err e = ERR_NONE;
		struct cg_scope_new n = { .cgroups_path = t[i].path, .id = t[i].id };

		CHECK(scope_names(&n, slice, unit, &e) == 0, "%s", e.msg);
		assert_string_equal(slice, t[i].slice);
		assert_string_equal(unit, t[i].unit);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_NONE;
		struct cg_scope_new n = { .cgroups_path = bad[i], .id = "x" };

		CHECK(scope_names(&n, slice, unit, &e) < 0 && strstr(e.msg, "/linux/cgroupsPath"), "%s: %s", bad[i],
			e.msg);
	}
}

/* The value of property @name in a list of a(sv) whose values are numbers, booleans, strings or ay. */
static bool find_prop(const struct buf *b, const char *name, char dst[static 64])
{
	struct dbus_in in = { .data = (const uint8_t *)b->data, .len = b->len };

	while (!in.bad && in.at < in.len) {
		in.at = (in.at + 7) / 8 * 8;
		const char *key = dbus_get_str(&in);
		const char *sig = dbus_get_sig(&in);

		if (strcmp(key, name) != 0) {
			dbus_skip(&in, sig);
			continue;
		}
		if (*sig == 't')
			fmt_to(dst, 64, "%" PRIu64, dbus_get_u64(&in));
		else if (*sig == 'b')
			fmt_to(dst, 64, "%u", dbus_get_u32(&in));
		else if (*sig == 's')
			fmt_to(dst, 64, "%s", dbus_get_str(&in));
		else
			fmt_to(dst, 64, "%u bytes", dbus_get_u32(&in));
		return !in.bad;
	}
	return false;
}

static void expect_prop(const struct buf *b, const char *name, const char *want)
{
	char got[64] = "absent";

	CHECK(find_prop(b, name, got) && strcmp(got, want) == 0, "%s: %s, not %s", name, got, want);
}

TEST(resources_become_properties)
{
	struct rc_memory m = { .limit = { true, 1000 }, .swap = { true, 1500 }, .reservation = { true, 500 } };
	struct rc_cpu c = {
		.shares = { true, 1024 }, .quota = { true, 33333 }, .period = { true, 100000 }, .cpus = "0-3,9"
	};
	struct rc_kv kv = { "memory.high", "max" };
	struct rc_resources r = { .memory = &m, .cpu = &c, .pids_limit = { true, -1 }, .unified = { &kv, 1 } };
	AUTO(buf) struct buf v2 = BUF_INIT, v1 = BUF_INIT;
	struct err e = ERR_NONE;
	char got[64];

	CHECK(scope_resources(&v2, &r, true, &e) == 0, "%s", e.msg);
	expect_prop(&v2, "MemoryMax", "1000");
	expect_prop(&v2, "MemoryLow", "500");
	expect_prop(&v2, "MemorySwapMax", "500");
	expect_prop(&v2, "CPUWeight", "100");
	expect_prop(&v2, "CPUQuotaPerSecUSec", "340000");
	expect_prop(&v2, "CPUQuotaPeriodUSec", "100000");
	expect_prop(&v2, "AllowedCPUs", "2 bytes");
	expect_prop(&v2, "TasksMax", "18446744073709551615");
	expect_prop(&v2, "MemoryHigh", "18446744073709551615");
	CHECK(scope_resources(&v1, &r, false, &e) == 0, "%s", e.msg);
	expect_prop(&v1, "MemoryLimit", "1000");
	expect_prop(&v1, "CPUShares", "1024");
	CHECK(!find_prop(&v1, "MemorySwapMax", got), "v2's property on v1");
}

TEST(annotations_become_properties)
{
	struct rc_kv kv[] = { { "org.systemd.property.CollectMode", "'inactive-or-failed'" },
		{ "org.systemd.property.TimeoutStopSec", "uint64 5" }, { "other", "x" },
		{ "org.systemd.property.SendSIGHUP", "true" } };
	struct rc_kv bad[] = { { "org.systemd.property.X", "true" }, { "org.systemd.property.A-b", "true" },
		{ "org.systemd.property.Good", "nope" }, { "org.systemd.property.TimeoutSec", "'x'" } };
	AUTO(buf) struct buf b = BUF_INIT;
	struct err e = ERR_NONE;

	CHECK(scope_annotations(&b, kv, ARRAY_SIZE(kv), &e) == 0, "%s", e.msg);
	expect_prop(&b, "CollectMode", "inactive-or-failed");
	expect_prop(&b, "TimeoutStopUSec", "5000000");
	expect_prop(&b, "SendSIGHUP", "1");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(buf) struct buf ignored = BUF_INIT;

		CHECK(scope_annotations(&ignored, &bad[i], 1, &e) < 0 && strstr(e.msg, "/annotations/"), "%s",
			bad[i].key);
		err_clear(&e);
	}
}

/* --- the manager --------------------------------------------------------------------------------------- */

static char dir[] = "/tmp/tare-test-scope-XXXXXX", address[96];
static pid_t bus_pid, manager_pid;

static void start_bus(void)
{
	char config[128], text[1024];

	fmt_to(address, sizeof(address), "unix:path=%s/bus", dir);
	fmt_to(config, sizeof(config), "%s/bus.conf", dir);
	size_t n = fmt_to(text, sizeof(text),
		"<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth><policy context=\"default\">"
		"<allow send_destination=\"*\"/><allow own=\"*\"/><allow receive_sender=\"*\"/></policy></busconfig>",
		address);
	auto_fd int fd = open(config, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(write(fd, text, n) == (ssize_t)n, "bus.conf");
	int ready[2];
	char byte;
	CHECK(pipe(ready) == 0, "pipe");
	bus_pid = fork();
	if (bus_pid == 0) {
		char print[32], conf[160];

		fmt_to(print, sizeof(print), "--print-address=%d", ready[1]);
		fmt_to(conf, sizeof(conf), "--config-file=%s", config);
		execlp("dbus-daemon", "dbus-daemon", conf, "--nofork", "--nopidfile", print, NULL);
		_exit(127);
	}
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 1, "dbus-daemon does not start");
	close(ready[0]);
}

static void answer(struct dbus *d, const struct dbus_msg *m, const char *error, const char *sig, const char *value)
{
	AUTO(buf) struct buf body = BUF_INIT;
	struct err e = ERR_NONE;
	struct dbus_head h = { .type = error ? DBUS_ERROR : DBUS_RETURN,
		.flags = DBUS_NO_REPLY,
		.destination = m->sender,
		.reply_serial = m->serial,
		.error_name = error,
		.signature = sig };

	if (sig)
		dbus_put_str(&body, value);
	if (!(m->flags & DBUS_NO_REPLY) && dbus_send(d, &h, &body, &e) < 0)
		_exit(3);
}

static void job_removed(struct dbus *d, const char *job, const char *unit, const char *result)
{
	AUTO(buf) struct buf body = BUF_INIT;
	struct err e = ERR_NONE;
	struct dbus_head h = { .type = DBUS_SIGNAL,
		.flags = DBUS_NO_REPLY,
		.path = "/org/freedesktop/systemd1",
		.interface = "org.freedesktop.systemd1.Manager",
		.member = "JobRemoved",
		.signature = "uoss" };

	dbus_put_u32(&body, 1);
	dbus_put_str(&body, job);
	dbus_put_str(&body, unit);
	dbus_put_str(&body, result);
	if (dbus_send(d, &h, &body, &e) < 0)
		_exit(4);
}

/* The pid of the PIDs property; every other property is passed over. */
static pid_t pid_of(struct dbus_in *in)
{
	pid_t pid = 0;
	size_t end = dbus_get_u32(in);

	in->at = (in->at + 7) / 8 * 8;
	for (end += in->at; !in->bad && in->at < end;) {
		in->at = (in->at + 7) / 8 * 8;
		const char *name = dbus_get_str(in), *sig = dbus_get_sig(in);

		if (strcmp(name, "PIDs") == 0 && dbus_get_u32(in) == 4)
			pid = (pid_t)dbus_get_u32(in);
		else
			dbus_skip(in, sig);
	}
	return in->bad ? 0 : pid;
}

static void enter(const char *unit, pid_t pid)
{
	struct cg_host h;
	struct err e = ERR_NONE;
	char path[CG_PATH_SIZE], text[16];

	fmt_to(path, sizeof(path), "/%s", unit);
	struct cg_new n = { .path = path };
	struct cg c;
	fmt_to(text, sizeof(text), "%d", (int)pid);
	if (cg_host_open(CG_USUAL, &h, &e) < 0 || cg_create(&h, &n, &c, &e) < 0) {
		err_print(2, "manager", &e);
		_exit(5);
	}
	int hier = h.mode == CG_V2 ? h.unified : h.v1_of[CG_SYSTEMD];
	if (cg_file_write(&h, hier, path, "cgroup.procs", text) < 0)
		_exit(6);
	cg_done(&c);
	cg_host_done(&h);
}

static void start_transient(struct dbus *d, const struct dbus_msg *m)
{
	static int n_exists;
	struct dbus_in in = dbus_in_body(m);
	const char *unit = dbus_get_str(&in);

	(void)dbus_get_str(&in);
	pid_t pid = pid_of(&in);
	if (strstr(unit, "denied") || pid == 0) {
		answer(d, m, "org.freedesktop.DBus.Error.AccessDenied", "s", "go away");
		return;
	}
	if (strstr(unit, "exists") && n_exists++ == 0) {
		answer(d, m, "org.freedesktop.systemd1.UnitExists", "s", "it is there");
		return;
	}
	if (!strstr(unit, "fails") && !strstr(unit, "elsewhere"))
		enter(unit, pid);
	if (strstr(unit, "early"))
		job_removed(d, "/job/1", unit, "done");
	job_removed(d, "/job/0", unit, "failed"); /* of an older job */
	answer(d, m, NULL, "o", "/job/1");
	if (!strstr(unit, "early"))
		job_removed(d, "/job/1", unit, strstr(unit, "fails") ? "failed" : "done");
}

static void stop(struct dbus *d, const struct dbus_msg *m)
{
	struct dbus_in in = dbus_in_body(m);
	const char *unit = dbus_get_str(&in);

	if (strstr(unit, "gone")) {
		answer(d, m, "org.freedesktop.systemd1.NoSuchUnit", "s", "no");
		return;
	}
	answer(d, m, NULL, "o", "/job/2");
	job_removed(d, "/job/2", unit, "done");
}

static void manager(int ready)
{
	struct dbus d;
	struct dbus_msg m;
	struct err e = ERR_NONE;
	AUTO(buf) struct buf body = BUF_INIT;
	struct dbus_head h = { .type = DBUS_CALL,
		.destination = "org.freedesktop.DBus",
		.path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus",
		.member = "RequestName",
		.signature = "su" };

	dbus_put_str(&body, "org.freedesktop.systemd1");
	dbus_put_u32(&body, 0);
	if (dbus_open_address(address, 60000, &d, &e) < 0 || dbus_send(&d, &h, &body, &e) < 0)
		_exit(1);
	while (dbus_next(&d, &m, &e) == 0) {
		if (m.type == DBUS_RETURN && ready >= 0) {
			close(ready);
			ready = -1;
		}
		if (m.type != DBUS_CALL)
			continue;
		if (strcmp(m.member, "StartTransientUnit") == 0)
			start_transient(&d, &m);
		else if (strcmp(m.member, "StopUnit") == 0)
			stop(&d, &m);
		else
			answer(&d, &m, NULL, NULL, NULL);
	}
	_exit(2);
}

static void start_manager(void)
{
	int ready[2];
	char byte;

	CHECK(pipe(ready) == 0, "pipe");
	manager_pid = fork();
	if (manager_pid == 0) {
		close(ready[0]);
		manager(ready[1]);
	}
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 0, "the manager");
	close(ready[0]);
}

static bool begin(void)
{
	if (geteuid() != 0 || access("/usr/bin/dbus-daemon", X_OK) < 0)
		return false;
	if (!mkdtemp(dir))
		return false;
	start_bus();
	setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
	start_manager();
	return true;
}

static void end(void)
{
	char name[128];

	view_reap(manager_pid);
	view_reap(bus_pid);
	fmt_to(name, sizeof(name), "%s/bus.conf", dir);
	unlink(name);
	fmt_to(name, sizeof(name), "%s/bus", dir);
	unlink(name);
	rmdir(dir);
}

static void start_one(struct cg_host *h, const char *what, const char *error)
{
	char id[64], path[CG_PATH_SIZE], unit[256];
	struct err e = ERR_NONE;
	struct cg none;
	struct rc_memory m = { .limit = { true, 1 << 30 } };
	struct rc_resources res = { .memory = &m };
	struct rc_kv kv = { "org.systemd.property.Documentation", "['man:a', 'man:b']" };

	cg_init(&none);
	pid_t pid = view_child(&none, NULL);
	fmt_to(id, sizeof(id), "test-%d-%s", (int)getpid(), what);
	struct cg_scope_new n = { .id = id, .pid = pid, .res = &res, .annotations = &kv, .n_annotations = 1 };
	CHECK(cg_scope_check(&n, &e) == 0, "%s", e.msg);
	int r = cg_scope_start(h, &n, path, unit, &e);
	if (error) {
		CHECK(r < 0 && strstr(e.msg, error), "%s: %s", what, e.msg);
		view_reap(pid);
		return;
	}
	CHECK(r == 0, "%s: %s", what, e.msg);
	CHECK(strlen(path) > strlen(unit) && strcmp(path + strlen(path) - strlen(unit), unit) == 0, "%s", path);
	CHECK(cg_scope_update(h, unit, false, &res, &e) == 0, "%s", e.msg);
	CHECK(cg_scope_stop(unit, false, &e) == 0, "%s", e.msg);
	view_reap(pid);
	CHECK(cg_remove(h, path, &e) == 0, "%s", e.msg);
}

TEST(units_come_and_go)
{
	struct cg_host h;
	struct err e = ERR_NONE;

	if (!begin())
		SKIP("needs root and dbus-daemon");
	CHECK(cg_host_open(CG_USUAL, &h, &e) == 0, "%s", e.msg);
	if (h.mode != CG_V2 && h.v1_of[CG_SYSTEMD] < 0) {
		end();
		SKIP("needs a hierarchy that systemd would use");
	}
	start_one(&h, "plain", NULL);
	start_one(&h, "early", NULL);
	start_one(&h, "exists", NULL);
	start_one(&h, "denied", "go away");
	start_one(&h, "fails", "failed");
	start_one(&h, "elsewhere", "has not moved");
	CHECK(cg_scope_stop("tare-gone.scope", false, &e) == 0, "%s", e.msg);
	cg_host_done(&h);
	end();
}

TEST(no_bus_is_told)
{
	struct cg_host h = { .mode = CG_V2 };
	struct cg_scope_new n = { .id = "x", .pid = 1 };
	struct err e = ERR_NONE;
	char path[CG_PATH_SIZE], unit[256];

	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
	CHECK(cg_scope_start(&h, &n, path, unit, &e) < 0 && strstr(e.hint, "cgroupfs driver"), "%s (%s)", e.msg,
		e.hint);
	err_clear(&e);
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	unsetenv("XDG_RUNTIME_DIR");
	n.user = true;
	CHECK(cg_scope_start(&h, &n, path, unit, &e) < 0 && strstr(e.hint, "XDG_RUNTIME_DIR"), "%s", e.msg);
}

TEST_MAIN(T(names), T(resources_become_properties), T(annotations_become_properties), T(units_come_and_go),
	T(no_bus_is_told))
