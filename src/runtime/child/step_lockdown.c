/* The last steps: ids, capabilities, filter, descriptors, execve. After the filter is loaded only what execve
 * itself needs is still called, so that a strict filter stops the program and not us:
 *   without no_new_privs the filter needs CAP_SYS_ADMIN and is loaded while we hold it (then: capset, prctl, execve);
 *   with no_new_privs it is the very last call before execve. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/str.h"
#include "runtime/child/steps.h"
#include "runtime/listener.h"
#include "runtime/sync.h"
#include "sec/rlimit.h"
#include "sec/seccomp.h"
#include "sys/call.h"

int signals_reset(uint64_t ignored, struct err *e)
{
	sigset_t none;

	for (int sig = 1; sig <= 64; sig++)
		if (ignored & UINT64_C(1) << (sig - 1) && sys_signal_default(sig) < 0)
			return err_sys(e, "reset signal %d", sig);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return err_sys(e, "unblock signals");
	return 0;
}

/* The program may reopen /dev/stdout and kin only if it owns what is behind it, as with crun and runc. The host's
 * /dev/null stays what it is. */
static int own_stdio(const struct rc_process *p, struct err *e)
{
	struct stat st;

	for (int fd = 0; fd <= 2 && p->uid; fd++) {
		if (fstat(fd, &st) < 0 || (st.st_uid == p->uid && st.st_gid == p->gid) ||
			(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
			continue;
		if (fchown(fd, p->uid, p->gid) < 0 && errno != EINVAL && errno != EPERM && errno != EROFS)
			return err_sys(e, "give descriptor %d to user %u", fd, p->uid);
	}
	return 0;
}

static int set_ids(const struct child_program *g, bool is_root, struct err *e)
{
	const struct rc_process *p = g->process;

	if (!g->keep_groups && !g->no_setgroups && sys_setgroups(p->n_additional_gids, p->additional_gids) < 0)
		return err_sys(e, "set the supplementary groups");
	if (is_root && !p->uid && !p->gid)
		return 0;
	if (sys_setresgid(p->gid, p->gid, p->gid) < 0) {
		err_sys(e, "become group %u", p->gid);
		return errno == EINVAL ? err_hint(e, "the group is not mapped in the user namespace") : -e->num;
	}
	if (sys_setresuid(p->uid, p->uid, p->uid) < 0) {
		err_sys(e, "become user %u", p->uid);
		return errno == EINVAL ? err_hint(e, "the user is not mapped in the user namespace") : -e->num;
	}
	return 0;
}

/* Everything but 0 to 2, the preserved ones, and the report, which moves next to them. */
static int close_others(const struct child_program *g, int report, struct err *e)
{
	int keep_until = 3 + (int)g->keep_fds; /* first number not preserved */

	if (report >= 0 && report != keep_until) {
		int fd = dup3(report, keep_until, O_CLOEXEC);

		if (fd < 0)
			return err_sys(e, "move the report descriptor");
	}
	if (close_range((unsigned)keep_until + (report >= 0), ~0U, 0) < 0)
		return err_sys(e, "close descriptors");
	return keep_until;
}

static int load_filter(const struct child_program *g, struct listener_page *page, struct err *e)
{
	int listener;
	int r = seccomp_install(g->filter, g->n_filter, g->filter_flags, &listener, e);

	if (r == 0 && page)
		listener_publish(page, listener); /* close-on-exec: the runtime has a copy */
	return r;
}

/* Capabilities that loading a filter still needs, within what we hold. */
static int raise_effective(struct err *e)
{
	uint64_t have = 0;
	int r = caps_have(&have, e);
	struct caps_sets all = { .effective = have, .permitted = have };

	return r < 0 ? r : caps_apply(&all, e);
}

static int give_up(
	const struct child_program *g, const struct child_state *s, struct listener_page *page, struct err *e)
{
	bool nnp = g->process->no_new_privileges;
	bool early_filter = g->n_filter && !nnp;
	int r = rlimit_apply(0, g->process->rlimits, g->process->n_rlimits, e);

	if (r == 0)
		r = caps_drop_bounding(g->bounding, g->caps.bounding, e);

	if (r == 0)
		r = own_stdio(g->process, e);
	if (r == 0 && g->process->uid != 0) /* becoming root gives nothing up */
		r = caps_keep(e);
	if (r == 0)
		r = set_ids(g, g->is_root || s->is_root, e);
	if (r == 0 && early_filter && g->process->uid != 0)
		r = raise_effective(e);
	if (r == 0 && early_filter)
		r = load_filter(g, page, e);
	if (r == 0)
		r = caps_apply(&g->caps, e);
	if (r == 0 && nnp && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = err_sys(e, "set no_new_privs");
	if (r == 0 && g->n_filter && nnp)
		r = load_filter(g, page, e);
	return r;
}

static int place(const struct child_program *g, struct err *e)
{
	const struct rc_process *p = g->process;
	int r = 0;

	if (g->affinity)
		r = sched_affinity(0, g->affinity, e);
	if (r == 0 && p->scheduler)
		r = sched_apply(0, p->scheduler, e);
	if (r == 0 && p->io_priority)
		r = sched_io_priority(0, p->io_priority, e);
	if (r == 0 && g->personality->set)
		r = sched_personality(g->personality->v, e);
	if (r == 0 && g->memory_policy)
		r = sched_memory_policy(g->memory_policy->mode, g->memory_policy->mode_flags, g->memory_nodes, e);
	return r;
}

static int exec_error(const struct child_program *g, struct child_state *s, struct err *e)
{
	const char *name = g->process->args.v[0];

	switch (errno) {
	case ENOENT: /* the interpreter of a script or the loader of a program is missing */
		return err_set(e, ERR_EXEC_NOT_FOUND, ENOENT,
			"exec %s: no such file or directory (%s is there, its "
			"interpreter is not)",
			name, s->program);
	case EACCES:
	case EPERM: return err_set(e, ERR_EXEC_DENIED, errno, "exec: \"%s\": permission denied", name);
	case ENOEXEC: return err_set(e, ERR_EXEC_DENIED, errno, "exec %s: exec format error", name);
	default: return err_sys(e, "exec: \"%s\"", name);
	}
}

int program_execute(const struct child_program *g, struct child_state *s, int proc, int report, struct err *e)
{
	const struct rc_process *p = g->process;
	struct listener_page *page = NULL;
	int r = lsm_set_exec(proc, &g->lsm, e);

	if (r == 0 && s->cwdfd >= 0 && fchdir(s->cwdfd) < 0)
		r = err_sys(e, "chdir to cwd (\"%s\") set in config.json", p->cwd);
	if (r == 0)
		r = place(g, e);
	if (r == 0)
		r = signals_reset(g->ignored_signals, e);
	if (r == 0 && g->filter_notify) /* before limits and lost privileges could stop it */
		r = listener_offer(report, &page, e);
	if (r == 0)
		r = report = close_others(g, report, e);
	if (r < 0)
		return r;
	umask(p->umask.set ? (mode_t)p->umask.v : 0022);
	r = give_up(g, s, page, e);
	if (r == 0) {
		execve(s->program, p->args.v, g->envp);
		(void)exec_error(g, s, e);
	}
	/* The caller's copy of the report descriptor is closed: speak here. */
	sync_send_err(report, e);
	_exit(1);
}
