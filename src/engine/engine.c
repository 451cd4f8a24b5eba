#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/rootless.h"
#include "sys/path.h"

/* The inode of the first user namespace is part of the kernel's ABI (PROC_USER_INIT_INO). */
static bool in_initial_userns(void)
{
	char text[64];
	ssize_t n = readlink("/proc/self/ns/user", text, sizeof(text) - 1);

	if (n < 0)
		return true; /* no /proc: nothing speaks for a user namespace */
	text[n] = '\0';
	return str_eq(text, "user:[4026531837]");
}

static int absolute(const char *given, const char *variable, char dst[static PATH_MAX], bool *ret_found, struct err *e)
{
	const char *p = given ? given : getenv(variable);

	*ret_found = p && *p;
	if (given && !*given)
		return err_set(e, ERR_USAGE, EINVAL, "an empty path was given for a directory of tare");
	return *ret_found ? path_absolute(p, dst, e) : 0;
}

static int default_path(const char *variable, const char *below, const char *fallback_variable, const char *fallback,
	char dst[static PATH_MAX], struct err *e)
{
	const char *base = getenv(variable), *home = fallback_variable ? getenv(fallback_variable) : "";
	bool fits;

	if (base && *base == '/')
		fits = fmt_fits(dst, PATH_MAX, "%s/%s", base, below);
	else if (home && (*home == '/' || !fallback_variable))
		fits = fmt_fits(dst, PATH_MAX, "%s%s", home, fallback);
	else
		return err_set(e, ERR_USAGE, EINVAL, "neither %s nor %s says where to keep files", variable,
			fallback_variable ? fallback_variable : "the default");
	return fits ? 0 : err_set(e, ERR_USAGE, ENAMETOOLONG, "%s is too long", variable);
}

static int find_paths(const struct engine_where *w, struct engine *en, struct err *e)
{
	char by_uid[64];
	bool found;
	int r = absolute(w->root, "TARE_ROOT", en->data_path, &found, e);

	if (r == 0 && !found)
		r = en->rootless ? default_path("XDG_DATA_HOME", "tare", "HOME", "/.local/share/tare", en->data_path, e)
				 : default_path("", "", NULL, "/var/lib/tare", en->data_path, e);
	if (r == 0)
		r = absolute(w->run_root, "TARE_RUN_ROOT", en->run_path, &found, e);
	fmt_to(by_uid, sizeof(by_uid), "/run/user/%u/tare", (unsigned)getauxval(AT_UID));
	if (r == 0 && !found)
		r = en->rootless ? default_path("XDG_RUNTIME_DIR", "tare", NULL, by_uid, en->run_path, e)
				 : default_path("", "", NULL, "/run/tare", en->run_path, e);
	if (r == 0 && !fmt_fits(en->oci_path, sizeof(en->oci_path), "%s/oci", en->run_path))
		r = err_set(e, ERR_USAGE, ENAMETOOLONG, "%s is too long", en->run_path);
	return r;
}

/* One system call when it is there. */
static int open_dir(const char *path, struct err *e)
{
	int fd = path_open_host(path, O_RDONLY | O_DIRECTORY, 0, e);

	if (fd != -ENOENT)
		return fd;
	err_clear(e);
	return path_mkdir_host(path, 0700, e);
}

static int open_below(int dir, const char *name, struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT && (mkdirat(dir, name, 0700) == 0 || errno == EEXIST))
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_sys(e, "open %s", name) : fd;
}

/* The mounts behind our descriptors belong to the namespace that we have left: overlayfs takes none of those. */
static int open_again(struct engine *en, struct err *e)
{
	fd_close(&en->data_fd);
	fd_close(&en->run_fd);
	fd_close(&en->containers_fd);
	en->data_fd = open_dir(en->data_path, e);
	if (en->data_fd >= 0)
		en->run_fd = open_dir(en->run_path, e);
	if (en->run_fd >= 0)
		en->containers_fd = open_below(en->data_fd, "containers", e);
	return e->num ? -e->num : 0;
}

int engine_open(const struct engine_where *w, struct engine *en, struct err *e)
{
	en->data_fd = en->run_fd = en->containers_fd = en->names_fd = en->rt.root_fd = FD_NONE;
	en->rt = (struct rt_context){ .root_fd = FD_NONE };
	en->rootless = getauxval(AT_EUID) != 0 || !in_initial_userns();
	if (find_paths(w, en, e) < 0)
		return -e->num;
	en->data_fd = open_dir(en->data_path, e);
	if (en->data_fd >= 0)
		en->run_fd = open_dir(en->run_path, e);
	if (en->run_fd >= 0)
		en->containers_fd = open_below(en->data_fd, "containers", e);
	/* From here on as root of the user's own namespaces. */
	if (en->containers_fd >= 0 && getauxval(AT_EUID) != 0 && (rootless_enter(en, e) < 0 || open_again(en, e) < 0))
		fd_close(&en->containers_fd);
	if (en->containers_fd >= 0)
		en->names_fd = open_below(en->data_fd, "names", e);
	if (e->num == 0)
		err_told(rt_context_open(en->oci_path, &en->rt, e));
	en->rt.rootless = en->rootless;
	if (e->num)
		engine_done(en);
	return e->num ? err_wrap(e, "%s", en->data_path) : 0;
}

void engine_done(struct engine *en)
{
	fd_close(&en->data_fd);
	fd_close(&en->run_fd);
	fd_close(&en->containers_fd);
	fd_close(&en->names_fd);
	rt_context_done(&en->rt);
}
