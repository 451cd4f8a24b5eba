#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "sec/sched.h"
#include "sys/io.h"

TEST(parses_sets)
{
	struct err e = ERR_NONE;
	struct sched_set s;

	CHECK(sched_set_parse("cpus", "0-3,7", &s, &e) == 0, "%s", e.msg);
	CHECK(s.word[0] == 0x8f && s.n_bits == 8, "%lx %zu", s.word[0], s.n_bits);
	CHECK(sched_set_parse("cpus", "8191", &s, &e) == 0 && s.n_bits == 8192, "%s", e.msg);
	CHECK(s.word[0] == 0, "old bits");
	CHECK(sched_set_parse("cpus", "63-64", &s, &e) == 0 && s.word[0] == 1UL << 63 && s.word[1] == 1, "%s", e.msg);
}

TEST(refuses_bad_sets)
{
	static const char *const bad[] = { "", ",", "0,", ",0", "3-1", "-1", "1-", "0-3-5", "8192", "0-9999", " 1",
		"1 ", "a", "0x1", "+1", "01", "1,,2", "99999999999999999999" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_NONE;
		struct sched_set s;

		CHECK(sched_set_parse("cpus", bad[i], &s, &e) == -EINVAL && e.kind == ERR_CONFIG, "took \"%s\"",
			bad[i]);
		CHECK(strstr(e.msg, "cpus: "), "%s", e.msg);
	}
}

/* Run @fn in a child; its status, 0 when all was as it should be. */
static int child(int (*fn)(struct err *e))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = ERR_NONE;
		int r = fn(&e);

		if (e.num)
			print_error("%s\n", e.msg);
		_exit(r);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int batch(struct err *e)
{
	struct rc_scheduler s = { .policy = SCHED_BATCH, .nice = 5 };

	if (sched_apply(0, &s, e) < 0)
		return 1;
	return sched_getscheduler(0) == SCHED_BATCH && getpriority(PRIO_PROCESS, 0) == 5 ? 0 : 2;
}

static int bad_priority(struct err *e)
{
	struct rc_scheduler s = { .policy = SCHED_FIFO, .priority = 0 };
	bool refused = sched_apply(0, &s, e) == -EINVAL && strstr(e->msg, "SCHED_FIFO") && e->hint[0];

	err_clear(e);
	return refused ? 0 : 1;
}

static int io_priority(struct err *e)
{
	struct rc_io_priority p = { IOPRIO_CLASS_BE, 6 };

	if (sched_io_priority(0, &p, e) < 0)
		return 1;
	return syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0) == IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6) ? 0 : 2;
}

static int affinity(struct err *e)
{
	struct sched_set s;
	cpu_set_t now;

	if (sched_set_parse("cpus", "0", &s, e) < 0 || sched_affinity(0, &s, e) < 0)
		return 1;
	if (sched_getaffinity(0, sizeof(now), &now) < 0 || CPU_COUNT(&now) != 1 || !CPU_ISSET(0, &now))
		return 2;
	if (sched_set_parse("cpus", "8000", &s, e) < 0 || sched_affinity(0, &s, e) != -EINVAL || !e->hint[0])
		return 3;
	err_clear(e);
	return 0;
}

static int persona(struct err *e)
{
	return sched_personality(ADDR_NO_RANDOMIZE, e) == 0 && personality(0xffffffff) == ADDR_NO_RANDOMIZE ? 0 : 1;
}

static int memory(struct err *e)
{
	struct sched_set s;

	if (sched_memory_policy(MPOL_DEFAULT, 0, NULL, e) == -ENOSYS)
		return 77;
	err_clear(e);
	if (sched_set_parse("nodes", "0", &s, e) < 0 || sched_memory_policy(MPOL_BIND, 0, &s, e) < 0)
		return 1;
	if (sched_set_parse("nodes", "900", &s, e) < 0 || sched_memory_policy(MPOL_BIND, 0, &s, e) >= 0)
		return 2;
	err_clear(e);
	return 0;
}

static int oom(struct err *e)
{
	AUTO(buf) struct buf b = BUF_INIT;
	auto_fd int proc = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (sched_oom_score_adj(proc, 321, e) < 0)
		return 1;
	if (io_read_file_at(AT_FDCWD, "/proc/self/oom_score_adj", 64, &b, e) < 0)
		return 2;
	return strncmp(b.data, "321", 3) == 0 ? 0 : 3;
}

TEST(takes_effect)
{
	CHECK(child(batch) == 0, "scheduler");
	CHECK(child(bad_priority) == 0, "a bad priority");
	CHECK(child(io_priority) == 0, "I/O priority");
	CHECK(child(affinity) == 0, "affinity");
	CHECK(child(persona) == 0, "personality");
	CHECK(child(oom) == 0, "oom_score_adj");
}

TEST(memory_policy)
{
	int r = child(memory);

	if (r == 77)
		SKIP("the kernel has no NUMA");
	CHECK(r == 0, "%d", r);
}

TEST_MAIN(T(parses_sets), T(refuses_bad_sets), T(takes_effect), T(memory_policy))
