#pragma once
/* The only place that resolves paths which a user, an image or a container can influence. Everything is
 * resolved once, by the kernel, against a directory descriptor (openat2(2)); after that only the
 * descriptor is used. */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "base/err.h"

/* path_open_host - open an absolute or working-directory relative path that the *caller of the program*
 * named (a bundle, a pid file): ordinary resolution, close-on-exec. */
int path_open_host(const char *path, int flags, mode_t mode, struct err *e) must_check;
/* path_mkdir_host - make the directory @path with all parents, each new one with exactly @mode whatever the
 * umask, and open it (O_RDONLY). Existing ones keep their mode. */
int path_mkdir_host(const char *path, mode_t mode, struct err *e) must_check;

/* path_open_in - open @path as a process whose root directory is @rootfd would: absolute paths, ".." and
 * symlinks stay inside, magic links are refused. @flags as open(2); O_CLOEXEC is added. -ENOENT and
 * -ENOTDIR are the usual branches. openat2(2) RESOLVE_IN_ROOT, Linux 5.6. */
int path_open_in(int rootfd, const char *path, uint64_t flags, struct err *e) must_check;
/* path_open_nosym_in - the same, refusing any symlink on the way (-ELOOP). */
int path_open_nosym_in(int rootfd, const char *path, uint64_t flags, struct err *e) must_check;
/* path_try_in - path_open_in without an error message: the descriptor or -errno. */
int path_try_in(int rootfd, const char *path, uint64_t flags) must_check;
/* path_open_below - open @path strictly below @dirfd: leaving it, even by symlink, is -EXDEV. */
int path_open_below(int dirfd, const char *path, uint64_t flags, struct err *e) must_check;

/* path_mkdir_in - make directory @path in @rootfd with all parents (@mode for each new one) and return an
 * O_PATH descriptor of it. Existing symlinks are followed inside the root, also dangling ones. */
int path_mkdir_in(int rootfd, const char *path, mode_t mode, struct err *e) must_check;
/* path_create_in - an O_PATH descriptor of the file @path in @rootfd; an absent one is made as an empty
 * regular file with @mode, with its parents (0755); a dangling symlink is followed inside the root. */
int path_create_in(int rootfd, const char *path, mode_t mode, struct err *e) must_check;
/* path_parent_in - the O_PATH descriptor of @path's parent directory in @rootfd (made when absent) and its
 * last component in @ret_name. The last component itself is not followed. */
int path_parent_in(int rootfd, const char *path, char ret_name[static NAME_MAX + 1], struct err *e) must_check;

/* path_proc - the text "/proc/self/fd/N" for calls that take no descriptor. */
struct path_proc {
	char text[32];
};
struct path_proc path_proc(int fd);
/* path_proc_rel - "self/fd/N", for where no /proc is mounted and the working directory is a procfs. */
struct path_proc path_proc_rel(int fd);

/* path_is_dir - of an open descriptor. */
bool path_is_dir(int fd);
/* path_readlink - target of the symlink @name in @dirfd ("" for an O_PATH symlink fd), NUL-terminated.
 * Returns its length. */
int path_readlink(int dirfd, const char *name, char *dst, size_t size, struct err *e) must_check;
/* path_remove_tree - delete the directory @name in @dirfd and everything below it, never crossing a
 * mount or following a symlink. An absent one is fine. */
int path_remove_tree(int dirfd, const char *name, struct err *e) must_check;
/* path_absolute - @path made absolute against the working directory, without resolving symlinks; into @dst. */
int path_absolute(const char *path, char dst[static PATH_MAX], struct err *e) must_check;
