#pragma once
/* A new tmpfs (tmpcopyup) or volume starts with the content of the image's directory it covers. */
#include "base/err.h"

enum {
	COPYUP_MAX_DEPTH = 64,
	COPYUP_MAX_ENTRIES = 200000,
};

/* mnt_copy_up - copy everything below the directory @srcfd (opened for reading, no O_PATH) into @dstfd: files,
 * directories, symlinks, fifos, sockets, devices, with owners, modes, times, xattrs and hard links turned into
 * copies; also mode, owner and xattrs of the top directory. Symlinks are never followed, mounts below the
 * source are not entered. Devices that may not be made (user namespace) become empty files, as they could not
 * be opened either. Other errors name the path below the directory. CHILD. */
int mnt_copy_up(int srcfd, int dstfd, struct err *e) must_check;
