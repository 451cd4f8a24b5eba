/* Layers are named to overlayfs as numbers below /proc/self/fd, which is the working directory while its options are
 * set: so all of them fit into one option of 255 bytes (fsconfig(2) takes no more), and no path of the host is walked
 * again. Where they do not fit, one option each (lowerdir+, Linux 6.8). */
#include "engine/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/initlayer.h"
#include "engine/rootfs_host.h"
#include "engine/rootfs_old.h"
#include "mnt/idmapped.h"
#include "store/store.h"
#include "sys/path.h"

enum { OPTION_MAX = 256 };

/* --- what it stands on ------------------------------------------------------------------------------------ */

/* Images often have one layer several times, the empty one above all, and overlayfs refuses one directory twice
 * (ELOOP). The uppermost has all that those below it have, whiteouts included. */
static bool is_covered(const struct rc_str_list *layers, size_t i)
{
	for (size_t k = i + 1; k < layers->n; k++)
		if (str_eq(layers->v[k], layers->v[i]))
			return true;
	return false;
}

static int open_layers(const struct engine *en, const struct record *r, struct rootfs *f, struct err *e)
{
	const struct rc_str_list *l = &r->config.layers;

	f->layers = calloc(l->n + 2, sizeof(*f->layers));
	if (!f->layers)
		return err_oom(e, "layers");
	int init = initlayer_open(en->data_fd, e);
	if (init < 0)
		return init;
	f->layers[f->n_layers++] = init;
	for (size_t i = 0; i < l->n; i++) {
		if (is_covered(l, i))
			continue;
		int fd = store_layer_open_at(en->data_fd, l->v[i], e);

		if (fd < 0)
			return err_wrap(e, "image %s", r->config.image ? r->config.image : "of the container");
		f->layers[f->n_layers++] = fd;
	}
	return 0;
}

int rootfs_open(const struct engine *en, const struct record *r, struct rootfs *ret, struct err *e)
{
	*ret = (struct rootfs){ .record = r,
		.data_path = en->data_path,
		.data_fd = en->data_fd,
		.clones = { FD_NONE, FD_NONE },
		.volatile_ = r->config.auto_remove,
		.rootless = en->rootless };
	if (r->config.rootfs_kind == CT_ROOTFS_IMAGE)
		return open_layers(en, r, ret, e);
	ret->layers = calloc(1, sizeof(*ret->layers));
	if (!ret->layers)
		return err_oom(e, "layers");
	const char *path = r->config.rootfs_kind == CT_ROOTFS_HOST ? "/" : r->config.rootfs;
	int fd = path_open_host(path, O_PATH | O_DIRECTORY, 0, e);
	if (fd < 0)
		return err_wrap(e, "root filesystem");
	ret->layers[ret->n_layers++] = fd;
	return 0;
}

void rootfs_done(struct rootfs *f)
{
	for (size_t i = 0; i < f->n_layers; i++)
		fd_close(&f->layers[i]);
	for (size_t i = 0; i < ARRAY_SIZE(f->clones); i++)
		fd_close(&f->clones[i]);
	free(f->layers);
	*f = (struct rootfs)ROOTFS_INIT;
}

/* The upper directory is the container's root directory: its mode is seen inside. A start that was cut short may have
 * made one of them. */
static int make_writable(const struct record *r, bool *ret_new, struct err *e)
{
	if (mkdirat(r->dir_fd, "upper", 0755) < 0 && errno != EEXIST)
		return err_sys(e, "make the writable layer of container %.12s", r->id);
	*ret_new = mkdirat(r->dir_fd, "work", 0700) == 0;
	if (!*ret_new && errno != EEXIST)
		return err_sys(e, "make the writable layer of container %.12s", r->id);
	return 0;
}

int rootfs_prepare(const struct record *r, struct err *e)
{
	bool new;

	if (make_writable(r, &new, e) < 0 || new || !r->config.auto_remove)
		return e->num ? -e->num : 0;
	/* overlayfs takes no volatile mount's directories again (overlayfs.rst "Volatile mount"), for who knows what
	 * reached the disk. A container with --rm ends with its first program, so this is from a start that was killed
	 * before one ran: there is nothing to lose. */
	if (path_remove_tree(r->dir_fd, "work", e) < 0 || path_remove_tree(r->dir_fd, "upper", e) < 0)
		return err_wrap(e, "clear the writable layer of container %.12s", r->id);
	return make_writable(r, &new, e);
}

/* --- mounting --------------------------------------------------------------------------------------------- */

/* What overlayfs is given. */
struct stack {
	int *v; /* highest first */
	size_t n;
	bool owned; /* v is ours to close */
	char upper[96]; /* what holds upper and work, below /proc/self/fd; "": read-only */
};

static void stack_done(struct stack *s)
{
	for (size_t i = 0; s->owned && i < s->n; i++)
		fd_close(&s->v[i]);
	free(s->v);
}

static int mapped_clone(int fd, int userns, struct err *e)
{
	auto_fd int tree = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (tree < 0)
		return err_sys(e, "clone the mount of a layer");
	if (mnt_idmap_apply(tree, userns, false, e) < 0) {
		err_hint(e, "\"--userns host\" runs a container without a range of ids of its own");
		return -e->num;
	}
	return fd_steal(&tree);
}

static int stack_new(const struct rootfs *f, struct stack *ret, struct err *e)
{
	*ret = (struct stack){ .v = calloc(f->n_layers + 2, sizeof(int)) };
	return ret->v ? 0 : err_oom(e, "layers");
}

/* The layers as they are. */
static int plain_stack(const struct rootfs *f, struct stack *ret, struct err *e)
{
	if (stack_new(f, ret, e) < 0)
		return -e->num;
	for (size_t i = f->n_layers; i-- > 0;)
		ret->v[ret->n++] = f->layers[i];
	fmt_to(ret->upper, sizeof(ret->upper), "%d", f->record->dir_fd);
	return 0;
}

/* Through the map of @userns. Layers and container lie in one directory, so one clone of its mount serves for all of
 * them. */
static int mapped_stack(struct rootfs *f, int userns, struct stack *ret, struct err *e)
{
	const struct rc_str_list *l = &f->record->config.layers;

	if (stack_new(f, ret, e) < 0)
		return -e->num;
	ret->owned = true;
	f->clones[0] = mapped_clone(f->data_fd, userns, e);
	if (f->clones[0] < 0)
		return f->clones[0];
	for (size_t i = l->n; i-- > 0;) {
		if (is_covered(l, i))
			continue;
		ret->v[ret->n] = store_layer_open_at(f->clones[0], l->v[i], e);
		if (ret->v[ret->n++] < 0)
			return -e->num;
	}
	fmt_to(ret->upper, sizeof(ret->upper), "%d/containers/%s", f->clones[0], f->record->id);
	if (f->record->config.rootfs_kind != CT_ROOTFS_HOST) {
		ret->v[ret->n] = initlayer_open(f->clones[0], e);
		return ret->v[ret->n++] < 0 ? -e->num : 0;
	}
	ret->owned = false;
	f->clones[1] = ret->v[ret->n++] = mapped_clone(f->layers[0], userns, e);
	return f->clones[1] < 0 ? -e->num : 0;
}

static int set(int fs, const char *key, const char *value, struct err *e)
{
	if (fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) < 0)
		return err_sys(e, "overlay option %s%s%s", key, value ? "=" : "", value ? value : "");
	return 0;
}

static int set_lower(int fs, const struct stack *s, struct err *e)
{
	char text[OPTION_MAX], one[16];
	size_t at = 0, i = 0;

	for (; i < s->n && at + 12 < sizeof(text); i++)
		at += fmt_to(text + at, sizeof(text) - at, "%s%d", i ? ":" : "", s->v[i]);
	if (i == s->n)
		return set(fs, "lowerdir", text, e);
	for (i = 0; i < s->n; i++) {
		fmt_to(one, sizeof(one), "%d", s->v[i]);
		if (set(fs, "lowerdir+", one, e) < 0)
			return e->num == EINVAL ? err_hint(e, "more than about 60 layers need Linux 6.8") : -e->num;
	}
	return 0;
}

static int set_upper(int fs, const struct stack *s, const struct rootfs *f, struct err *e)
{
	char text[112];

	if (!s->upper[0])
		return 0;
	fmt_to(text, sizeof(text), "%s/upper", s->upper);
	if (set(fs, "upperdir", text, e) < 0)
		return -e->num;
	fmt_to(text, sizeof(text), "%s/work", s->upper);
	if (set(fs, "workdir", text, e) < 0)
		return -e->num;
	/* Renames of directories are copies then, so that what the upper layer holds can be told without the lower ones
	 * (diff, commit). user.overlay.* has no redirects anyway. */
	if (!f->rootless && set(fs, "redirect_dir", "off", e) < 0)
		return -e->num;
	return f->volatile_ ? set(fs, "volatile", NULL, e) : 0;
}

static int configure(int fs, const struct stack *s, const struct rootfs *f, struct err *e)
{
	if (f->rootless && set(fs, "userxattr", NULL, e) < 0)
		return -e->num;
	if (set_lower(fs, s, e) < 0 || set_upper(fs, s, f, e) < 0)
		return -e->num;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? err_sys(e, "make the overlay") : 0;
}

/* Host ids of the container's root: what a file of ours looks like through the idmapped mount. */
static int mapped_root(int dir, uid_t *ret_owner, gid_t *ret_group, struct err *e)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return err_sys(e, "look at the container's writable layer");
	*ret_owner = st.st_uid;
	*ret_group = st.st_gid;
	return 0;
}

/* overlayfs mounts read-only when it cannot use its work directory, and says so in the kernel log only. */
static int check_writable(int mnt, struct err *e)
{
	struct statvfs st;

	if (fstatvfs(mnt, &st) < 0)
		return err_sys(e, "look at the overlay");
	if (!(st.f_flag & ST_RDONLY))
		return 0;
	err_set(e, ERR_SYSTEM, EROFS, "the overlay became read-only");
	return err_hint(e,
		"the kernel log has the reason; is the directory of containers on a file system that can hold "
		"overlays?");
}

static int mount_stack(const struct stack *s, const struct rootfs *f, unsigned attributes, struct err *e)
{
	auto_fd int here = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int fs = fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs < 0) {
		err_sys(e, "fsopen overlay");
		return err_hint(e, "does this kernel have overlayfs (modprobe overlay)?");
	}
	if (here < 0 || chdir("/proc/self/fd") < 0)
		return err_sys(e, "enter /proc/self/fd");
	int r = configure(fs, s, f, e);
	if (fchdir(here) < 0 && r == 0)
		r = err_sys(e, "return to the working directory");
	if (r < 0)
		return r;
	auto_fd int mnt = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
	if (mnt < 0)
		return err_sys(e, "mount the overlay");
	if (s->upper[0] && check_writable(mnt, e) < 0)
		return -e->num;
	return fd_steal(&mnt);
}

/* overlayfs works with the credentials of who mounted it, and makes its work directory at once. Through an idmapped
 * layer only ids of the map exist, so its user has to be one of them: root of the container's range, with all
 * capabilities kept (capabilities(7) "SECBIT_NO_SETUID_FIXUP"). */
static int mount_as_root_of(const struct stack *s, const struct rootfs *f, int userns, struct err *e)
{
	uid_t owner = 0;
	gid_t group = 0;

	if (userns < 0)
		return mount_stack(s, f, 0, e);
	if (mapped_root(f->clones[0], &owner, &group, e) < 0)
		return -e->num;
	int bits = prctl(PR_GET_SECUREBITS);
	if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return err_sys(e, "keep capabilities while the overlay is mounted");
	setfsgid(group);
	setfsuid(owner);
	int mnt = mount_stack(s, f, 0, e);
	setfsuid(0);
	setfsgid(0);
	if (prctl(PR_SET_SECUREBITS, bits) < 0 && mnt >= 0) {
		fd_close(&mnt);
		return err_sys(e, "restore the handling of capabilities");
	}
	return mnt;
}

/* A directory of the user's, with everything mounted in it. */
static int clone_directory(int fd, int userns, bool recursive, struct err *e)
{
	struct mount_attr a = { .propagation = MS_PRIVATE };
	unsigned r = recursive ? AT_RECURSIVE : 0;
	auto_fd int tree = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | r);

	if (tree < 0)
		return err_sys(e, "open the root filesystem");
	if (mount_setattr(tree, "", AT_EMPTY_PATH | r, &a, sizeof(a)) < 0)
		return err_sys(e, "cut the root filesystem off from its peers");
	if (userns >= 0 && mnt_idmap_apply(tree, userns, recursive, e) < 0)
		return -e->num;
	return fd_steal(&tree);
}

/* Linux before 6.15, see rootfs_old.h. The first refusal is the one to be told when this does not help either. */
static int mount_attached(const struct stack *s, const struct rootfs *f, int userns, struct err *e)
{
	struct err again = ERR_NONE, fatal = ERR_NONE;
	struct private_ns ns;
	int r = private_ns_enter(f, &ns, &again);
	auto_fd int mnt = r < 0 ? r : mount_as_root_of(s, f, userns, &again);

	if (private_ns_leave(&ns, &fatal) < 0) {
		*e = fatal;
		return -e->num;
	}
	if (mnt < 0)
		return -e->num;
	err_clear(e);
	return fd_steal(&mnt);
}

int rootfs_mount(struct rootfs *f, int userns, struct err *e)
{
	struct stack s __attribute__((cleanup(stack_done))) = { .n = 0 };

	if (f->record->config.rootfs_kind == CT_ROOTFS_DIR)
		return clone_directory(f->layers[0], userns, true, e);
	if (f->rootless && f->record->config.rootfs_kind == CT_ROOTFS_HOST)
		return rootfs_host_folders(f, true, e);
	int r = userns < 0 ? plain_stack(f, &s, e) : mapped_stack(f, userns, &s, e);
	if (r < 0)
		return r;
	r = mount_as_root_of(&s, f, userns, e);
	return r == -EINVAL && userns >= 0 ? mount_attached(&s, f, userns, e) : r;
}

int rootfs_view(const struct rootfs *f, struct err *e)
{
	struct stack s __attribute__((cleanup(stack_done))) = { .n = 0 };

	if (f->record->config.rootfs_kind == CT_ROOTFS_DIR)
		return clone_directory(f->layers[0], FD_NONE, false, e);
	if (f->rootless && f->record->config.rootfs_kind == CT_ROOTFS_HOST)
		return rootfs_host_folders(f, false, e);
	if (plain_stack(f, &s, e) < 0)
		return -e->num;
	s.upper[0] = '\0';
	/* The container's own layer goes on top as one more lower one: read only, and so allowed beside a container
	 * that runs on it. */
	auto_fd int upper = openat(f->record->dir_fd, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (upper >= 0) {
		memmove(s.v + 1, s.v, s.n++ * sizeof(*s.v));
		s.v[0] = upper;
	}
	if (s.n == 1) /* overlayfs wants two at least to be read-only */
		return clone_directory(s.v[0], FD_NONE, false, e);
	return mount_stack(&s, f, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);
}

/* --- looking up users without a mount ----------------------------------------------------------------------- */

enum users { USERS_NOT_HERE, USERS_HERE, USERS_UNSURE };

static bool is_opaque(int etc, bool rootless)
{
	char value;
	struct path_proc p = path_proc(etc);

	return getxattr(p.text, rootless ? "user.overlay.opaque" : "trusted.overlay.opaque", &value, 1) > 0;
}

/* Regular files of one layer hide those of the layers below, and so does a directory etc that is opaque. Whiteouts,
 * links and a layer that has only one of the two are left to overlayfs. */
static enum users look_for_users(int layer, bool rootless)
{
	struct stat passwd, group;
	struct err ignored = ERR_NONE;
	auto_fd int etc = path_open_nosym_in(layer, "etc", O_PATH | O_NOFOLLOW, &ignored);

	if (etc < 0)
		return ignored.num == ENOENT ? USERS_NOT_HERE : USERS_UNSURE;
	if (!path_is_dir(etc))
		return USERS_UNSURE;
	bool has_passwd = fstatat(etc, "passwd", &passwd, AT_SYMLINK_NOFOLLOW) == 0;
	bool has_group = fstatat(etc, "group", &group, AT_SYMLINK_NOFOLLOW) == 0;
	if (has_passwd && has_group)
		return S_ISREG(passwd.st_mode) && S_ISREG(group.st_mode) ? USERS_HERE : USERS_UNSURE;
	return has_passwd || has_group || is_opaque(etc, rootless) ? USERS_UNSURE : USERS_NOT_HERE;
}

int rootfs_users(const struct rootfs *f, struct err *e)
{
	auto_fd int upper = openat(f->record->dir_fd, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum users found = upper < 0 ? USERS_NOT_HERE : look_for_users(upper, f->rootless);

	if (found == USERS_HERE)
		return fd_steal(&upper);
	for (size_t i = f->n_layers; i-- > 0 && found == USERS_NOT_HERE;) {
		found = look_for_users(f->layers[i], f->rootless);
		if (found != USERS_HERE)
			continue;
		int fd = fcntl(f->layers[i], F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? err_sys(e, "open a layer") : fd;
	}
	return rootfs_view(f, e);
}
