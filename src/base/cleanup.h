#pragma once
/* Scope-bound ownership. Every cleanup keeps errno, so that an error path can still report it. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* An empty descriptor slot. Not -1: -EBADF survives being passed on as an error by mistake, and a
 * zeroed struct never owns descriptor 0 because owners are set to FD_NONE explicitly. */
#define FD_NONE (-9)

#define must_check __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void fd_close(int *fd)
{
	if (*fd < 0)
		return;
	int saved = errno;
	close(*fd); /* EINTR and EIO leave nothing to retry: close(2) */
	errno = saved;
	*fd = FD_NONE;
}

static inline int fd_steal(int *fd)
{
	int r = *fd;
	*fd = FD_NONE;
	return r;
}

static inline void free_ptr(void *p)
{
	int saved = errno;
	free(*(void **)p);
	*(void **)p = NULL;
	errno = saved;
}

static inline void *ptr_steal_(void *p)
{
	void *r = *(void **)p;
	*(void **)p = NULL;
	return r;
}

/* ptr_steal - hand over what @p (an auto_free pointer) owns. */
#define ptr_steal(p) ((__typeof__(p))ptr_steal_(&(p)))

#define auto_fd __attribute__((cleanup(fd_close)))
#define auto_free __attribute__((cleanup(free_ptr)))
/* AUTO(x) struct x v = X_INIT; calls x_done(&v) at the end of the scope. */
#define AUTO(x) __attribute__((cleanup(x##_done)))
