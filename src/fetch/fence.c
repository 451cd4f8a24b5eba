/* Landlock: which parts of the store a verb may touch. A parser that somebody took over finds the containers, volumes
 * and names out of reach, can execute nothing, and signal nobody. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/str.h"
#include "fetch/fetch.h"
#include "store/layout.h"
#include "sys/call.h"
#include "sys/path.h"

/* linux/landlock.h of Debian 12 knows the first two versions; the numbers are ABI. */
enum {
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_CHAR = 1 << 6,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_MAKE_FIFO = 1 << 10,
	FS_MAKE_BLOCK = 1 << 11,
	FS_MAKE_SYM = 1 << 12,
	FS_REFER = 1 << 13,
	FS_TRUNCATE = 1 << 14,
	FS_ABI2 = (1 << 14) - 1,
	FS_ABI3 = (1 << 15) - 1,
	FS_ABI5 = (1 << 16) - 1,
	NET_ALL = 3, /* bind, connect of TCP: version 4 */
	SCOPE_ALL = 3, /* abstract sockets, signals: version 6 */
	LOOK = FS_READ_FILE | FS_READ_DIR,
	ADD = LOOK | FS_WRITE_FILE | FS_MAKE_DIR | FS_MAKE_REG, /* the folder that a save fills */
	CHANGE = LOOK | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_CHAR | FS_MAKE_DIR | FS_MAKE_REG |
		FS_MAKE_FIFO | FS_MAKE_BLOCK | FS_MAKE_SYM | FS_REFER | FS_TRUNCATE,
};

static int allow(int rules, const struct sys_landlock_ruleset *handled, int fd, uint64_t what, struct err *e)
{
	const struct sys_landlock_below below = { .allowed = what & handled->fs, .parent_fd = fd };

	return sys_landlock_add_rule(rules, &below) < 0 ? err_sys(e, "allow a directory (Landlock)") : 0;
}

static int allow_store(struct fetch *f, int rules, const struct sys_landlock_ruleset *handled, struct err *e)
{
	static const char *const parts[] = { STORE_BLOBS, STORE_LAYERS, STORE_RECIPES, "images", STORE_TMP };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		auto_fd int fd = path_open_below(f->data_fd, parts[i], O_PATH | O_DIRECTORY | O_NOFOLLOW, e);

		if (fd == -ENOENT) { /* a store that has no image yet */
			err_clear(e);
			continue;
		}
		if (fd < 0 || allow(rules, handled, fd, f->writes ? CHANGE : LOOK, e) < 0)
			return -e->num;
	}
	return 0;
}

int fence_enter(struct fetch *f, struct err *e)
{
	int abi = sys_landlock_abi();
	struct sys_landlock_ruleset handled = { .fs = abi < 3 ? FS_ABI2
			: abi < 5			      ? FS_ABI3
							      : FS_ABI5,
		.net = abi < 4 ? 0 : NET_ALL,
		.scoped = abi < 6 ? 0 : SCOPE_ALL };

	if (abi < SYS_LANDLOCK_ABI_MIN)
		return 0; /* `system info` says so */
	auto_fd int rules = sys_landlock_create_ruleset(&handled);
	if (rules < 0)
		return err_sys(e, "make a Landlock ruleset");
	if (f->data_fd >= 0 && allow_store(f, rules, &handled, e) < 0)
		return -e->num;
	if (f->tree_fd >= 0 && allow(rules, &handled, f->tree_fd, LOOK, e) < 0)
		return -e->num;
	if (path_is_dir(f->file_fd) &&
		allow(rules, &handled, f->file_fd, str_eq(f->format, "oci-dir") ? ADD : LOOK, e) < 0)
		return -e->num;
	return sys_landlock_restrict_self(rules) < 0 ? err_sys(e, "enter the Landlock ruleset") : 0;
}
