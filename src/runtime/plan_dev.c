/* Devices for a container in a user namespace. There mknod(2) is refused. So its /dev is made here, as long as we are
 * on the host and may: a tmpfs mounted nowhere, idmapped once the namespace has its maps, that the child puts in its
 * place. Where that cannot be the child binds the host's nodes, one mount each. Devices that config.json adds are bound
 * from the host, too; but it may ask for one under another path, mode or owner than the host's, or for one that the
 * host has no node of. Those are made in a second tmpfs, from which the child takes them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "mnt/fsmount.h"
#include "ns/idmap.h"
#include "runtime/child/devices.h"
#include "runtime/plan.h"
#include "sys/kfeat.h"
#include "sys/path.h"

static mode_t type_of(const struct rc_device *d)
{
	return d->type == 'b' ? S_IFBLK : S_IFCHR;
}

/* Does the host's node do? */
static bool host_has(const struct rc_device *d)
{
	struct err ignored = ERR_NONE;
	struct stat st;
	auto_fd int fd = path_open_host(d->path, O_PATH | O_NOFOLLOW, 0, &ignored);

	return fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type_of(d) &&
		st.st_rdev == makedev((unsigned)d->major, (unsigned)d->minor) && !d->uid.set && !d->gid.set &&
		(!d->file_mode.set || (st.st_mode & 07777) == (d->file_mode.v & 07777));
}

static int new_tmpfs(struct err *e)
{
	auto_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, "make a tmpfs for devices");
	int mnt = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return mnt < 0 ? err_sys(e, "make a tmpfs for devices") : mnt;
}

static int make(const struct rc_linux *l, size_t i, int dir, struct err *e)
{
	const struct rc_device *d = &l->devices[i];
	mode_t mode = d->file_mode.set ? (mode_t)d->file_mode.v & 07777 : 0666;
	uint32_t uid = 0, gid = 0;
	char name[24];

	fmt_to(name, sizeof(name), "%zu", i);
	if (!ns_idmap_to_host(&l->uid_maps, (uint32_t)d->uid.v, &uid) ||
		!ns_idmap_to_host(&l->gid_maps, (uint32_t)d->gid.v, &gid))
		return err_set(e, ERR_CONFIG, EINVAL, "its owner %u:%u is not mapped in the user namespace",
			(unsigned)d->uid.v, (unsigned)d->gid.v);
	if (mknodat(dir, name, type_of(d) | mode, makedev((unsigned)d->major, (unsigned)d->minor)) < 0)
		return err_sys(e, "make the device");
	if (fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 || fchmodat(dir, name, mode, 0) < 0)
		return err_sys(e, "set the owner and mode of the device");
	return 0;
}

/* The mount of /dev, if it is one that can be made beforehand: an ordinary tmpfs that nothing covers. */
static struct child_mount *whole_dev(struct child_plan *c)
{
	struct child_mount *found = NULL;

	for (size_t i = 0; i < c->n_mounts; i++) {
		struct child_mount *m = &c->mounts[i];
		const struct mnt_opts *o = &m->opts;
		bool mode = false;

		if (str_eq(m->doc->destination, "/"))
			return NULL;
		if (!str_eq(m->doc->destination, "/dev"))
			continue;
		for (size_t k = 0; k < o->n_data; k++)
			mode = mode || str_eq(o->data[k].key, "mode"); /* else it is that of the covered directory */
		found = m->kind == CHILD_MOUNT_FS && str_eq(m->fs.type, "tmpfs") && mode && !o->tmpcopyup &&
				!o->dest_nofollow && !o->n_propagation && !o->rec_attr_set && !o->rec_attr_clr &&
				m->idmap_userns < 0
			? m
			: NULL;
	}
	return found;
}

/* False: it cannot be made here (we are in a container ourselves), and the child has another way. */
static bool fill_dev(const struct child_plan *c, int dev)
{
	struct err ignored = ERR_NONE;

	for (size_t i = 0; i < DEV_N_DEFAULTS; i++)
		if (mknodat(dev, dev_defaults[i].name, S_IFCHR | 0666,
			    makedev(dev_defaults[i].major, dev_defaults[i].minor)) < 0)
			return false;
	return dev_make_links(dev, &ignored) == 0 &&
		(!child_has_mount(c, "/dev/pts") || dev_make_ptmx(dev, &ignored) == 0);
}

static void plan_whole_dev(const struct rt_plan_in *in, struct rt_plan *p)
{
	enum { IDMAPPED_TMPFS = 6003 }; /* sys/kfeat.c */
	struct child_mount *m = whole_dev(&p->child);
	struct err ignored = ERR_NONE;

	if (!m || !p->child.fresh_mounts || str_len(in->config->linux_.mount_label) || kfeat_release() < IDMAPPED_TMPFS)
		return;
	auto_fd int dev = mnt_fs_detached(&m->fs, &ignored);
	mode_t mask = umask(0);
	if (dev >= 0 && fill_dev(&p->child, dev)) {
		m->tree = fd_steal(&dev);
		m->idmap_own = true;
	}
	umask(mask);
}

int plan_devices(const struct rt_plan_in *in, struct rt_plan *p, struct err *e)
{
	const struct rc_linux *l = &in->config->linux_;
	bool needed = false;

	if (!p->maps || !p->may_clone_mounts || !p->child.setup_dev)
		return 0;
	plan_whole_dev(in, p);
	for (size_t i = 0; i < l->n_devices; i++)
		needed = needed || (l->devices[i].type != 'p' && !host_has(&l->devices[i]));
	if (!needed)
		return 0;
	p->child.dev_nodes = new_tmpfs(e);
	if (p->child.dev_nodes < 0)
		return p->child.dev_nodes;
	for (size_t i = 0; i < l->n_devices; i++)
		if (l->devices[i].type != 'p' && make(l, i, p->child.dev_nodes, e) < 0)
			return err_wrap(e, "config.json: /linux/devices/%zu: %s", i, l->devices[i].path);
	return 0;
}
