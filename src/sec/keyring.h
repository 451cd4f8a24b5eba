#pragma once
/* A session keyring of the container's own, so that it does not hold its caller's keys. */
#include "base/err.h"

enum { KEYRING_NAME_SIZE = 5 + 255 + 1 };

/* keyring_name - "_ses.ID" into @dst (@id: at most 255 bytes, cut beyond). */
void keyring_name(const char *id, char dst[static KEYRING_NAME_SIZE]);
/* keyring_join - CHILD. Join a session keyring @name, made when this user has none of that name, and grant the
 * possessor's rights to its owner too (as runc and crun do, so that the owner can look into it).
 * @label (NULL: none) is its SELinux label, written through @proc_fd (a verified procfs root).
 * @begins: a container begins, and what an earlier one of that name has left of the permissions does not count.
 * Without keys in the kernel (ENOSYS), or where an outer filter refuses them (EPERM), there is nothing to
 * join: 0. EDQUOT is an error: with a keyring missing the caller's would be inherited. keyctl(2). */
int keyring_join(int proc_fd, const char *name, const char *label, bool begins, struct err *e) must_check;
