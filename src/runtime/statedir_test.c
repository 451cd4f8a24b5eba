#include "runtime/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "base/fmt.h"
#include "base/str.h"
#include "base/test.h"
#include "runtime/stateformat.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/proc.h"

struct fixture {
	char dir[64];
	struct rt_context c;
};

static void fixture_done(struct fixture *f)
{
	struct err e = ERR_NONE;

	auto_fd int tmp = path_open_host("/tmp", O_PATH, 0, &e);
	rt_context_done(&f->c);
	CHECK(path_remove_tree(tmp, f->dir + strlen("/tmp/"), &e) == 0, "%s", e.msg);
}

static void fixture_init(struct fixture *f)
{
	struct err e = ERR_NONE;
	char root[128];

	*f = (struct fixture){ .dir = "/tmp/tare-test-XXXXXX" };
	CHECK(mkdtemp(f->dir), "mkdtemp");
	fmt_to(root, sizeof(root), "%s/a/b", f->dir);
	CHECK(rt_context_open(root, &f->c, &e) == 0, "%s", e.msg);
	f->c.root_path = f->dir;
}

#define FIXTURE(f) \
	__attribute__((cleanup(fixture_done))) struct fixture f; \
	fixture_init(&f)

static void fill(struct rt_state *s)
{
	static struct rc_kv kv[] = { { "k\"1", "v\n\xc3\xa9" }, { "k2", "" } };

	*s = (struct rt_state){ .id = "web",
		.bundle = "/b",
		.rootfs = "/b/r",
		.created = "2026-01-01T00:00:00Z",
		.pid = 4711,
		.start_ticks = 99,
		.boot_id = "x",
		.uid = 12,
		.manager = RT_SYSTEMD,
		.cgroup_path = "/a/b",
		.cgroup_scope = "x.scope",
		.namespaces = 5,
		.has_poststop = true,
		.annotations = { kv, ARRAY_SIZE(kv) } };
}

TEST(root_is_private_whatever_the_umask)
{
	struct stat st;
	mode_t old = umask(0777);
	FIXTURE(f);

	umask(old);
	CHECK(fstat(f.c.root_fd, &st) == 0 && (st.st_mode & 07777) == 0700, "mode %o", st.st_mode);
}

TEST(ids_are_checked)
{
	static const char *const good[] = { "a", "A-b_c.d+9", "..." };
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", "\xc3\xa9", "a\n" };
	char longest[257];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct err e = ERR_NONE;
		CHECK(rt_id_check(good[i], &e) == 0, "%s", good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_NONE;
		CHECK(rt_id_check(bad[i], &e) < 0 && strstr(e.msg, "invalid container ID format"), "%s", bad[i]);
	}
	struct err e = ERR_NONE;
	memset(longest, 'a', sizeof(longest));
	longest[255] = '\0';
	CHECK(rt_id_check(longest, &e) == 0, "255");
	longest[255] = 'a';
	longest[256] = '\0';
	CHECK(rt_id_check(longest, &e) < 0, "256");
}

TEST(save_and_load_agree)
{
	FIXTURE(f);
	struct err e = ERR_NONE;
	struct rt_state s, got;
	bool found;

	fill(&s);
	auto_fd int fd = rt_state_claim(&f.c, "web", &e);
	CHECK(fd >= 0, "%s", e.msg);
	for (int i = 0; i < 2; i++)
		CHECK(rt_state_save(fd, &s, &e) == 0, "%s", e.msg);
	CHECK(rt_state_load(fd, "web", &found, &got, &e) == 0 && found, "%s", e.msg);
	CHECK(got.pid == 4711 && got.start_ticks == 99 && got.uid == 12 && got.manager == RT_SYSTEMD, "numbers");
	CHECK(str_eq(got.cgroup_path, "/a/b") && !got.owner && got.has_poststop && !got.started, "members");
	CHECK(got.annotations.n == 2 && str_eq(got.annotations.v[0].value, "v\n\xc3\xa9"), "annotations");
	rt_state_done(&got);
	CHECK(rt_state_set_started(fd, &e) == 0, "%s", e.msg);
	CHECK(rt_state_load(fd, "web", &found, &got, &e) == 0 && got.started, "%s", e.msg);
	rt_state_done(&got);
	CHECK(rt_state_remove(&f.c, "web", fd, &e) == 0, "%s", e.msg);
	CHECK(rt_state_open(&f.c, "web", &e) == -ENOENT && strstr(e.msg, "container does not exist"), "%s", e.msg);
}

TEST(a_taken_id_is_refused)
{
	FIXTURE(f);
	struct err e = ERR_NONE;
	auto_fd int fd = rt_state_claim(&f.c, "web", &e);

	CHECK(fd >= 0, "%s", e.msg);
	CHECK(rt_state_claim(&f.c, "web", &e) < 0 && e.kind == ERR_CONFLICT, "second claim");
	CHECK(strstr(e.msg, "container with given ID already exists"), "%s", e.msg);
	CHECK(strstr(e.hint, "delete --force web"), "%s", e.hint);
}

/* A loser of a race holds a directory that has no name any more. */
TEST(remove_spares_what_another_made)
{
	FIXTURE(f);
	struct err e = ERR_NONE;
	struct rt_state s;
	auto_fd int mine = rt_state_claim(&f.c, "web", &e);

	CHECK(rt_state_remove(&f.c, "web", mine, &e) == 0, "%s", e.msg);
	auto_fd int theirs = rt_state_claim(&f.c, "web", &e);
	CHECK(theirs >= 0, "%s", e.msg);
	fill(&s);
	CHECK(rt_state_save(theirs, &s, &e) == 0, "%s", e.msg);
	CHECK(rt_state_save(mine, &s, &e) < 0, "saved into a removed directory");
	err_clear(&e);
	CHECK(rt_state_remove(&f.c, "web", mine, &e) == 0, "%s", e.msg);
	CHECK(faccessat(theirs, "state.json", F_OK, 0) == 0, "removed another's state");
}

TEST(one_of_many_creators_wins)
{
	FIXTURE(f);
	enum { N = 16 };
	int winners = 0, status;

	for (int i = 0; i < N; i++)
		if (fork() == 0) {
			struct err e = ERR_NONE;
			_exit(rt_state_claim(&f.c, "web", &e) >= 0);
		}
	for (int i = 0; i < N; i++)
		if (wait(&status) > 0 && WIFEXITED(status))
			winners += WEXITSTATUS(status);
	CHECK(winners == 1, "%d", winners);
}

TEST(half_made_is_told_from_being_made)
{
	FIXTURE(f);
	struct err e = ERR_NONE;
	struct rt_container ct;
	struct rt_state s;
	int fd = rt_state_claim(&f.c, "web", &e);

	fill(&s);
	CHECK(fd >= 0 && rt_state_mark(fd, &s, &e) == 0, "%s", e.msg);
	CHECK(rt_container_open(&f.c, "web", RT_UNLOCKED, &ct, &e) == 0, "%s", e.msg);
	CHECK(ct.half_made && !ct.abandoned && ct.status == RT_CREATING, "while its creator lives");
	CHECK(rt_container_refuse_half_made(&ct, "web", &e) < 0 && strstr(e.msg, "being created"), "%s", e.msg);
	err_clear(&e);
	rt_container_done(&ct);
	close(fd);
	CHECK(rt_container_open(&f.c, "web", RT_UNLOCKED, &ct, &e) == 0, "%s", e.msg);
	CHECK(ct.half_made && ct.abandoned, "after its creator died");
	CHECK(str_eq(ct.state.cgroup_path, "/a/b") && str_eq(ct.state.cgroup_scope, "x.scope"), "the mark");
	CHECK(rt_container_refuse_half_made(&ct, "web", &e) < 0 && strstr(e.hint, "delete --force"), "%s", e.hint);
	rt_container_done(&ct);
}

/* The cgroup's path is that before the id, or the mark says more. */
TEST(a_mark_says_what_to_clear)
{
	static const struct {
		const char *cgroup, *scope, *text;
	} cases[] = { { "/tare/web", NULL, "cgroupfs:/tare/" }, { "/web", NULL, "cgroupfs:/" },
		{ "/a/web/b", NULL, NULL }, { "web", NULL, NULL }, { "/x/web", "x.scope", NULL } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		FIXTURE(f);
		struct err e = ERR_NONE;
		struct rt_state s, got;
		char text[256] = "";
		auto_fd int fd = rt_state_claim(&f.c, "web", &e);

		fill(&s);
		s.id = (char *)"web";
		s.cgroup_path = (char *)cases[i].cgroup;
		s.cgroup_scope = (char *)cases[i].scope;
		s.cgroup_external = false;
		s.intel_rdt_path = NULL;
		s.manager = RT_CGROUPFS;
		CHECK(fd >= 0 && rt_state_mark(fd, &s, &e) == 0, "%s", e.msg);
		CHECK(readlinkat(fd, "making", text, sizeof(text) - 1) > 0, "no mark");
		CHECK(cases[i].text ? str_eq(text, cases[i].text) : text[0] == '{', "%s", text);
		CHECK(rt_state_load_mark(fd, "web", &got, &e) == 0, "%s", e.msg);
		CHECK(str_eq(got.cgroup_path, cases[i].cgroup) && str_eq(got.cgroup_scope, cases[i].scope), "%s", text);
		rt_state_done(&got);
	}
}

TEST(a_broken_mark_is_refused)
{
	static const char *const texts[] = { "cgroupfs", "other:/x/", "cgroupfs:/../", "{", "cgroupfs:/a/../" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct rt_state s = { .arena = ARENA_INIT };
		struct err e = ERR_NONE;

		CHECK(rt_state_parse_mark(texts[i], strlen(texts[i]), "web", &s, &e) < 0, "%s", texts[i]);
		CHECK(e.kind == ERR_CORRUPT, "%s", e.msg);
		rt_state_done(&s);
	}
}

static void check_status(struct fixture *f, const struct rt_state *s, enum rt_status want, const char *what)
{
	struct err e = ERR_NONE;
	enum rt_status got;
	auto_fd int pidfd = FD_NONE;

	CHECK(rt_state_status(&f->c, s, &got, &pidfd, &e) == 0, "%s: %s", what, e.msg);
	CHECK(got == want, "%s: %s", what, rt_status_names[got]);
	CHECK((pidfd >= 0) == (want != RT_STOPPED), "%s: pidfd %d", what, pidfd);
}

TEST(status_knows_a_reused_pid)
{
	FIXTURE(f);
	struct err e = ERR_NONE;
	struct proc_stat st;
	char boot[PROC_BOOT_ID_SIZE];
	bool found;
	struct rt_state s;
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	CHECK(proc_stat(pid, &found, &st, &e) == 0 && found && proc_boot_id(boot, &e) == 0, "%s", e.msg);
	fill(&s);
	s.pid = pid;
	s.manager = RT_CGROUP_DISABLED;
	s.cgroup_path = NULL;
	s.start_ticks = st.start_ticks;
	s.boot_id = boot;
	check_status(&f, &s, RT_CREATED, "alive");
	s.started = true;
	check_status(&f, &s, RT_CREATED, "let run, its program not yet executed");
	s.restored = true;
	check_status(&f, &s, RT_RUNNING, "made by criu");
	s.start_ticks++;
	check_status(&f, &s, RT_STOPPED, "another start time");
	s.start_ticks--;
	s.boot_id = "another";
	check_status(&f, &s, RT_STOPPED, "another boot");
	s.boot_id = NULL;
	check_status(&f, &s, RT_RUNNING, "a state root that no boot leaves");
	s.boot_id = boot;
	kill(pid, SIGKILL);
	siginfo_t si;
	waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT);
	check_status(&f, &s, RT_STOPPED, "a zombie");
	waitpid(pid, NULL, 0);
	check_status(&f, &s, RT_STOPPED, "reaped");
}

TEST(hostile_state_is_corrupt)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"null",
		"{}",
		"{\"version\":99}",
		"{\"version\":1,\"version\":1}",
		"{\"version\":1,\"id\":7}",
		"{\"version\":1,\"id\":\"web\"}",
		"{\"version\":1,\"id\":\"web\",\"bundle\":\"/\",\"rootfs\":\"/\",\"created\":\"\",\"uid\":-1}",
		"{\"version\":1,\"id\":\"web\",\"bundle\":\"/\",\"rootfs\":\"/"
		"\",\"created\":\"\",\"uid\":0,\"pid\":99999999999,"
		"\"startTicks\":1,\"manager\":\"cgroupfs\"}",
		"{\"version\":1,\"id\":\"web\",\"bundle\":\"/\",\"rootfs\":\"/\",\"created\":\"\",\"uid\":0,\"pid\":1,"
		"\"startTicks\":1,\"manager\":\"cgroupfs\",\"cgroup\":\"/../..\"}",
		"{\"version\":1,\"id\":\"other\",\"bundle\":\"/\",\"rootfs\":\"/"
		"\",\"created\":\"\",\"uid\":0,\"pid\":1,"
		"\"startTicks\":1,\"manager\":\"cgroupfs\"}",
		"{\"version\":1,\"id\":\"web\",\"bundle\":\"/\",\"rootfs\":\"/\",\"created\":\"\",\"uid\":0,\"pid\":1,"
		"\"startTicks\":1,\"manager\":\"cgroupfs\",\"annotations\":{\"a\":1}}",
	};
	FIXTURE(f);
	struct err e = ERR_NONE;
	auto_fd int fd = rt_state_claim(&f.c, "web", &e);

	CHECK(fd >= 0, "%s", e.msg);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct rt_state got;
		bool found;
		auto_fd int file = openat(fd, "state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		CHECK(io_write_all(file, texts[i], strlen(texts[i]), &e) == 0, "write");
		CHECK(rt_state_load(fd, "web", &found, &got, &e) < 0, "took %s", texts[i]);
		CHECK(e.kind == ERR_CORRUPT && strstr(e.hint, "delete --force"), "%s: %s", texts[i], e.msg);
		rt_state_done(&got);
		err_clear(&e);
	}
}

TEST_MAIN(T(root_is_private_whatever_the_umask), T(ids_are_checked), T(save_and_load_agree), T(a_taken_id_is_refused),
	T(remove_spares_what_another_made), T(one_of_many_creators_wins), T(half_made_is_told_from_being_made),
	T(a_mark_says_what_to_clear), T(a_broken_mark_is_refused), T(a_mark_says_what_to_clear),
	T(a_broken_mark_is_refused), T(status_knows_a_reused_pid), T(hostile_state_is_corrupt))
