/* Killing a process with what it has started. Guarantees: only processes are signalled that were
 * seen to belong to the tree, by pidfd and start time.
 *
 * Theory of operation: a pass reads /proc, marks the root, members of its session and, until
 * nothing is added, children and session members of what is marked; then all marked ones are
 * killed. Orphans of the killed keep their session, by which the next pass finds those that were
 * born meanwhile. */
#include "sys/proctree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/str.h"
#include "sys/proc.h"

struct entry {
	pid_t pid;
	struct proc_stat st;
	bool marked;
};

struct scan {
	pid_t root;
	uint64_t root_start;
	struct entry *v;
	size_t n, cap;
	struct proc_list sessions; /* all that were ever marked */
};

static int add(struct scan *s, pid_t pid, struct err *e)
{
	struct proc_stat st;
	bool found;

	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 256;
		struct entry *v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return err_oom(e, "a list of processes");
		s->v = v;
		s->cap = cap;
	}
	if (proc_stat(pid, &found, &st, e) < 0)
		return -e->num;
	if (found && st.start_ticks >= s->root_start)
		s->v[s->n++] = (struct entry){ .pid = pid, .st = st };
	return 0;
}

static int read_all(struct scan *s, struct err *e)
{
	DIR *d = opendir("/proc");
	uint32_t pid;
	int r = 0;

	if (!d)
		return err_sys(e, "read /proc");
	s->n = 0;
	for (struct dirent *entry; r == 0 && (entry = readdir(d));)
		if (parse_u32(entry->d_name, &pid))
			r = add(s, (pid_t)pid, e);
	closedir(d);
	return r;
}

static bool has(const struct proc_list *l, pid_t pid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == pid)
			return true;
	return false;
}

static bool marked(const struct scan *s, pid_t pid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].marked && s->v[i].pid == pid)
			return true;
	return false;
}

static int mark(struct scan *s, struct err *e)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < s->n; i++) {
			struct entry *x = &s->v[i];

			if (x->marked ||
				!((x->pid == s->root && x->st.start_ticks == s->root_start) ||
					has(&s->sessions, x->st.session) || marked(s, x->st.ppid)))
				continue;
			x->marked = more = true;
			if (!has(&s->sessions, x->st.session) && x->st.session == x->pid &&
				proc_list_add(&s->sessions, x->pid, e) < 0)
				return -e->num;
		}
	}
	return 0;
}

static int kill_marked(const struct scan *s, size_t *ret_n, struct err *e)
{
	*ret_n = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct entry *x = &s->v[i];
		bool found;
		int fd = FD_NONE;

		if (!x->marked || x->st.state == 'Z' || x->st.state == 'X')
			continue;
		if (proc_open_same(x->pid, x->st.start_ticks, &found, &fd, e) < 0)
			return -e->num;
		auto_fd int pidfd = fd;
		if (found && proc_signal(pidfd, SIGKILL, &found, e) < 0)
			return -e->num;
		*ret_n += found;
	}
	return 0;
}

static int begin(struct scan *s, int pidfd, struct err *e)
{
	bool found = false;
	struct proc_stat st;

	if (proc_of_pidfd(pidfd, &s->root, e) < 0) {
		if (e->num == ESRCH)
			err_clear(e); /* ended by itself, with its client or before it */
		return -e->num;
	}
	if (proc_stat(s->root, &found, &st, e) < 0 || !found)
		return -e->num;
	s->root_start = st.start_ticks;
	return st.session == s->root ? proc_list_add(&s->sessions, s->root, e) : 0;
}

int proc_kill_tree(int pidfd, unsigned rounds, struct err *e)
{
	struct scan s = { .root = 0 };
	size_t n = 1;
	int r = begin(&s, pidfd, e);

	for (unsigned i = 0; r == 0 && s.root_start && n && i < rounds; i++) {
		r = read_all(&s, e);
		if (r == 0)
			r = mark(&s, e);
		if (r == 0)
			r = kill_marked(&s, &n, e);
	}
	free(s.v);
	free(s.sessions.v);
	return r;
}
