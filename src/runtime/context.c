/* The state root and the names below it. */
#include "runtime/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/str.h"
#include "sys/path.h"

const char *const rt_status_names[] = { "creating", "created", "running", "paused", "stopped" };

int rt_context_open(const char *path, struct rt_context *ret, struct err *e)
{
	int flags = O_RDONLY | O_DIRECTORY;

	if (!path || !*path)
		return err_set(e, ERR_USAGE, EINVAL, "the state root is an empty path");
	int fd = path_open_host(path, flags, 0, e);
	if (fd == -ENOENT) {
		err_clear(e);
		fd = path_mkdir_host(path, 0700, e);
	}
	if (fd < 0)
		return err_wrap(e, "state root");
	ret->root_fd = fd;
	ret->root_path = path;
	return 0;
}

void rt_context_done(struct rt_context *c)
{
	fd_close(&c->root_fd);
}

int rt_id_check(const char *id, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-";
	size_t n = str_len(id);

	if (n > 0 && n <= 255 && strspn(id, allowed) == n && !str_eq(id, ".") && !str_eq(id, ".."))
		return 0;
	size_t good = id ? strspn(id, allowed) : 0;
	if (n > 0 && n <= 255 && good < n)
		err_set(e, ERR_USAGE, EINVAL,
			"invalid container ID format: \"%s\": invalid character in the container ID at %zu", id,
			good + 1);
	else
		err_set(e, ERR_USAGE, EINVAL, "invalid container ID format: \"%.300s\"", id ? id : "");
	return err_hint(e, "1 to 255 of A-Z a-z 0-9 _ + . -, not \".\" or \"..\"");
}
