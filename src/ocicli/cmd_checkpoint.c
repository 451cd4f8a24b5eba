/* checkpoint and restore, through criu. */
#include "runtime/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include "base/str.h"
#include "ocicli/commands.h"

struct restore_opts {
	struct rt_criu criu;
	struct rt_create create;
};

#define CRIU(type, member) OPT(type, rt_criu, member)
/* Both commands' structures begin with struct rt_criu, so the rows serve for both. */
#define COMMON_ROWS \
	{ 0, "image-path", "DIR", CRIU(TEXT, image_path), "the images (default: checkpoint)", NULL }, \
		{ 0, "work-path", "DIR", CRIU(TEXT, work_path), "criu's logs and temporary files", NULL }, \
		{ 0, "tcp-established", NULL, CRIU(FLAG, tcp_established), "keep open TCP connections", NULL }, \
		{ 0, "ext-unix-sk", NULL, CRIU(FLAG, ext_unix_sk), "allow unix sockets to processes outside", NULL }, \
		{ 0, "shell-job", NULL, CRIU(FLAG, shell_job), "allow a terminal that belongs to somebody else", \
			NULL }, \
		{ 0, "file-locks", NULL, CRIU(FLAG, file_locks), "keep file locks", NULL }, \
		{ 0, "manage-cgroups-mode", "MODE", CRIU(TEXT, manage_cgroups_mode), \
			"soft (default), full, strict or ignore", "soft|full|strict|ignore" }, \
		{ 0, "network-lock", "METHOD", CRIU(TEXT, network_lock), \
			"how to hold back packets: iptables, nftables or skip", "iptables|nftables|skip" }, \
		{ 0, "lazy-pages", NULL, CRIU(FLAG, lazy_pages), "move memory when it is touched, userfaultfd(2)", \
			NULL }, \
		{ 0, "empty-ns", "NAMESPACE", CRIU(LIST, empty_ns), \
			"make this namespace anew, without its contents; repeatable", NULL }, \
	{ \
		0, "auto-dedup", NULL, CRIU(FLAG, auto_dedup), \
			"drop memory from older images when newer ones have it", NULL \
	}

static const struct opt checkpoint_rows[] = {
	COMMON_ROWS,
	{ 0, "parent-path", "DIR", CRIU(TEXT, parent_path), "images of an earlier --pre-dump, relative to --image-path",
		NULL },
	{ 0, "leave-running", NULL, CRIU(FLAG, leave_running), "do not end the container", NULL },
	{ 0, "tcp-skip-in-flight", NULL, CRIU(FLAG, tcp_skip_in_flight), "leave out TCP connections being made", NULL },
	{ 0, "link-remap", NULL, CRIU(FLAG, link_remap), "link unlinked files back where possible", NULL },
	{ 0, "status-fd", "FD", CRIU(I32, status_fd), "criu writes a byte here once --lazy-pages is ready", NULL },
	{ 0, "page-server", "ADDRESS:PORT", CRIU(TEXT, page_server), "send memory to this page server", NULL },
	{ 0, "pre-dump", NULL, CRIU(FLAG, pre_dump), "dump only memory, and go on running", NULL },
};

#define REQ(type, member) OPT(type, restore_opts, create.member)
static const struct opt restore_rows[] = {
	COMMON_ROWS,
	{ 0, "tcp-close", NULL, CRIU(FLAG, tcp_close), "close TCP connections that were open", NULL },
	{ 0, "lsm-profile", "TYPE:NAME", CRIU(TEXT, lsm_profile), "profile or label to restore with", NULL },
	{ 0, "lsm-mount-context", "CONTEXT", CRIU(TEXT, lsm_mount_context), "SELinux context of the mounts", NULL },
	{ 'b', "bundle", "DIR", REQ(TEXT, bundle), "the bundle (default: the working directory)", NULL },
	{ 'd', "detach", NULL, REQ(FLAG, detach), "return once the program runs", NULL },
	{ 0, "pid-file", "FILE", REQ(TEXT, pid_file), "write the pid of the container's first process to FILE", NULL },
	{ 0, "console-socket", "SOCKET", REQ(TEXT, console_socket),
		"send the terminal's controlling side to this unix socket", NULL },
	{ 0, "no-subreaper", NULL, REQ(FLAG, no_subreaper), "do not become the reaper of orphaned processes", NULL },
	{ 0, "no-pivot", NULL, REQ(FLAG, no_pivot), "change the root without pivot_root(2)", NULL },
	{ 0, "no-new-keyring", NULL, REQ(FLAG, no_new_keyring), "keep the caller's session keyring", NULL },
	{ 0, "preserve-fds", "N", REQ(U32, preserve_fds), NULL, NULL }, /* podman passes it; criu has its own */
	{ 0, "keep", NULL, REQ(FLAG, keep), "do not delete the container when it has ended", NULL },
};

static const struct rt_criu checkpoint_defaults = { .status_fd = -1 };
static const struct restore_opts restore_defaults = { .criu.status_fd = -1 };

static int checkpoint(struct cli *c, struct err *e)
{
	return rt_checkpoint(&c->rt, c->operands[0], c->opts, e);
}

static int restore(struct cli *c, struct err *e)
{
	struct restore_opts *o = c->opts;
	const char *notify = getenv("NOTIFY_SOCKET");

	o->create.id = c->operands[0];
	if (!o->create.bundle || !*o->create.bundle)
		o->create.bundle = ".";
	o->create.notify_socket = notify && *notify ? notify : NULL;
	return rt_restore(&c->rt, &o->create, &o->criu, &c->status, e);
}

const struct command cmd_checkpoint = { .name = "checkpoint",
	.operands = "CONTAINER",
	.summary = "write a running container to disk, with criu",
	.opts = OPT_TABLE(checkpoint_rows),
	.opts_size = sizeof(struct rt_criu),
	.defaults = &checkpoint_defaults,
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE,
	.run = checkpoint };
const struct command cmd_restore = { .name = "restore",
	.operands = "CONTAINER",
	.summary = "bring a container back from disk",
	.opts = OPT_TABLE(restore_rows),
	.opts_size = sizeof(struct restore_opts),
	.defaults = &restore_defaults,
	.min_operands = 1,
	.max_operands = 1,
	.flags = CMD_STATE | CMD_ENTERS,
	.run = restore };
