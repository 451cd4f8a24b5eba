/* /dev: default devices and links, config.json's devices, the console. runtime-spec config-linux.md "Devices". */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "mnt/bind.h"
#include "mnt/fsmount.h"
#include "runtime/child/devices.h"
#include "runtime/child/steps.h"
#include "sys/path.h"
#include "sys/tty.h"

enum { NODE_MADE = 1 };

struct node {
	const char *name; /* in its directory */
	mode_t type; /* S_IFCHR … */
	dev_t dev;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	const char *host; /* where the host has the same device */
};

/* An existing node is accepted only if it is the very same device (CVE-2025-31133 and kin). */
static int check_existing(int dir, const struct node *n, struct err *e)
{
	struct stat st;

	if (fstatat(dir, n->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "look at device %s", n->name);
	if ((st.st_mode & S_IFMT) != n->type || (n->type != S_IFIFO && st.st_rdev != n->dev))
		return err_set(e, ERR_CONFIG, EEXIST,
			"/dev/%s is in the root filesystem already and is not device %u:%u", n->name, major(n->dev),
			minor(n->dev));
	return 0;
}

/* Onto a file of its own; what is there already takes the mount, too. Neither follows a symbolic link out of the root.
 */
static int attach_node(int tree, int dir, const char *name, struct err *e)
{
	if (mknodat(dir, name, S_IFREG | 0666, 0) < 0) {
		int target = errno == EEXIST ? path_create_in(dir, name, 0666, e) : err_sys(e, "create %s", name);

		return target < 0 ? target : mnt_move(tree, target, e);
	}
	return move_mount(tree, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? err_sys(e, "attach a device") : 0;
}

/* In a user namespace mknod(2) is refused: the host's node is bound. */
static int bind_node(int dir, const struct node *n, struct err *e)
{
	struct stat st;
	int host = mnt_clone_device(n->host, e);

	if (host < 0)
		return host;
	if (fstat(host, &st) < 0)
		return err_sys(e, "look at %s", n->host);
	if (n->type != S_IFIFO && ((st.st_mode & S_IFMT) != n->type || st.st_rdev != n->dev))
		return err_set(e, ERR_CONFIG, ENODEV, "the host's %s is not device %u:%u", n->host, major(n->dev),
			minor(n->dev));
	return attach_node(host, dir, n->name, e);
}

static int own_node(int dir, const struct node *n, struct err *e)
{
	if ((n->uid || n->gid) && fchownat(dir, n->name, n->uid, n->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "change the owner of device %s", n->name);
	return 0;
}

/* NODE_MADE: it was not there before, and it is not the host's. */
static int make_node(bool in_userns, int dir, const struct node *n, struct err *e)
{
	if (in_userns && n->type != S_IFIFO)
		return bind_node(dir, n, e);
	if (mknodat(dir, n->name, n->type | n->mode, n->dev) == 0)
		return own_node(dir, n, e) < 0 ? -e->num : NODE_MADE;
	if (errno == EEXIST)
		return check_existing(dir, n, e);
	if (errno == EPERM)
		return bind_node(dir, n, e);
	return err_sys(e, "make device %s", n->name);
}

static int make_defaults(const struct child_plan *p, struct child_state *s, struct err *e)
{
	char host[32];
	int dev = s->dev;

	for (size_t i = 0; i < DEV_N_DEFAULTS; i++) {
		struct node n = { .name = dev_defaults[i].name,
			.type = S_IFCHR,
			.mode = 0666,
			.dev = makedev(dev_defaults[i].major, dev_defaults[i].minor),
			.host = host };

		fmt_to(host, sizeof(host), "/dev/%s", n.name);
		int r = make_node(p->in_userns, dev, &n, e);
		if (r < 0)
			return r;
		s->own_null |= r == NODE_MADE && n.dev == makedev(1, 3);
	}
	return dev_make_links(dev, e);
}

/* The node @i that the runtime made for us, as a mount of its own. */
static int take_node(const struct child_plan *p, size_t i, int dir, const char *name, struct err *e)
{
	char from[24];

	fmt_to(from, sizeof(from), "%zu", i);
	int tree = open_tree(p->dev_nodes, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return err_sys(e, "take over a device");
	return attach_node(tree, dir, name, e);
}

/* A mount can be cloned only from our own mount namespace (until Linux 6.15). On top of the root the tmpfs is in
 * nobody's way: every path is looked up from the descriptor of what lies below. */
static int attach_nodes(const struct child_plan *p, int rootfd, struct err *e)
{
	return p->dev_nodes < 0 ? 0 : mnt_move(p->dev_nodes, rootfd, e);
}

static int detach_nodes(const struct child_plan *p, struct err *e)
{
	if (p->dev_nodes >= 0 && umount2(path_proc_rel(p->dev_nodes).text, MNT_DETACH) < 0)
		return err_sys(e, "drop the tmpfs of the devices");
	return 0;
}

static int make_configured(const struct child_plan *p, size_t i, int rootfd, struct err *e)
{
	const struct rc_device *d = &p->config->linux_.devices[i];
	char name[NAME_MAX + 1];
	int parent = path_parent_in(rootfd, d->path, name, e);

	if (parent < 0)
		return parent;
	if (p->dev_nodes >= 0 && d->type != 'p')
		return take_node(p, i, parent, name, e);
	struct node n = { .name = name,
		.type = d->type == 'b'	 ? S_IFBLK
			: d->type == 'p' ? S_IFIFO
					 : S_IFCHR,
		.mode = d->file_mode.set ? (mode_t)d->file_mode.v & 07777 : 0666,
		.dev = d->type == 'p' ? 0 : makedev((unsigned)d->major, (unsigned)d->minor),
		.uid = (uid_t)d->uid.v,
		.gid = (gid_t)d->gid.v,
		.host = d->path };
	return make_node(p->in_userns, parent, &n, e);
}

/* An image cannot choose where its devices are made. */
static int refuse_link(const struct child_plan *p, int rootfd, struct err *e)
{
	struct stat st;

	if (child_has_mount(p, "/dev") || fstatat(rootfd, "dev", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode))
		return 0;
	return err_set(e, ERR_CONFIG, ELOOP, "/dev of the root filesystem is a symbolic link");
}

int step_dev(const struct child_plan *p, struct child_state *s, struct err *e)
{
	const struct rc_linux *l = &p->config->linux_;
	int r = 0;

	if (!p->setup_dev)
		return 0;
	r = attach_nodes(p, s->rootfd, e);
	for (size_t i = 0; r == 0 && i < l->n_devices; i++)
		if (make_configured(p, i, s->rootfd, e) < 0)
			return err_wrap(e, "config.json: /linux/devices/%zu: %s", i, l->devices[i].path);
	if (r == 0)
		r = detach_nodes(p, e);
	if (r == 0)
		r = refuse_link(p, s->rootfd, e);
	if (r < 0)
		return r;
	if (s->dev_whole)
		return 0;
	bool fresh = s->dev >= 0;
	if (!fresh)
		s->dev = path_mkdir_in(s->rootfd, "/dev", 0755, e);
	if (s->dev < 0)
		return s->dev;
	r = make_defaults(p, s, e);
	s->fresh_null = s->own_null && fresh;
	if (r == 0 && child_has_mount(p, "/dev/pts"))
		r = dev_make_ptmx(s->dev, e);
	return r;
}

/* The slave also appears as /dev/console (runtime-spec config-linux.md "Default Devices"). */
static int bind_console(int rootfd, const struct child_state *s, struct err *e)
{
	char at[32];
	unsigned n;
	int r = tty_number(s->master, &n, e);

	if (r < 0)
		return r;
	fmt_to(at, sizeof(at), "/dev/pts/%u", n);
	int slave = path_open_in(rootfd, at, O_PATH | O_NOFOLLOW, e);
	if (slave < 0)
		return slave;
	int target = path_create_in(rootfd, "/dev/console", 0600, e);
	return target < 0 ? target : mnt_bind_on(slave, target, false, e);
}

int console_open(int rootfd, const struct rc_process *process, struct child_state *s, struct err *e)
{
	struct stat st;
	int pts = path_open_in(rootfd, "/dev/pts", O_PATH | O_DIRECTORY, e);

	if (pts < 0)
		return err_hint(e, "a terminal needs a mount of type devpts on /dev/pts");
	s->master = tty_open_master(pts, "ptmx", e);
	if (s->master < 0)
		return s->master;
	if (fstat(s->master, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return err_set(e, ERR_CONFIG, ENODEV, "/dev/pts/ptmx is not the device 5:2");
	s->slave = tty_open_slave(s->master, e);
	if (s->slave < 0)
		return s->slave;
	if (fchown(s->slave, process->uid, (gid_t)-1) < 0 && errno != EPERM && errno != EINVAL)
		return err_sys(e, "give the terminal to user %u", process->uid);
	if (process->console_height || process->console_width)
		return tty_set_size(s->slave, process->console_height, process->console_width, e);
	return 0;
}

static bool is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* What is not known to be ours is looked at before it is opened: opening some devices does something. */
static int open_own_null(const struct child_plan *p, const struct child_state *s)
{
	int flags = O_RDWR | O_NOCTTY;
	int fd = path_try_in(s->own_null ? s->dev : s->rootfd, s->own_null ? "null" : "dev/null",
		O_NOFOLLOW | (s->own_null ? flags : O_PATH));

	if (fd < 0 || (!s->fresh_null && !is_null(fd)))
		return FD_NONE;
	return s->own_null ? fd : openat(p->proc, path_proc_rel(fd).text, flags | O_CLOEXEC);
}

/* The container's own /dev/null in the place of the host's, which is a file of a mount that is not in the container:
 * criu(8) could not say where it is. Where there is none, or it is no such device (CVE-2025-31133), nothing changes. */
static int own_null(const struct child_plan *p, const struct child_state *s, struct err *e)
{
	int own = FD_NONE;

	for (int fd = 0; fd <= 2; fd++) {
		if (!is_null(fd))
			continue;
		if (own < 0)
			own = open_own_null(p, s);
		if (own < 0)
			return 0;
		if (dup2(own, fd) < 0)
			return err_sys(e, "replace descriptor %d", fd);
	}
	return 0;
}

int step_console(const struct child_plan *p, struct child_state *s, struct err *e)
{
	const struct rc_process *process = p->program.process;

	if (!process || !process->terminal)
		return p->own_mounts ? own_null(p, s, e) : 0;
	int r = console_open(s->rootfd, process, s, e);
	if (r == 0 && p->own_mounts)
		r = bind_console(s->rootfd, s, e);
	if (r == 0)
		r = tty_take(s->slave, e);
	if (r < 0)
		return err_wrap(e, "terminal");
	fd_close(&s->slave);
	return 0;
}
