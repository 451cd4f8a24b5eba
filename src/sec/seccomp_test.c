#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sec/seccomp.h"
#include "sec/seccomp_cache.h"
#include "sec/seccomp_notify.h"
#include "sys/call.h"
#include "sys/path.h"
#include "sys/unixsock.h"

/* --- a profile made of words -------------------------------------------------------------------- */

struct profile {
	struct rc_seccomp s;
	struct rc_seccomp_rule rules[4];
	struct rc_seccomp_arg args[4][2];
	char *names[4][8];
};

static void rule(struct profile *p, enum rc_seccomp_action action, uint64_t errno_ret, const char *const *names)
{
	struct rc_seccomp_rule *r = &p->rules[p->s.n_rules];

	r->action = action;
	r->errno_ret = (struct rc_opt_u64){ errno_ret != 0, errno_ret };
	r->names.v = p->names[p->s.n_rules];
	for (size_t i = 0; names[i]; i++)
		r->names.v[r->names.n++] = (char *)names[i];
	r->args = p->args[p->s.n_rules++];
	p->s.rules = p->rules;
}
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void arg(struct profile *p, uint32_t index, enum rc_seccomp_op op, uint64_t value)
{
	struct rc_seccomp_rule *r = &p->rules[p->s.n_rules - 1];

	r->args[r->n_args++] = (struct rc_seccomp_arg){ index, value, 0, op };
}

static struct profile allow_all(void)
{
	return (struct profile){ .s = { .default_action = RC_ACT_ALLOW } };
}

/* Load the profile's filter in a child, run @fn there. Returns its wait status. */
static int under(const struct rc_seccomp *s, int (*fn)(int listener, void *arg), void *fn_arg)
{
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	struct err e = ERR_NONE;
	unsigned flags;
	int status, listener;

	CHECK(seccomp_compile(s, &f, &e) == 0, "%s", e.msg);
	CHECK(seccomp_load_flags(s, &f, &flags, &e) == 0, "%s", e.msg);
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (seccomp_install(f.insns, f.n, flags, &listener, &e) < 0) {
			print_error("%s\n", e.msg);
			_exit(99);
		}
		/* not _exit(): the sanitizers' one makes calls that the filter refuses */
		syscall(SYS_exit_group, fn(listener, fn_arg));
	}
	CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	return status;
}

/* --- verdicts ----------------------------------------------------------------------------------- */

static int errnos(int listener, void *arg_)
{
	(void)arg_;
	if (listener != FD_NONE)
		return 1;
	if (syscall(SYS_getppid) != -1 || errno != 123)
		return 2;
	if (syscall(SYS_getpriority, 0, 0) != -1 || errno != EPERM)
		return 3;
	if (syscall(SYS_getpriority, 1, 0) < 0)
		return 4;
	/* argument 0 of 64 bits: a high half counts */
	if (syscall(SYS_getpriority, 1L << 32, 0) == -1 && errno == EPERM)
		return 5;
	return 0;
}

TEST(gives_the_asked_errno)
{
	struct profile p = allow_all();

	rule(&p, RC_ACT_ERRNO, 123, NAMES("getppid"));
	rule(&p, RC_ACT_ERRNO, 0, NAMES("getpriority"));
	arg(&p, 0, RC_OP_EQ, 0);
	int status = under(&p.s, errnos, NULL);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
}

static int call_getppid(int listener, void *arg_)
{
	(void)listener;
	(void)arg_;
	syscall(SYS_getppid);
	return 0;
}

TEST(kills)
{
	struct profile p = allow_all();

	rule(&p, RC_ACT_KILL_PROCESS, 0, NAMES("getppid"));
	int status = under(&p.s, call_getppid, NULL);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %#x", status);
}

static int newer(int listener, void *arg_)
{
	(void)listener;
	(void)arg_;
	/* named: allowed; between named ones: refused; beyond all of them: as if the kernel were older */
	if (syscall(SYS_getpid) <= 0)
		return 1;
	if (syscall(SYS_getppid) != -1 || errno != EPERM)
		return 2;
	return syscall(SYS_openat2, 0, 0, 0, 0) == -1 && errno == ENOSYS ? 0 : 3;
}

TEST(newer_calls_are_not_there)
{
	struct profile p = { .s = { .default_action = RC_ACT_ERRNO } };

	rule(&p, RC_ACT_ALLOW, 0, NAMES("getpid", "exit_group", "exit", "write", "execveat"));
	int status = under(&p.s, newer, NULL);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
}

#if defined(__x86_64__)
static int x32_call(int listener, void *arg_)
{
	(void)listener;
	(void)arg_;
	return syscall(SYS_getpid | 0x40000000) > 0 ? 1 : 0;
}

TEST(x32_needs_to_be_asked_for)
{
	static char *archs[] = { (char *)"SCMP_ARCH_X32", NULL };
	struct profile p = allow_all();
	int status;

	status = under(&p.s, x32_call, NULL);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "an unlisted ABI: status %#x", status);
	p.s.architectures.v = archs;
	p.s.architectures.n = 1;
	status = under(&p.s, x32_call, NULL);
	CHECK(WIFEXITED(status), "a listed one: status %#x", status);
}
#endif

/* --- what is refused or reported ---------------------------------------------------------------- */

TEST(unknown_names_are_listed_or_refused)
{
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	struct profile p = allow_all();
	struct err e = ERR_NONE;

	rule(&p, RC_ACT_ERRNO, 0, NAMES("getppid", "frobnicate", "mseal", "riscv_hwprobe", "socketcall", "twiddle"));
	CHECK(seccomp_filter_get(FD_NONE, &p.s, false, &f, &e) == 0, "%s", e.msg);
	CHECK(str_eq(f.unknown, "frobnicate twiddle"), "%s", f.unknown ? f.unknown : "none");
	seccomp_filter_done(&f);
	CHECK(seccomp_filter_get(FD_NONE, &p.s, true, &f, &e) < 0 && e.kind == ERR_CONFIG, "took them");
	CHECK(strstr(e.msg, "frobnicate twiddle") && strstr(e.msg, "/linux/seccomp/syscalls"), "%s", e.msg);
}

TEST(bad_profiles_are_errors)
{
	static char *archs[] = { (char *)"SCMP_ARCH_PDP11", NULL };
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	struct profile p = allow_all(), q = allow_all(), r = allow_all();
	struct err e = ERR_NONE;

	p.s.architectures.v = archs;
	p.s.architectures.n = 1;
	CHECK(seccomp_compile(&p.s, &f, &e) < 0 && strstr(e.msg, "SCMP_ARCH_PDP11"), "%s", e.msg);
	err_clear(&e);
	rule(&q, RC_ACT_ERRNO, 0, NAMES("getpid"));
	arg(&q, 6, RC_OP_EQ, 0);
	CHECK(seccomp_compile(&q.s, &f, &e) < 0 && strstr(e.msg, "args/0/index: 6"), "%s", e.msg);
	err_clear(&e);
	/* the same argument, two actions, both hold for 1: libseccomp decides, and refuses */
	rule(&r, RC_ACT_ERRNO, 0, NAMES("getpriority"));
	arg(&r, 0, RC_OP_EQ, 1);
	rule(&r, RC_ACT_KILL_PROCESS, 0, NAMES("getpriority"));
	arg(&r, 0, RC_OP_EQ, 1);
	CHECK(seccomp_compile(&r.s, &f, &e) < 0 && strstr(e.msg, "contradicts"), "%s", e.msg);
}

#if defined(__x86_64__)
/* Overlapping rules that libseccomp takes, and a call that it does not know: what the profile refuses must not stay
 * allowed without a word. */
TEST(newer_calls_in_a_profile_for_libseccomp)
{
	static char *archs[] = { (char *)"SCMP_ARCH_X86", NULL };
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	struct profile p = allow_all();
	struct err e = ERR_NONE;

	p.s.architectures = (struct rc_str_list){ archs, 1 };
	rule(&p, RC_ACT_ERRNO, 0, NAMES("getpriority"));
	arg(&p, 0, RC_OP_EQ, 1);
	rule(&p, RC_ACT_KILL_PROCESS, 0, NAMES("getpriority"));
	arg(&p, 0, RC_OP_GE, 1);
	CHECK(seccomp_compile(&p.s, &f, &e) == 0, "%s", e.msg);
	seccomp_filter_done(&f);
	rule(&p, RC_ACT_ERRNO, 0, NAMES("setxattrat"));
	if (seccomp_compile(&p.s, &f, &e) == 0)
		return; /* a libseccomp that knows it */
	CHECK(e.kind == ERR_UNSUPPORTED && strstr(e.msg, "setxattrat"), "%s", e.msg);
	err_clear(&e);
	p.s.default_action = RC_ACT_TRAP;
	CHECK(seccomp_compile(&p.s, &f, &e) == 0 && str_eq(f.unknown, "setxattrat"), "%s", e.msg);
}
#define X32_TEST T(x32_needs_to_be_asked_for), T(newer_calls_in_a_profile_for_libseccomp),
#else
#define X32_TEST
#endif

TEST(flags_follow_the_profile)
{
	static char *names[] = { (char *)"SECCOMP_FILTER_FLAG_LOG", (char *)"SECCOMP_FILTER_FLAG_TSYNC", NULL };
	static char *bad[] = { (char *)"SECCOMP_FILTER_FLAG_FAST", NULL };
	struct seccomp_filter f = SECCOMP_FILTER_INIT;
	struct rc_seccomp s = { .default_action = RC_ACT_ALLOW };
	struct err e = ERR_NONE;
	unsigned flags;

	CHECK(seccomp_load_flags(&s, &f, &flags, &e) == 0 && flags == SECCOMP_FILTER_FLAG_SPEC_ALLOW, "%#x", flags);
	s.has_flags = true;
	CHECK(seccomp_load_flags(&s, &f, &flags, &e) == 0 && flags == 0, "%#x", flags);
	s.flags = (struct rc_str_list){ names, 2 };
	f.notify = true;
	CHECK(seccomp_load_flags(&s, &f, &flags, &e) == 0, "%s", e.msg);
	CHECK(flags ==
			(SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
				SECCOMP_FILTER_FLAG_NEW_LISTENER),
		"%#x", flags);
	s.flags = (struct rc_str_list){ bad, 1 };
	CHECK(seccomp_load_flags(&s, &f, &flags, &e) < 0 && strstr(e.msg, "SECCOMP_FILTER_FLAG_FAST"), "%s", e.msg);
	const char *have[SECCOMP_N_FLAGS];
	size_t n;

	seccomp_features_flags(have, &n);
	CHECK(n == SECCOMP_N_FLAGS, "%zu flags on a kernel that has all", n);
}

TEST(raw_programs)
{
	/* ld [0]; ret ALLOW */
	static const char good[] = "IAAAAAAAAAAGAAAAAAD/fw==";
	static const char *const bad[] = { "", "=", "IAAAAAAAAAAGAAAAAAD/f", "IAAAAAAAAAA=x", "IAAAAAAA AAA=", "AAAA",
		"-" };
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT;
	struct err e = ERR_NONE;

	CHECK(seccomp_filter_raw(good, &f, &e) == 0, "%s", e.msg);
	CHECK(f.n == 2 && f.insns[1].k == SECCOMP_RET_ALLOW, "%u", f.n);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct seccomp_filter g = SECCOMP_FILTER_INIT;

		CHECK(seccomp_filter_raw(bad[i], &g, &e) < 0 && e.kind == ERR_CONFIG, "took \"%s\"", bad[i]);
		err_clear(&e);
	}
}

/* --- cache -------------------------------------------------------------------------------------- */

struct cache {
	char path[64];
	int fd;
};

static void cache_done(struct cache *c)
{
	struct err e = ERR_NONE;
	const char *name = strrchr(c->path, '/') + 1;
	auto_fd int tmp = openat(AT_FDCWD, "/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	fd_close(&c->fd);
	if (path_remove_tree(tmp, name, &e) < 0)
		print_error("%s\n", e.msg);
}

static struct cache cache_new(void)
{
	struct cache c = { .path = "/tmp/tare-seccomp-XXXXXX" };

	CHECK(mkdtemp(c.path), "mkdtemp");
	c.fd = openat(AT_FDCWD, c.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return c;
}

/* Get the filter of @p through the cache; whether it came from there. */
static bool hit(const struct cache *c, const struct profile *p)
{
	AUTO(seccomp_filter) struct seccomp_filter f = SECCOMP_FILTER_INIT, g = SECCOMP_FILTER_INIT;
	struct err e = ERR_NONE;

	CHECK(seccomp_filter_get(c->fd, &p->s, false, &f, &e) == 0, "%s", e.msg);
	CHECK(seccomp_compile(&p->s, &g, &e) == 0, "%s", e.msg);
	CHECK(f.n == g.n && memcmp(f.insns, g.insns, f.n * sizeof(f.insns[0])) == 0, "another filter");
	CHECK(str_eq(f.unknown, g.unknown) && f.notify == g.notify, "another description");
	return f.from_cache;
}

/* The only file in the cache, opened for reading and writing. */
static int cache_file(const struct cache *c)
{
	char cmd[256], name[256];

	fmt_to(cmd, sizeof(cmd), "ls %s/@seccomp", c->path);
	FILE *ls = popen(cmd, "r");

	CHECK(ls && fgets(name, sizeof(name), ls), "an entry");
	pclose(ls);
	name[strcspn(name, "\n")] = '\0';
	fmt_to(cmd, sizeof(cmd), "%s/@seccomp/%s", c->path, name);
	return openat(AT_FDCWD, cmd, O_RDWR | O_CLOEXEC);
}

TEST(cache_gives_back_what_was_put)
{
	AUTO(cache) struct cache c = cache_new();
	struct profile p = allow_all();

	rule(&p, RC_ACT_NOTIFY, 0, NAMES("getppid", "frobnicate"));
	p.s.digest[3] = 7;
	CHECK(!hit(&c, &p), "hit in an empty cache");
	CHECK(hit(&c, &p), "no hit");
	p.s.digest[3] = 8;
	CHECK(!hit(&c, &p), "hit for another profile");
}

TEST(cache_does_not_trust_what_others_could_have_written)
{
	AUTO(cache) struct cache c = cache_new();
	struct profile p = allow_all();
	uint8_t byte = 0;

	rule(&p, RC_ACT_ERRNO, 0, NAMES("getppid"));
	CHECK(!hit(&c, &p) && hit(&c, &p), "plain");
	auto_fd int f = cache_file(&c);

	CHECK(fchmod(f, 0620) == 0 && !hit(&c, &p), "group-writable file");
	CHECK(hit(&c, &p), "not written again");
	auto_fd int g = cache_file(&c);

	CHECK(pread(g, &byte, 1, 70) == 1, "read");
	byte ^= 0x10;
	CHECK(pwrite(g, &byte, 1, 70) == 1 && !hit(&c, &p), "a flipped bit");
	CHECK(hit(&c, &p), "not written again");
	auto_fd int h = cache_file(&c);

	CHECK(ftruncate(h, 60) == 0 && !hit(&c, &p), "a torn file");
	CHECK(hit(&c, &p), "not written again");
	auto_fd int i = cache_file(&c);

	CHECK(ftruncate(i, 0) == 0 && !hit(&c, &p), "an empty file");
	CHECK(fchmodat(c.fd, "@seccomp", 0777, 0) == 0 && !hit(&c, &p) && !hit(&c, &p), "a directory open to all");
	CHECK(fchmodat(c.fd, "@seccomp", 0700, 0) == 0, "chmod");
	if (geteuid() != 0)
		return;
	CHECK(hit(&c, &p) || hit(&c, &p), "in the repaired directory");
	auto_fd int k = cache_file(&c);

	CHECK(fchown(k, 12345, 12345) == 0 && !hit(&c, &p), "somebody else's file");
}

TEST(cache_is_bounded)
{
	AUTO(cache) struct cache c = cache_new();
	struct profile p = allow_all();
	char cmd[128], n[16];

	rule(&p, RC_ACT_ERRNO, 0, NAMES("getppid"));
	for (int i = 0; i < SECCOMP_CACHE_MAX + 10; i++) {
		p.s.digest[0] = (uint8_t)i;
		CHECK(!hit(&c, &p), "hit %d", i);
	}
	CHECK(hit(&c, &p), "the newest is gone");
	fmt_to(cmd, sizeof(cmd), "ls -A %s/@seccomp | wc -l", c.path);
	FILE *wc = popen(cmd, "r");

	CHECK(wc && fgets(n, sizeof(n), wc), "count");
	pclose(wc);
	CHECK(atoi(n) == SECCOMP_CACHE_MAX, "%s files", n);
}

/* --- notify ------------------------------------------------------------------------------------- */

/* The child tells its listener's number through @arg (a pipe), then makes a notified call. */
static int notified(int listener, void *arg_)
{
	int *p = arg_;

	if (write(p[1], &listener, sizeof(listener)) != sizeof(listener))
		return 1;
	/* answered by the agent with 4242 */
	return syscall(SYS_getppid) == 4242 ? 0 : 2;
}

static int agent(const char *path, int ready)
{
	char text[1024];
	int fd = FD_NONE, dir;
	struct unix_fds fds = { &fd, 1, 0 };
	struct err e = ERR_NONE;
	struct pollfd pfd;
	union {
		struct seccomp_notif n;
		char room[256];
	} req = { 0 };
	union {
		struct seccomp_notif_resp r;
		char room[256];
	} resp = { 0 };

	dir = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int sock = unix_listen_at(dir, "agent", SOCK_STREAM, 0600, &e);

	if (sock < 0 || write(ready, "x", 1) != 1)
		return 1;
	int c = accept(sock, NULL, NULL);
	int n = unix_receive(c, text, sizeof(text) - 1, &fds, &e);

	if (n <= 0 || fds.n != 1)
		return 2;
	text[n] = '\0';
	if (!str_eq(text,
		    "{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":77,\"metadata\":\"a\\\"b\",\"state\":{"
		    "\"id\":\"x\"}}"))
		return 3;
	pfd = (struct pollfd){ .fd = fd, .events = POLLIN };
	if (poll(&pfd, 1, 5000) != 1 || ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0 || req.n.data.nr != SYS_getppid)
		return 4;
	resp.r.id = req.n.id;
	resp.r.val = 4242;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 ? 5 : 0;
}

/* Fetch the listener from the child and hand it to the agent, as the runtime's parent does. */
static int hand_over(pid_t child, int number, const char *dir)
{
	AUTO(buf) struct buf json = BUF_INIT;
	struct err e = ERR_NONE;
	char path[256];
	auto_fd int pidfd = sys_pidfd_open(child, 0);
	auto_fd int fd = seccomp_notify_fetch(pidfd, number, &e);

	seccomp_notify_json(&json, "1.3.0", 77, "a\"b", "{\"id\":\"x\"}");
	fmt_to(path, sizeof(path), "%s/agent", dir);
	auto_fd int agent = seccomp_notify_connect(path, &e);
	if (agent < 0 || fd < 0 || buf_err(&json, &e) < 0 || seccomp_notify_send(agent, json.data, fd, &e) < 0) {
		print_error("%s\n", e.msg);
		return 1;
	}
	return 0;
}

TEST(notify_reaches_its_agent)
{
	AUTO(cache) struct cache c = cache_new();
	struct profile p = allow_all();
	int ready[2], number[2], listener, status;
	char x;

	rule(&p, RC_ACT_NOTIFY, 0, NAMES("getppid"));
	CHECK(pipe2(ready, O_CLOEXEC) == 0 && pipe2(number, O_CLOEXEC) == 0, "pipes");
	pid_t a = fork();

	if (a == 0)
		_exit(agent(c.path, ready[1]));
	close(ready[1]);
	CHECK(read(ready[0], &x, 1) == 1, "the agent is not ready");
	pid_t r = fork(); /* stands for the container's process; its child is under the filter */

	if (r == 0) {
		status = under(&p.s, notified, number);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 50);
	}
	CHECK(read(number[0], &listener, sizeof(listener)) == sizeof(listener), "the listener's number");
	/* the pid of under()'s child: the only child of r */
	char file[64], text[32] = "";

	fmt_to(file, sizeof(file), "/proc/%d/task/%d/children", (int)r, (int)r);
	auto_fd int kids = openat(AT_FDCWD, file, O_RDONLY | O_CLOEXEC);

	CHECK(kids >= 0 && read(kids, text, sizeof(text) - 1) > 0, "children of %d", (int)r);
	CHECK(hand_over((pid_t)atoi(text), listener, c.path) == 0, "hand over");
	CHECK(waitpid(a, &status, 0) == a && status == 0, "agent: %#x", status);
	CHECK(waitpid(r, &status, 0) == r && status == 0, "notified: %#x", status);
	close(ready[0]);
	close(number[0]);
	close(number[1]);
}

TEST(absent_agent_is_an_error)
{
	struct err e = ERR_NONE;

	CHECK(seccomp_notify_connect("/nonexistent/agent", &e) < 0, "connected");
	CHECK(strstr(e.msg, "listenerPath") && strstr(e.msg, "/nonexistent/agent"), "%s", e.msg);
}

TEST_MAIN(T(gives_the_asked_errno), T(kills), T(newer_calls_are_not_there),
	X32_TEST T(unknown_names_are_listed_or_refused), T(bad_profiles_are_errors), T(flags_follow_the_profile),
	T(raw_programs), T(cache_gives_back_what_was_put), T(cache_does_not_trust_what_others_could_have_written),
	T(cache_is_bounded), T(notify_reaches_its_agent), T(absent_agent_is_an_error))
