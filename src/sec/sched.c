/* Guarantees: a value of config.json either takes effect or the error names the field and what was asked. */
#include "sec/sched.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/call.h"
#include "sys/io.h"

static int bad_set(const char *what, const char *text, const char *why, struct err *e)
{
	return err_set(e, ERR_CONFIG, EINVAL, "%s: \"%.64s\" %s; a list like 0-3,7 up to %d is allowed", what, text,
		why, SCHED_SET_BITS - 1);
}

static void set_range(struct sched_set *s, size_t from, size_t to)
{
	for (size_t i = from; i <= to; i++)
		s->word[i / SCHED_SET_WORD_BITS] |= 1UL << (i % SCHED_SET_WORD_BITS);
	if (to + 1 > s->n_bits)
		s->n_bits = to + 1;
}

int sched_set_parse(const char *what, const char *text, struct sched_set *ret, struct err *e)
{
	struct sched_set s = { .n_bits = 0 };

	for (const char *p = text;; p++) {
		size_t item = strcspn(p, ","), first = strcspn(p, "-,");
		uint64_t from, to;

		if (!parse_u64_n(p, first, SCHED_SET_BITS - 1, &from))
			return bad_set(what, text, "has an item that is no number in range", e);
		to = from;
		if (first < item && !parse_u64_n(p + first + 1, item - first - 1, SCHED_SET_BITS - 1, &to))
			return bad_set(what, text, "has an item that is no number in range", e);
		if (to < from)
			return bad_set(what, text, "has a range that runs backwards", e);
		set_range(&s, from, to);
		p += item;
		if (*p == '\0')
			break;
	}
	*ret = s;
	return 0;
}

static const char *policy_name(int policy)
{
	static const char *const names[] = { "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO",
		"SCHED_IDLE", "SCHED_DEADLINE" };

	return policy >= 0 && (size_t)policy < ARRAY_SIZE(names) ? names[policy] : "SCHED_?";
}

int sched_apply(pid_t pid, const struct rc_scheduler *s, struct err *e)
{
	struct sys_sched_attr a = {
		.size = sizeof(a),
		.sched_policy = (uint32_t)s->policy,
		.sched_flags = s->flags,
		.sched_nice = s->nice,
		.sched_priority = s->priority,
		.sched_runtime = s->runtime,
		.sched_deadline = s->deadline,
		.sched_period = s->period,
	};

	if (sys_sched_setattr(pid, &a, 0) == 0)
		return 0;
	int num = errno;

	err_num(e, num, "scheduler: sched_setattr %s nice %d priority %u", policy_name(s->policy), s->nice,
		s->priority);
	if (num == EPERM)
		return err_hint(e, "it needs CAP_SYS_NICE, and a real-time policy a cgroup with real-time budget");
	if (num == EBUSY)
		return err_hint(e, "the deadline bandwidth of this machine is used up");
	if (num == EINVAL)
		return err_hint(e, "real-time needs priority 1 to 99, deadline 1024 <= runtime <= deadline <= period");
	return -num;
}

int sched_io_priority(pid_t pid, const struct rc_io_priority *p, struct err *e)
{
	if (sys_ioprio_set(IOPRIO_WHO_PROCESS, pid, IOPRIO_PRIO_VALUE(p->class, p->priority)) == 0)
		return 0;
	err_sys(e, "ioPriority: ioprio_set class %d priority %d", p->class, p->priority);
	if (e->num == EPERM)
		return err_hint(e, "the real-time class needs CAP_SYS_ADMIN or CAP_SYS_NICE");
	return -e->num;
}

int sched_affinity(pid_t pid, const struct sched_set *cpus, struct err *e)
{
	/* The raw call: the wrapper's cpu_set_t has a fixed size. Words beyond the kernel's own are ignored. */
	if (syscall(SYS_sched_setaffinity, pid, sizeof(cpus->word), cpus->word) == 0)
		return 0;
	err_sys(e, "CPU affinity: sched_setaffinity");
	if (e->num == EINVAL)
		return err_hint(e, "none of these CPUs is online and allowed by the cgroup");
	return -e->num;
}

int sched_memory_policy(int mode, unsigned mode_flags, const struct sched_set *nodes, struct err *e)
{
	/* maxnode counts one more than it reads: set_mempolicy(2) "BUGS". */
	unsigned long max = nodes && nodes->n_bits ? nodes->n_bits + 1 : 0;

	if (sys_set_mempolicy(mode | (int)mode_flags, max ? nodes->word : NULL, max) == 0)
		return 0;
	err_sys(e, "memoryPolicy: set_mempolicy mode %d flags 0x%x", mode, mode_flags);
	if (e->num == EINVAL)
		return err_hint(e, "the nodes must exist, have memory and be allowed by the cgroup, and fit the mode");
	return -e->num;
}

int sched_personality(unsigned long persona, struct err *e)
{
	return personality(persona) < 0 ? err_sys(e, "personality 0x%lx", persona) : 0;
}

int sched_oom_score_adj(int proc_fd, int value, struct err *e)
{
	char text[16];
	size_t n = fmt_to(text, sizeof(text), "%d", value);
	auto_fd int fd = openat(proc_fd, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open oom_score_adj");
	if (write(fd, text, n) == (ssize_t)n)
		return 0;
	err_sys(e, "oomScoreAdj: write %s", text);
	if (e->num == EACCES || e->num == EPERM)
		return err_hint(e, "lowering it needs CAP_SYS_RESOURCE");
	return -e->num;
}
