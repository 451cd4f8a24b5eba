/* From one entry's directory to the next one's. A part that is a real directory is opened without following anything;
 * as soon as one is not, the whole way is resolved by the kernel inside the layer (path_mkdir_in). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "layer/unpack_internal.h"
#include "sys/call.h"
#include "sys/path.h"

static void pop_to(struct walk *w, size_t depth)
{
	while (w->depth > depth)
		fd_close(&w->fd[--w->depth]);
}

void walk_forget(struct walk *w)
{
	pop_to(w, 0);
}

/* How many of the open parts lie on the way to @path. */
static size_t common(const struct walk *w, const char *path, size_t n)
{
	size_t depth = 0;

	for (; depth < w->depth; depth++) {
		size_t end = w->end[depth];

		if (end > n || (end < n && path[end] != '/') || memcmp(w->path, path, end) != 0)
			break;
	}
	return depth;
}

static int open_real_dir(int at, const char *name)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	int fd = sys_openat2(at, name, &how);

	if (fd < 0 && errno == ENOENT && mkdirat(at, name, 0755) == 0)
		fd = sys_openat2(at, name, &how);
	return fd;
}

int walk_to(struct walk *w, const char *path, size_t n, struct err *e)
{
	char part[NAME_MAX + 1];

	if (n >= sizeof(w->path))
		return err_num(e, ENAMETOOLONG, "%.*s…", 64, path);
	pop_to(w, common(w, path, n));
	memcpy(w->path, path, n);
	w->path[n] = '\0';
	size_t at = w->depth ? w->end[w->depth - 1] : 0;
	while (at < n && w->depth < WALK_DEPTH) {
		at += at > 0; /* the slash */
		size_t len = strcspn(w->path + at, "/");

		if (len > NAME_MAX)
			return err_num(e, ENAMETOOLONG, "%.*s…", 64, w->path + at);
		memcpy(part, w->path + at, len);
		part[len] = '\0';
		int fd = open_real_dir(w->depth ? w->fd[w->depth - 1] : w->root_fd, part);
		if (fd < 0)
			break;
		at += len;
		w->end[w->depth] = at;
		w->fd[w->depth++] = fd;
	}
	if (at == n)
		return w->depth ? w->fd[w->depth - 1] : w->root_fd;
	pop_to(w, 0);
	/* A symlink, a file, or too deep: kept as the only open part. */
	int fd = path_mkdir_in(w->root_fd, w->path, 0755, e);
	if (fd < 0)
		return err_wrap(e, "%s", w->path);
	w->end[0] = n;
	w->fd[0] = fd;
	w->depth = 1;
	return fd;
}
