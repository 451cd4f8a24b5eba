#include "base/test.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/str.h"
#include "sec/caps.h"
#include "sys/call.h"
#include "sys/io.h"

#define BIT(c) (UINT64_C(1) << (c))

struct status {
	uint64_t inh, prm, eff, bnd, amb;
};

static uint64_t field(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	return p ? strtoull(p + strlen(name), NULL, 16) : 0xdead;
}

/* Run @fn in a child and read what the kernel says of it afterwards. */
static struct status in_child(int (*fn)(void *, struct err *), void *arg, struct err *e)
{
	struct status s = { 0 };
	int p[2];

	CHECK(pipe2(p, O_CLOEXEC) == 0, "pipe");
	pid_t pid = fork();

	if (pid == 0) {
		struct err ce = ERR_NONE;
		struct buf b = BUF_INIT;

		if (fn(arg, &ce) == 0 && io_read_file_at(AT_FDCWD, "/proc/self/status", 65536, &b, &ce) == 0) {
			s = (struct status){ field(b.data, "CapInh:"), field(b.data, "CapPrm:"),
				field(b.data, "CapEff:"), field(b.data, "CapBnd:"), field(b.data, "CapAmb:") };
		}
		(void)!write(p[1], &ce, sizeof(ce));
		(void)!write(p[1], &s, sizeof(s));
		_exit(0);
	}
	close(p[1]);
	CHECK(read(p[0], e, sizeof(*e)) == sizeof(*e), "child's error");
	CHECK(read(p[0], &s, sizeof(s)) == sizeof(s), "child's status");
	close(p[0]);
	waitpid(pid, NULL, 0);
	return s;
}

TEST(last_is_what_proc_says)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct err e = ERR_NONE;

	CHECK(io_read_file_at(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 64, &b, &e) == 0, "%s", e.msg);
	CHECK(caps_last() == atol(b.data), "%d", caps_last());
	CHECK(caps_all(40) == 0x1ffffffffffULL, "%llx", (unsigned long long)caps_all(40));
	CHECK(caps_all(63) == UINT64_MAX, "64 bits");
}

TEST(clamp_keeps_sets_consistent)
{
	struct rc_capabilities want = {
		.bounding = BIT(CAP_KILL) | BIT(CAP_SYS_ADMIN),
		.permitted = BIT(CAP_KILL) | BIT(CAP_SYS_ADMIN),
		.effective = BIT(CAP_KILL) | BIT(CAP_CHOWN),
		.inheritable = BIT(CAP_KILL),
		.ambient = BIT(CAP_KILL) | BIT(CAP_SYS_ADMIN),
	};
	struct caps_sets s;
	uint64_t missing, dropped;
	char names[256];

	caps_clamp(&want, BIT(CAP_KILL) | BIT(CAP_CHOWN), &s, &missing, &dropped);
	CHECK(s.bounding == BIT(CAP_KILL) && s.permitted == BIT(CAP_KILL), "%llx", (unsigned long long)s.permitted);
	CHECK(s.effective == BIT(CAP_KILL), "effective outside permitted");
	CHECK(s.ambient == BIT(CAP_KILL) && s.inheritable == BIT(CAP_KILL), "ambient");
	CHECK(missing == BIT(CAP_SYS_ADMIN), "missing %llx", (unsigned long long)missing);
	CHECK(dropped == BIT(CAP_CHOWN), "dropped %llx", (unsigned long long)dropped);
	CHECK(str_eq(caps_names(missing | BIT(CAP_KILL), names, sizeof(names)), "CAP_KILL CAP_SYS_ADMIN"), "%s", names);
	caps_clamp(NULL, UINT64_MAX, &s, &missing, NULL);
	CHECK(!(s.bounding | s.permitted | s.effective | s.inheritable | s.ambient | missing), "nothing asked");
}

struct plan {
	struct caps_sets sets;
	uid_t uid;
};

static int become(void *arg, struct err *e)
{
	struct plan *p = arg;

	if (caps_drop_bounding(UINT64_MAX, p->sets.bounding, e) < 0 || caps_keep(e) < 0)
		return -e->num;
	if (sys_setgroups(0, NULL) < 0 || sys_setresgid(p->uid, p->uid, p->uid) < 0 ||
		sys_setresuid(p->uid, p->uid, p->uid) < 0)
		return err_sys(e, "setresuid");
	return caps_apply(&p->sets, e);
}

static void need_root(void)
{
	uint64_t have = 0;
	struct err e = ERR_NONE;

	if (caps_have(&have, &e) < 0 || !(have & BIT(CAP_SETPCAP)) || geteuid() != 0)
		SKIP("needs CAP_SETPCAP");
}

TEST(root_holds_what_was_asked_and_nothing_inheritable)
{
	struct plan p = { .sets = { .bounding = BIT(CAP_KILL) | BIT(CAP_CHOWN),
				  .permitted = BIT(CAP_KILL) | BIT(CAP_CHOWN),
				  .effective = BIT(CAP_KILL) } };
	struct err e = ERR_NONE;

	need_root();
	struct status s = in_child(become, &p, &e);

	CHECK(e.num == 0, "%s", e.msg);
	CHECK(s.bnd == p.sets.bounding && s.prm == p.sets.permitted && s.eff == p.sets.effective, "%llx %llx %llx",
		(unsigned long long)s.bnd, (unsigned long long)s.prm, (unsigned long long)s.eff);
	CHECK(s.inh == 0 && s.amb == 0, "inheritable %llx ambient %llx", (unsigned long long)s.inh,
		(unsigned long long)s.amb);
}

TEST(plain_user_keeps_them_across_setresuid)
{
	uint64_t net = BIT(CAP_NET_BIND_SERVICE);
	struct plan p = { .sets = { net, net, net, net, net }, .uid = 65534 };
	struct err e = ERR_NONE;

	need_root();
	struct status s = in_child(become, &p, &e);

	CHECK(e.num == 0, "%s", e.msg);
	CHECK(s.prm == net && s.eff == net && s.inh == net && s.amb == net && s.bnd == net, "amb %llx eff %llx",
		(unsigned long long)s.amb, (unsigned long long)s.eff);
}

static int drop_without_right(void *arg, struct err *e)
{
	struct caps_sets none = { 0 };

	(void)arg;
	if (caps_apply(&none, e) < 0)
		return -e->num;
	return caps_drop_bounding(caps_all(caps_last()), 0, e);
}

TEST(dropping_without_the_right_is_an_error)
{
	struct err e = ERR_NONE;

	need_root();
	(void)in_child(drop_without_right, NULL, &e);
	CHECK(e.num == EPERM, "%d %s", e.num, e.msg);
	CHECK(strstr(e.msg, "bounding set"), "%s", e.msg);
}

static int nothing_left_to_drop(void *arg, struct err *e)
{
	struct caps_sets none = { 0 };

	(void)arg;
	if (caps_drop_bounding(caps_all(caps_last()), 0, e) < 0 || caps_apply(&none, e) < 0)
		return -e->num;
	return caps_drop_bounding(caps_all(caps_last()), 0, e);
}

TEST(dropping_nothing_needs_no_right)
{
	struct err e = ERR_NONE;

	need_root();
	struct status s = in_child(nothing_left_to_drop, NULL, &e);

	CHECK(e.num == 0, "%s", e.msg);
	CHECK(s.bnd == 0, "%llx", (unsigned long long)s.bnd);
}

static int too_much(void *arg, struct err *e)
{
	struct caps_sets none = { 0 }, s = { .permitted = BIT(CAP_KILL) };

	(void)arg;
	if (caps_apply(&none, e) < 0)
		return -e->num;
	return caps_apply(&s, e);
}

TEST(taking_back_a_capability_is_an_error)
{
	struct err e = ERR_NONE;

	(void)in_child(too_much, NULL, &e);
	CHECK(e.num == EPERM, "%d %s", e.num, e.msg);
}

TEST_MAIN(T(last_is_what_proc_says), T(clamp_keeps_sets_consistent),
	T(root_holds_what_was_asked_and_nothing_inheritable), T(plain_user_keeps_them_across_setresuid),
	T(dropping_without_the_right_is_an_error), T(dropping_nothing_needs_no_right),
	T(taking_back_a_capability_is_an_error))
