#include "sys/dirnames.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include "base/cleanup.h"
#include "base/str.h"

static int add(struct arena *a, const char *name, char ***v, size_t *n, size_t *cap, struct err *e)
{
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 32;
		char **grown = realloc(*v, more * sizeof(*grown));

		if (!grown)
			return err_oom(e, "a directory");
		*v = grown;
		*cap = more;
	}
	char *copy = arena_dup(a, name);
	if (!copy)
		return err_oom(e, "a directory");
	(*v)[(*n)++] = copy;
	return 0;
}

int dir_names(int fd, struct arena *a, char ***ret, size_t *ret_n, struct err *e)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* its own position */
	DIR *dir = again >= 0 ? fdopendir(again) : NULL;
	size_t cap = 0;
	int r = 0;

	*ret = NULL;
	*ret_n = 0;
	if (!dir) {
		err_sys(e, "read a directory");
		fd_close(&again);
		return -e->num;
	}
	for (const struct dirent *d; r == 0 && (d = readdir(dir));)
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			r = add(a, d->d_name, ret, ret_n, &cap, e);
	closedir(dir);
	if (*ret_n)
		qsort(*ret, *ret_n, sizeof(**ret), str_by_bytes);
	return r;
}
