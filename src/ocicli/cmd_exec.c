/* exec: another program in a running container. */
#include <errno.h>
#include "base/str.h"
#include "ocicli/commands.h"

/* rt_exec keeps pointers to lists, so the lists live beside it. */
struct exec_opts {
	struct rt_exec req;
	struct rc_str_list env, caps, cgroups, gids;
};

#define REQ(type, member) OPT(type, exec_opts, req.member)
static const struct opt exec_rows[] = {
	{ 0, "console-socket", "SOCKET", REQ(TEXT, console_socket),
		"send the terminal's controlling side to this unix socket", NULL },
	{ 0, "pidfd-socket", "SOCKET", REQ(TEXT, pidfd_socket), "send a pidfd of the process to this unix socket",
		NULL },
	{ 0, "cwd", "DIR", REQ(TEXT, cwd), "working directory in the container", NULL },
	{ 'e', "env", "NAME=VALUE", OPT(LIST, exec_opts, env), "set a variable of the environment; repeatable", NULL },
	{ 't', "tty", NULL, REQ(FLAG, tty), "give the process a terminal", NULL },
	{ 'u', "user", "UID[:GID]", REQ(TEXT, user), "run as this user; a name is looked up in the container", NULL },
	{ 'g', "additional-gids", "GID", OPT(LIST, exec_opts, gids), "add a supplementary group; repeatable", NULL },
	{ 'p', "process", "FILE", REQ(TEXT, process_file), "take the whole process document from FILE", NULL },
	{ 'd', "detach", NULL, REQ(FLAG, detach), "return once the program runs", NULL },
	{ 0, "pid-file", "FILE", REQ(TEXT, pid_file), "write the pid of the process to FILE", NULL },
	{ 0, "process-label", "LABEL", REQ(TEXT, process_label), "SELinux label of the process", NULL },
	{ 0, "apparmor", "PROFILE", REQ(TEXT, apparmor), "AppArmor profile of the process", NULL },
	{ 0, "no-new-privs", NULL, REQ(FLAG, no_new_privs), "set no_new_privs, prctl(2)", NULL },
	{ 'c', "cap", "CAPABILITY", OPT(LIST, exec_opts, caps), "add a capability; repeatable", NULL },
	{ 0, "preserve-fds", "N", REQ(U32, preserve_fds), "hand on N descriptors from 3 on", NULL },
	{ 0, "cgroup", "[CONTROLLER[,...]:]PATH", OPT(LIST, exec_opts, cgroups),
		"run in this cgroup below the container's; repeatable", NULL },
	{ 0, "ignore-paused", NULL, REQ(FLAG, ignore_paused), "do not refuse a paused container", NULL },
};

static int exec(struct cli *c, struct err *e)
{
	struct exec_opts *o = c->opts;

	/* What a program of the container could have returned must stay apart from our own
	 * failures; runc uses 255, crun 1. */
	if (c->like != LIKE_CRUN)
		c->fail_status = 255;
	o->req.id = c->operands[0];
	o->req.args = c->operands + 1;
	o->req.env = &o->env;
	o->req.caps = &o->caps;
	o->req.cgroups = &o->cgroups;
	o->req.additional_gids = &o->gids;
	if (!o->req.process_file && !c->operands[1])
		err_set(e, ERR_USAGE, EINVAL, "exec args cannot be empty");
	else if (rt_exec(&c->rt, &o->req, &c->status, e) == 0)
		return 0;
	return err_wrap(e, "exec failed");
}

const struct command cmd_exec = { .name = "exec",
	.operands = "CONTAINER cmd [ARGUMENT]...",
	.summary = "run another program in a container",
	.opts = OPT_TABLE(exec_rows),
	.opts_size = sizeof(struct exec_opts),
	.min_operands = 1,
	.max_operands = -1,
	.flags = CMD_STATE | CMD_STOP | CMD_ENTERS,
	.run = exec };
