/* Owners, modes, times and extended attributes of what is unpacked. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/str.h"
#include "layer/unpack_internal.h"
#include "sys/path.h"

/* overlay's own would let an image draw whiteouts, redirects and metacopies of other images' files (CVE-2021-3493 was
 * near); the labels of security modules and trusted.* are this host's business. */
bool attr_wanted(const char *name)
{
	if (str_starts(name, "user."))
		return !str_starts(name, "user.overlay.");
	return str_eq(name, "security.capability") || str_eq(name, "system.posix_acl_access") ||
		str_eq(name, "system.posix_acl_default");
}

static int owner_fail(const struct layer_entry *entry, struct err *e)
{
	int num = errno;

	err_sys(e, "%s: give it to %lld:%lld", entry->path, (long long)entry->uid, (long long)entry->gid);
	if (num == EINVAL)
		err_hint(e, "that id is not mapped in your user namespace: /etc/subuid and /etc/subgid give you more");
	return -e->num;
}

int attr_set(const struct unpack *u, int fd, const struct layer_entry *entry, bool times, struct err *e)
{
	const struct timespec when[2] = { entry->mtime, entry->mtime };

	if (!u->how.squash_ids && fchown(fd, (uid_t)entry->uid, (gid_t)entry->gid) < 0)
		return owner_fail(entry, e);
	if (fchmod(fd, entry->mode & 07777) < 0)
		return err_sys(e, "%s: set its mode", entry->path);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct layer_xattr *x = &entry->xattrs[i];

		/* A file system or a user namespace that cannot keep one is no reason to refuse the image. */
		if (attr_wanted(x->name) && fsetxattr(fd, x->name, x->value, x->size, 0) < 0 && errno != ENOTSUP &&
			errno != EPERM)
			return err_sys(e, "%s: set the attribute %.64s", entry->path, x->name);
	}
	return times && futimens(fd, when) < 0 ? err_sys(e, "%s: set its times", entry->path) : 0;
}

int attr_set_at(const struct unpack *u, int parent, const char *name, const struct layer_entry *entry, struct err *e)
{
	const struct timespec when[2] = { entry->mtime, entry->mtime };

	if (!u->how.squash_ids && fchownat(parent, name, (uid_t)entry->uid, (gid_t)entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return owner_fail(entry, e);
	/* We made it a moment ago in a directory that nobody else writes: it is no symlink where this would follow one.
	 */
	if (!S_ISLNK(entry->mode) && fchmodat(parent, name, entry->mode & 07777, 0) < 0)
		return err_sys(e, "%s: set its mode", entry->path);
	return utimensat(parent, name, when, AT_SYMLINK_NOFOLLOW) < 0 ? err_sys(e, "%s: set its times", entry->path)
								      : 0;
}

int attr_opaque(const struct unpack *u, int parent, struct err *e)
{
	const char *name = u->how.user_xattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
	auto_fd int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsetxattr(fd, name, "y", 1, 0) < 0)
		return err_sys(e, "mark a directory as opaque (%s)", name);
	return 0;
}
