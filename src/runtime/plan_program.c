/* What the program gets: environment, capabilities, filter, label. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include "base/log.h"
#include "base/str.h"
#include "runtime/plan.h"
#include "sec/profile.h"
#include "sec/rlimit.h"
#include "sys/io.h"

static int plan_env(const struct plan_program_in *in, struct arena *arena, struct child_program *g, struct err *e)
{
	const struct rc_str_list *env = &in->process->env;
	size_t extra = 0;
	bool home = false;

	for (; in->extra_env && in->extra_env[extra]; extra++)
		;
	g->envp = arena_array(arena, char *, env->n + extra + 2);
	if (!g->envp)
		return err_oom(e, "the environment");
	for (size_t i = 0; i < env->n; i++) {
		g->envp[g->n_env++] = env->v[i];
		home = home || str_starts(env->v[i], "HOME=");
		if (str_starts(env->v[i], "PATH="))
			g->path_env = env->v[i] + strlen("PATH=");
	}
	for (size_t i = 0; i < extra; i++)
		g->envp[g->n_env++] = arena_dup(arena, in->extra_env[i]);
	g->needs_home = !home;
	g->home_slot = home ? NULL : arena_text(arena, PATH_MAX);
	bool search = in->process->args.n && !strchr(in->process->args.v[0], '/');
	g->found_slot = search ? arena_text(arena, PATH_MAX) : NULL;
	return (home || g->home_slot) && (!search || g->found_slot) ? 0 : err_oom(e, "the program's path");
}

static void warn_missing(const struct rc_capabilities *want, uint64_t missing)
{
	char names[1024];

	if (missing)
		log_warn("config.json: /process/capabilities: not available here, left out: %s",
			caps_names(missing, names, sizeof(names)));
	for (size_t i = 0; want && i < want->unknown.n; i++)
		log_warn("config.json: /process/capabilities: unknown capability %s ignored", want->unknown.v[i]);
}

/* The engine's default profile, by its name: stricter than no filter, so that anybody may ask for it. */
static int named_filter(const struct plan_program_in *in, const char *id, struct seccomp_filter *f, struct err *e)
{
	struct profile_want w;

	if (in->linux_->seccomp)
		return err_set(
			e, ERR_CONFIG, EINVAL, "config.json: annotation " PROFILE_ANNOTATION " beside /linux/seccomp");
	if (!profile_parse_id(id, &w))
		return err_set(e, ERR_CONFIG, EINVAL,
			"config.json: annotation " PROFILE_ANNOTATION ": \"%.64s\" is not known", id);
	return profile_filter_get(in->ctx->root_fd, &w, f, e);
}

static int plan_filter(
	const struct plan_program_in *in, struct child_program *g, struct seccomp_filter *f, struct err *e)
{
	const char *raw = NULL, *strict = NULL, *named = NULL;
	int r = 0;

	for (size_t i = 0; in->annotations && i < in->annotations->n; i++) {
		const struct rc_kv *kv = &in->annotations->v[i];

		if (str_eq(kv->key, "run.oci.seccomp_bpf_data"))
			raw = kv->value;
		if (str_eq(kv->key, PROFILE_ANNOTATION))
			named = kv->value;
		if (str_eq(kv->key, "run.oci.seccomp_fail_unknown_syscall"))
			strict = kv->value;
		if (str_eq(kv->key, "run.oci.seccomp.plugins"))
			return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
				"annotation run.oci.seccomp.plugins: plugins would run foreign code in the runtime");
	}
	if (raw)
		r = seccomp_filter_raw(raw, f, e);
	else if (named)
		r = named_filter(in, named, f, e);
	else if (in->linux_->seccomp)
		r = seccomp_filter_get(
			in->ctx->root_fd, in->linux_->seccomp, str_eq(strict, "1") || str_eq(strict, "true"), f, e);
	if (r < 0 || !f->n)
		return r; /* the message names the place already */
	if (f->unknown)
		log_warn("config.json: /linux/seccomp/syscalls: unknown system calls left out: %.1024s", f->unknown);
	g->filter = f->insns;
	g->n_filter = f->n;
	g->filter_notify = f->notify;
	return seccomp_load_flags(in->linux_->seccomp, f, &g->filter_flags, e);
}

static int check_kept_fds(uint32_t n, struct err *e)
{
	for (uint32_t i = 0; i < n; i++)
		if (fcntl(3 + (int)i, F_GETFD) < 0)
			return err_set(e, ERR_USAGE, EBADF, "descriptor %u is to be preserved, but is not open", 3 + i);
	return 0;
}

/* What the program may be given at most. The first process of a new user namespace has every capability there is: where
 * our own bounding set has all that are wanted, the kernel need not be asked for its last one. */
static uint64_t caps_available(const struct plan_program_in *in)
{
	const struct rc_capabilities *want = in->process->capabilities;
	uint64_t asked =
		want ? want->bounding | want->effective | want->permitted | want->inheritable | want->ambient : 0;

	if (!in->in_userns)
		return in->self.permitted;
	return asked & ~in->self.bounding ? caps_all(caps_last()) : in->self.bounding;
}

/* Neither a set-user-ID program nor anything since our execve(2) has made the three ids differ. getauxval(3) */
static bool ids_are_root(void)
{
	return !getauxval(AT_UID) && !getauxval(AT_EUID) && !getauxval(AT_GID) && !getauxval(AT_EGID);
}

static int plan_placement(const struct rc_linux *l, struct arena *arena, struct child_program *g, struct err *e)
{
	g->personality = &l->personality;
	g->memory_policy = l->memory_policy;
	if (!l->memory_policy || !l->memory_policy->nodes)
		return 0;
	struct sched_set *nodes = arena_new(arena, struct sched_set);
	if (!nodes)
		return err_oom(e, "memory nodes");
	g->memory_nodes = nodes;
	return sched_set_parse("config.json: /linux/memoryPolicy/nodes", l->memory_policy->nodes, nodes, e);
}

bool plan_wants_groups(const struct rc_process *p)
{
	for (size_t i = 0; i < p->n_additional_gids; i++)
		if (p->additional_gids[i] != p->gid)
			return true;
	return false;
}

int plan_program(const struct plan_program_in *in, struct arena *arena, struct child_program *g,
	struct seccomp_filter *filter, struct err *e)
{
	const struct rc_process *p = in->process;
	uint64_t missing;

	*g = (struct child_program){
		.process = p, .keep_fds = in->keep_fds, .no_setgroups = in->no_setgroups, .make_cwd = in->make_cwd
	};
	if (!p)
		return 0;
	int r = check_kept_fds(in->listen_fds, e); /* others may have gaps, as with crun */
	if (r == 0 && rlimit_check(p->rlimits, p->n_rlimits, in->self.permitted, e) < 0)
		r = err_wrap(e, "/process/rlimits");
	if (r == 0)
		r = plan_env(in, arena, g, e);
	if (r == 0)
		r = plan_placement(in->linux_, arena, g, e);
	if (r < 0)
		return r;
	g->ignored_signals = in->self.ignored;
	g->is_root = !in->in_userns && ids_are_root();
	g->bounding = in->in_userns ? UINT64_MAX : in->self.bounding;
	caps_clamp(p->capabilities, caps_available(in), &g->caps, &missing, NULL);
	warn_missing(p->capabilities, missing);
	for (size_t i = 0; in->annotations && i < in->annotations->n; i++)
		if (str_eq(in->annotations->v[i].key, "run.oci.keep_original_groups"))
			g->keep_groups = str_eq(in->annotations->v[i].value, "1");
	r = lsm_prepare(p->apparmor_profile, p->selinux_label, p->no_new_privileges, &g->lsm, e);
	return r < 0 ? r : plan_filter(in, g, filter, e);
}
