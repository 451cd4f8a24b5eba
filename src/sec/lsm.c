/* Guarantees: a requested profile or label is in force after execve, or the start fails (SECURITY R5.14). The
 * writes go through a procfs that the caller verified, never through a path a container could cover
 * (CVE-2019-16884, CVE-2019-19921, SECURITY R1.4). */
#include "sec/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"

bool lsm_apparmor_enabled(void)
{
	char c = 'N';
	auto_fd int fd = openat(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &c, 1) == 1 && c == 'Y';
}

bool lsm_selinux_enabled(void)
{
	struct statfs s;

	return statfs("/sys/fs/selinux", &s) == 0 && (unsigned long)s.f_type == SELINUX_MAGIC;
}

int lsm_label_check(const char *what, const char *label, struct err *e)
{
	size_t n = strlen(label);

	if (n > 4000)
		return err_set(e, ERR_CONFIG, EINVAL, "%s: %zu bytes long, 4000 are allowed", what, n);
	for (size_t i = 0; i < n; i++)
		if (label[i] <= ' ' && label[i] != ' ')
			return err_set(e, ERR_CONFIG, EINVAL, "%s: has a control byte at position %zu", what, i);
		else if (label[i] == '"' || label[i] == 0x7f)
			return err_set(e, ERR_CONFIG, EINVAL, "%s: has a quote or DEL at position %zu", what, i);
	return 0;
}

static bool asked(const char *s)
{
	return s && s[0];
}

/* Already confined by a profile: /proc/thread-self/attr/current says something else than "unconfined". */
static bool apparmor_confined(void)
{
	char text[128];
	auto_fd int fd = openat(AT_FDCWD, "/proc/thread-self/attr/apparmor/current", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fd = openat(AT_FDCWD, "/proc/thread-self/attr/current", O_RDONLY | O_CLOEXEC);

	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return !str_starts(text, "unconfined");
}

static int prepare_apparmor(const char *profile, bool no_new_privs, struct lsm_exec *ret, struct err *e)
{
	/* Under no_new_privs the kernel lets a confined task only narrow its confinement: apparmor(7). */
	const char *verb = no_new_privs && apparmor_confined() ? "stack" : "exec";

	if (lsm_label_check("config.json: /process/apparmorProfile", profile, e) < 0)
		return -e->num;
	ret->kind = LSM_APPARMOR;
	ret->len = fmt_to(ret->text, sizeof(ret->text), "%s %s", verb, profile);
	return 0;
}

static int prepare_selinux(const char *label, struct lsm_exec *ret, struct err *e)
{
	if (lsm_label_check("config.json: /process/selinuxLabel", label, e) < 0)
		return -e->num;
	ret->kind = LSM_SELINUX;
	ret->len = fmt_to(ret->text, sizeof(ret->text), "%s", label);
	return 0;
}

int lsm_prepare(const char *apparmor, const char *selinux, bool no_new_privs, struct lsm_exec *ret, struct err *e)
{
	ret->kind = LSM_NONE;
	ret->len = 0;
	if (asked(apparmor) && !lsm_apparmor_enabled()) {
		if (!str_eq(apparmor, "unconfined"))
			return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
				"config.json: /process/apparmorProfile: \"%.128s\" is asked for and AppArmor is not "
				"enabled",
				apparmor);
	} else if (asked(apparmor) && prepare_apparmor(apparmor, no_new_privs, ret, e) < 0) {
		return -e->num;
	}
	if (!asked(selinux))
		return 0;
	if (!lsm_selinux_enabled())
		return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
			"config.json: /process/selinuxLabel: \"%.128s\" is asked for and SELinux is not enabled",
			selinux);
	if (ret->kind == LSM_APPARMOR)
		return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
			"config.json: /process: apparmorProfile and selinuxLabel are both asked for");
	return prepare_selinux(selinux, ret, e);
}

static int write_attr(int fd, const char *what, const char *text, size_t n, struct err *e)
{
	if (write(fd, text, n) == (ssize_t)n)
		return 0;
	err_sys(e, "write \"%.256s\" to %s", text, what);
	if (e->num == ENOENT)
		return err_hint(e, "is the profile loaded? see aa-status(8)");
	if (e->num == EINVAL)
		return err_hint(e, "the loaded policy does not know it");
	return -e->num;
}

int lsm_set_exec(int proc_fd, const struct lsm_exec *x, struct err *e)
{
	auto_fd int fd = FD_NONE;

	if (x->kind == LSM_NONE)
		return 0;
	/* attr/apparmor/ is unambiguous where several LSMs are stacked (Linux 5.8). */
	if (x->kind == LSM_APPARMOR)
		fd = openat(proc_fd, "thread-self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fd = openat(proc_fd, "thread-self/attr/exec", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open attr/exec for %s", x->text);
	return write_attr(fd, "attr/exec", x->text, x->len, e);
}

int lsm_set_keycreate(int proc_fd, const char *label, struct err *e)
{
	auto_fd int fd = openat(proc_fd, "thread-self/attr/keycreate", O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && !label)
		return 0;
	if (fd < 0)
		return err_sys(e, "open attr/keycreate");
	if (!label) /* an empty write resets it */
		return write(fd, "", 0) < 0 ? err_sys(e, "reset attr/keycreate") : 0;
	return write_attr(fd, "attr/keycreate", label, strlen(label), e);
}

int lsm_mount_context(const char *label, const char *options, char *dst, size_t size, size_t *ret_len, struct err *e)
{
	const char *comma = asked(options) ? "," : "";

	*ret_len = 0;
	dst[0] = '\0';
	if (!asked(label) || (options && strstr(options, "context=")))
		return 0;
	if (lsm_label_check("config.json: /linux/mountLabel", label, e) < 0)
		return -e->num;
	if (!lsm_selinux_enabled())
		return err_set(e, ERR_UNSUPPORTED, ENOTSUP,
			"config.json: /linux/mountLabel: \"%.128s\" is asked for and SELinux is not enabled", label);
	if (!fmt_fits(dst, size, "%scontext=\"%s\"", comma, label))
		return err_set(e, ERR_CONFIG, E2BIG, "config.json: /linux/mountLabel: too long for a mount option");
	*ret_len = strlen(dst);
	return 0;
}
