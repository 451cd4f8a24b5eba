/* Namespaces and what belongs to them: ids, cgroup, host name, loopback, sysctls. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "net/link.h"
#include "ns/kinds.h"
#include "runtime/child/steps.h"
#include "runtime/sync.h"
#include "sys/call.h"
#include "sys/io.h"
#include "sys/path.h"

static int join(const struct child_join *j, struct err *e)
{
	const struct ns_kind *k = &ns_kinds[j->kind];

	return setns(j->fd, (int)k->clone_flag) < 0 ? err_sys(e, "join the %s namespace", k->word) : 0;
}

/* Become root of the user namespace: without an id in it we could not own what we make. */
int step_user(const struct child_plan *p, struct child_state *s, struct err *e)
{
	if (p->wait_maps) {
		int r = sync_expect(p->sync, SYNC_GO, NULL, p->root_later ? &s->root_tree : NULL, e);

		if (r < 0)
			return r;
	}
	if (!p->in_userns)
		return 0;
	if (sys_setresgid(0, 0, 0) < 0 || sys_setresuid(0, 0, 0) < 0) {
		if (errno != EINVAL)
			return err_sys(e, "become root of the user namespace");
		return 0; /* id 0 is not mapped: stay who we are; what needs an owner will say so */
	}
	s->is_root = true;
	return 0;
}

static int set_names(const struct runtime_config *c, struct err *e)
{
	if (c->hostname && sethostname(c->hostname, strlen(c->hostname)) < 0)
		return err_sys(e, "set the host name");
	if (c->domainname && setdomainname(c->domainname, strlen(c->domainname)) < 0)
		return err_sys(e, "set the domain name");
	return 0;
}

static int enter_cgroup(const struct child_plan *p, struct err *e)
{
	int r = p->cgroups ? cg_join_self(p->cgroups, e) : 0;

	if (r < 0)
		return err_wrap(e, "enter the container's cgroup");
	if (p->unshare_cgroup && unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(e, "make a cgroup namespace");
	/* Asked for by annotation, so its wait for the kernel (8 ms) is not on the usual path. */
	return p->delegated >= 0 ? io_write_once(p->delegated, "0", 1, e) : 0;
}

/* The first process of a new user namespace has every capability in it from its birth; a cgroup is entered by the
 * rights of who opened its file. Where systemd is to move us first, or other namespaces are joined, all keeps to its
 * order. */
int step_early(const struct child_plan *p, struct child_state *s, struct err *e)
{
	if (!p->root_later || p->stage || p->n_join || !p->cgroups)
		return 0;
	int r = enter_cgroup(p, e);

	if (r == 0)
		r = set_names(p->config, e);
	if (r == 0 && p->own_net)
		r = net_lo_up(e);
	s->early = r == 0;
	return r;
}

int step_cgroup(const struct child_plan *p, struct child_state *s, struct err *e)
{
	return s->early ? 0 : enter_cgroup(p, e);
}

int step_join(const struct child_plan *p, struct child_state *s, struct err *e)
{
	(void)s;
	for (size_t i = 0; i < p->n_join && !p->stage; i++) {
		int r = join(&p->join[i], e);

		if (r < 0)
			return r;
	}
	if (p->unshare_time)
		return ns_timens_unshare(&p->time, p->proc, e);
	return 0;
}

/* Namespaces owned by the joined user namespace can be entered only from inside of it, those owned by ours
 * only before: two rounds. */
static int stage_joins(const struct child_plan *p, struct err *e)
{
	bool done[RC_N_NS] = { false };

	for (size_t i = 0; i < p->n_join; i++)
		if (p->join[i].kind != RC_NS_USER)
			done[i] = setns(p->join[i].fd, (int)ns_kinds[p->join[i].kind].clone_flag) == 0;
	for (size_t i = 0; i < p->n_join; i++) {
		if (p->join[i].kind != RC_NS_USER)
			continue;
		int r = join(&p->join[i], e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < p->n_join; i++) {
		int r = done[i] || p->join[i].kind == RC_NS_USER ? 0 : join(&p->join[i], e);

		if (r < 0)
			return r;
	}
	return 0;
}

_Noreturn void child_stage(const struct child_plan *p)
{
	struct clone_args args = { .flags = p->new_ns | CLONE_PARENT };
	struct err e = ERR_NONE;
	pid_t pid = -1;

	if (stage_joins(p, &e) == 0) {
		pid = sys_clone3(&args);
		if (pid == 0 && sync_expect(p->sync, SYNC_GO, NULL, NULL, &e) < 0)
			_exit(1); /* the runtime is gone */
		if (pid == 0)
			child_main(p); /* nothing that it says may come before STAGED */
		if (pid < 0)
			err_sys(&e, "clone the container's first process");
	}
	if (pid < 0)
		sync_send_err(p->sync, &e);
	else if (sync_send(p->sync, SYNC_STAGED, pid, FD_NONE, &e) < 0)
		_exit(1);
	_exit(0);
}

int step_session(const struct child_plan *p, struct child_state *s, struct err *e)
{
	(void)s;
	if (setsid() < 0 && errno != EPERM) /* EPERM: we lead one already */
		return err_sys(e, "begin a session");
	if (!p->keyring)
		return 0;
	return keyring_join(p->proc, p->keyring, p->keyring_label, true, e);
}

int step_names(const struct child_plan *p, struct child_state *s, struct err *e)
{
	return s->early ? 0 : set_names(p->config, e);
}

int step_net(const struct child_plan *p, struct child_state *s, struct err *e)
{
	return p->own_net && !s->early ? net_lo_up(e) : 0;
}

/* A procfs that is attached nowhere, so nothing in it can have been mounted over (CVE-2019-16884). */
static int private_proc(struct err *e)
{
	auto_fd int fs = fsopen("proc", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, "make a private procfs");
	int mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return mnt < 0 ? err_sys(e, "make a private procfs") : mnt;
}

/* net.ipv4.ip_forward is net/ipv4/ip_forward; a name with slashes keeps its dots (sysctl(8)). */
static int sysctl_path(const char *key, char *dst, size_t size, struct err *e)
{
	size_t first = strcspn(key, "./");
	bool slashes = key[first] == '/';

	if (!fmt_fits(dst, size, "sys/%s", key))
		return err_num(e, ENAMETOOLONG, "sysctl %s", key);
	for (char *c = dst + 4; *c && !slashes; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return 0;
}

static int write_sysctl(int proc, const struct rc_kv *kv, struct err *e)
{
	char path[256];
	int r = sysctl_path(kv->key, path, sizeof(path), e);

	if (r < 0)
		return r;
	struct open_how how = { .flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	auto_fd int fd = sys_openat2(proc, path, &how);
	if (fd < 0) {
		bool absent = errno == ENOENT; /* must not read like a missing program */

		return absent ? err_set(e, ERR_CONFIG, EINVAL, "sysctl %s: this kernel has none of that name", kv->key)
			      : err_sys(e, "open sysctl %s", kv->key);
	}
	r = io_write_once(fd, kv->value, strlen(kv->value), e);
	return r < 0 ? err_wrap(e, "sysctl %s", kv->key) : 0;
}

static int write_sysctls(int proc, const struct rc_kv_list *l, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		int r = write_sysctl(proc, &l->v[i], e);

		if (r < 0)
			return r;
	}
	return 0;
}

int step_sysctl(const struct child_plan *p, struct child_state *s, struct err *e)
{
	const struct rc_kv_list *l = &p->config->linux_.sysctl;

	if (!l->n)
		return 0;
	/* The one that we have mounted does, unless it is read-only or something stands in it (NO_XDEV). */
	int r = s->proc >= 0 ? write_sysctls(s->proc, l, e) : -EXDEV;
	if (r == -EROFS || r == -EXDEV) {
		err_clear(e);
		int proc = private_proc(e);
		if (proc == -EPERM) { /* a pid namespace of the host: its procfs has what is asked of ours, too */
			err_clear(e);
			proc = p->proc;
		}
		r = proc < 0 ? proc : write_sysctls(proc, l, e);
	}
	return r < 0 ? err_wrap(e, "config.json: /linux/sysctl") : 0;
}
