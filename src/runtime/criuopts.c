/* Options of criu that follow from the command line and from config.json. */
#include "runtime/criuopts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "sys/path.h"

enum { LOG_LEVEL = 4, DIR_MODE = 0700 };

static const char default_images[] = "checkpoint";

static int open_dir(const char *path, bool make, struct err *e)
{
	if (make)
		return path_mkdir_host(path, DIR_MODE, e);
	return path_open_host(path, O_RDONLY | O_DIRECTORY, 0, e);
}

int criu_dirs_open(const struct rt_criu *q, bool make, struct criu_dirs *ret, struct err *e)
{
	ret->work = FD_NONE;
	ret->image_path = str_len(q->image_path) ? q->image_path : default_images;
	ret->work_path = str_len(q->work_path) ? q->work_path : ret->image_path;
	ret->image = open_dir(ret->image_path, make, e);
	if (ret->image < 0)
		return err_wrap(e, "image path");
	ret->work = open_dir(ret->work_path, true, e);
	return ret->work < 0 ? err_wrap(e, "work path") : 0;
}

void criu_dirs_done(struct criu_dirs *d)
{
	fd_close(&d->image);
	fd_close(&d->work);
}

struct word {
	const char *word;
	int value;
};

static int find_word(const struct word *words, size_t n, const char *option, const char *value, int *ret, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(words[i].word, value)) {
			*ret = words[i].value;
			return 0;
		}
	return err_set(e, ERR_USAGE, EINVAL, "invalid value \"%.64s\" for --%s", value, option);
}

static int add_modes(const struct rt_criu *q, struct buf *b, struct err *e)
{
	static const struct word cgroups[] = { { "soft", 3 }, { "full", 4 }, { "strict", 5 }, { "ignore", 0 } };
	static const struct word locks[] = { { "iptables", 1 }, { "nftables", 2 }, { "skip", 3 } };
	int mode = 3, lock = 0;

	if (str_len(q->manage_cgroups_mode) &&
		find_word(cgroups, ARRAY_SIZE(cgroups), "manage-cgroups-mode", q->manage_cgroups_mode, &mode, e) < 0)
		return -e->num;
	pb_int(b, CRIU_MANAGE_CGROUPS, 1);
	pb_int(b, CRIU_CGROUPS_MODE, mode);
	if (!str_len(q->network_lock))
		return 0;
	if (find_word(locks, ARRAY_SIZE(locks), "network-lock", q->network_lock, &lock, e) < 0)
		return -e->num;
	pb_int(b, CRIU_NETWORK_LOCK, lock);
	return 0;
}

static int add_empty_ns(const struct rt_criu *q, struct buf *b, struct err *e)
{
	for (size_t i = 0; i < q->empty_ns.n; i++)
		if (!str_eq(q->empty_ns.v[i], "network"))
			return err_set(e, ERR_USAGE, EINVAL,
				"namespace \"%.64s\" cannot be empty: criu knows only network", q->empty_ns.v[i]);
	if (q->empty_ns.n)
		pb_int(b, CRIU_EMPTY_NS, CLONE_NEWNET);
	return 0;
}

/* Where users of crun have it, and where those of runc: the first that is there. Neither is fine, too. */
static const char *default_file(void)
{
	static const char crun[] = "/etc/criu/crun.conf";
	struct err none = ERR_NONE;
	auto_fd int fd = path_open_host(crun, O_PATH, 0, &none);

	return fd >= 0 ? crun : "/etc/criu/runc.conf";
}

/* An annotation with an empty value turns the default file off. */
static void add_config_file(const struct runtime_config *config, struct buf *b)
{
	const char *file = rc_annotation(config, "org.criu.config");

	if (!file)
		file = default_file();
	if (*file)
		pb_str(b, CRIU_CONFIG_FILE, file);
}

int criu_opts_common(
	const struct rt_criu *q, const struct runtime_config *config, const char *log, struct buf *ret, struct err *e)
{
	const struct {
		bool set;
		unsigned field;
	} flags[] = { { q->ext_unix_sk, CRIU_EXT_UNIX_SK }, { q->tcp_established, CRIU_TCP_ESTABLISHED },
		{ q->shell_job, CRIU_SHELL_JOB }, { q->file_locks, CRIU_FILE_LOCKS },
		{ q->auto_dedup, CRIU_AUTO_DEDUP }, { q->lazy_pages, CRIU_LAZY_PAGES }, { true, CRIU_NOTIFY_SCRIPTS },
		{ true, CRIU_ORPHAN_PTS_MASTER } };

	pb_int(ret, CRIU_IMAGES_DIR_FD, CRIU_IMAGE_FD);
	pb_int(ret, CRIU_WORK_DIR_FD, CRIU_WORK_FD);
	pb_int(ret, CRIU_LOG_LEVEL, LOG_LEVEL);
	pb_str(ret, CRIU_LOG_FILE, log);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].set)
			pb_int(ret, flags[i].field, 1);
	add_config_file(config, ret);
	if (add_modes(q, ret, e) < 0)
		return -e->num;
	return add_empty_ns(q, ret, e);
}

/* --- mounts with a source outside -------------------------------------------------------------------------- */

static bool is_bind(const struct rc_mount *m)
{
	if (str_eq(m->type, "bind"))
		return true;
	for (size_t i = 0; i < m->options.n; i++)
		if (str_eq(m->options.v[i], "bind") || str_eq(m->options.v[i], "rbind"))
			return true;
	return false;
}

static bool below(const char *path, const char *dir)
{
	const char *rest = str_after(path, dir);

	return rest && *rest == '/';
}

/* What lies on a tmpfs comes back with it; what lies on a bind is there already. */
static bool on_another_mount(const struct runtime_config *c, const char *destination)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (below(destination, c->mounts[i].destination))
			return true;
	return false;
}

/* Where @destination is once symlinks are followed, as the container sees it; false: nowhere. */
static bool real_place(const struct criu_mounts *m, const char *destination, char dst[static PATH_MAX])
{
	struct err ignored = ERR_NONE;
	char path[PATH_MAX];
	auto_fd int fd = path_try_in(m->root, destination, O_PATH);

	if (fd < 0 || path_readlink(AT_FDCWD, path_proc(fd).text, path, sizeof(path), &ignored) < 0)
		return false;
	const char *inside = m->root_path ? str_after(path, m->root_path) : path;
	return inside && fmt_fits(dst, PATH_MAX, "%s", *inside ? inside : "/");
}

static int make_place(const struct criu_mounts *m, const struct rc_mount *mount, const char *source, struct err *e)
{
	struct stat st = { .st_mode = S_IFDIR };

	if (!m->root_path || on_another_mount(m->config, mount->destination))
		return 0;
	if (source && fstatat(AT_FDCWD, source, &st, 0) < 0)
		return err_sys(e, "source %s", source);
	auto_fd int fd = S_ISDIR(st.st_mode) ? path_mkdir_in(m->root, mount->destination, 0755, e)
					     : path_create_in(m->root, mount->destination, 0644, e);
	return fd < 0 ? -e->num : 0;
}

static int add_bind(const struct criu_mounts *m, const struct rc_mount *mount, struct buf *ret, struct err *e)
{
	char source[PATH_MAX], place[PATH_MAX];
	const char *from = mount->source ? mount->source : "";

	if (!fmt_fits(
		    source, sizeof(source), "%s%s%s", from[0] == '/' ? "" : m->bundle, from[0] == '/' ? "" : "/", from))
		return err_num(e, ENAMETOOLONG, "source %.64s…", from);
	if (make_place(m, mount, source, e) < 0)
		return -e->num;
	if (!real_place(m, mount->destination, place))
		fmt_to(place, sizeof(place), "%s", mount->destination);
	pb_pair(ret, CRIU_EXT_MNT, place, m->root_path ? source : place);
	return 0;
}

/* The child binds the container's own directory of every hierarchy, step_cgroup_mount.c. */
static void add_cgroup(const struct criu_mounts *m, const struct rc_mount *mount, struct buf *ret)
{
	for (int i = 0; i < m->host->n_hier; i++) {
		const struct cg_hier *h = &m->host->hier[i];
		const char *slash = strrchr(h->dir, '/'), *name = slash ? slash + 1 : h->dir;
		char place[PATH_MAX], host[PATH_MAX];
		bool single = m->host->mode == CG_V2;

		fmt_to(place, sizeof(place), "%s%s%s", mount->destination, single ? "" : "/", single ? "" : name);
		fmt_to(host, sizeof(host), "%s%s%s", h->dir[0] == '/' ? "" : "/sys/fs/cgroup/", h->dir,
			m->cgroup_path ? m->cgroup_path : "");
		pb_pair(ret, CRIU_EXT_MNT, place, m->root_path ? host : place);
	}
}

static void add_masks(const struct criu_mounts *m, struct buf *ret)
{
	const struct rc_str_list *masked = &m->config->linux_.masked_paths;
	struct stat st;

	if (m->root_path && masked->n)
		pb_pair(ret, CRIU_EXT_MNT, "/dev/null", "/dev/null");
	for (size_t i = 0; !m->root_path && i < masked->n; i++) {
		auto_fd int fd = path_try_in(m->root, masked->v[i], O_PATH);

		if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
			pb_pair(ret, CRIU_EXT_MNT, masked->v[i], "/dev/null");
	}
}

/* In a user namespace devices are bound from the host. */
static void add_devices(const struct criu_mounts *m, struct buf *ret)
{
	static const char *const usual[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
		"/dev/tty" };
	const struct rc_linux *l = &m->config->linux_;

	if (!l->ns[RC_NS_USER].present)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		pb_pair(ret, CRIU_EXT_MNT, usual[i], usual[i]);
	for (size_t i = 0; i < l->n_devices; i++)
		pb_pair(ret, CRIU_EXT_MNT, l->devices[i].path, l->devices[i].path);
}

int criu_opts_mounts(const struct criu_mounts *m, struct buf *ret, struct err *e)
{
	for (size_t i = 0; i < m->config->n_mounts; i++) {
		const struct rc_mount *mount = &m->config->mounts[i];
		bool cgroup = str_eq(mount->type, "cgroup") || str_eq(mount->type, "cgroup2");
		int r = 0;

		if (is_bind(mount))
			r = add_bind(m, mount, ret, e);
		else if (cgroup)
			add_cgroup(m, mount, ret);
		else
			r = make_place(m, mount, NULL, e);
		if (r < 0)
			return err_wrap(e, "config.json: /mounts/%zu (%s)", i, mount->destination);
	}
	add_masks(m, ret);
	add_devices(m, ret);
	return 0;
}
