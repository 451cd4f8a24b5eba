/* What every container's /dev has. */
#include "runtime/child/devices.h"

#include <errno.h>
#include <unistd.h>
#include "base/str.h"

const struct dev_default dev_defaults[DEV_N_DEFAULTS] = {
	{ "null", 1, 3 },
	{ "zero", 1, 5 },
	{ "full", 1, 7 },
	{ "random", 1, 8 },
	{ "urandom", 1, 9 },
	{ "tty", 5, 0 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

int dev_make_links(int dev, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST)
			return err_sys(e, "make the link /dev/%s", links[i].name);
	return 0;
}

int dev_make_ptmx(int dev, struct err *e)
{
	if (symlinkat("pts/ptmx", dev, "ptmx") == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, "make the link /dev/ptmx");
	if (unlinkat(dev, "ptmx", 0) == 0 && symlinkat("pts/ptmx", dev, "ptmx") == 0)
		return 0;
	return errno == EROFS || errno == EBUSY ? 0 : err_sys(e, "replace /dev/ptmx");
}
