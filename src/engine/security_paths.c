/* What of /proc and /sys is hidden or cannot be written, and the seccomp filter: the last part of a
 * document. */
#include "engine/security.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include "base/str.h"
#include "cmdline/opt.h"
#include "sec/profile.h"
#include "sys/io.h"
#include "sys/path.h"

enum { MAX_PROFILE = 8 << 20 };

/* docker's and podman's of today, and the trees below /sys/fs and /sys/kernel that are other
 * filesystems: they show when /sys is the host's (--network host). Those that are absent cost one
 * system call. */
static const char *const masked[] = { "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
	"/proc/kpagecgroup", "/proc/kpagecount", "/proc/kpageflags", "/proc/latency_stats", "/proc/sched_debug",
	"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block", "/sys/devices/virtual/powercap",
	"/sys/firmware", "/sys/fs/bpf", "/sys/fs/pstore", "/sys/fs/selinux", "/sys/kernel/debug",
	"/sys/kernel/security", "/sys/kernel/tracing" };
static const char *const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

/* --- paths --------------------------------------------------------------------------------------------------- */

static bool defaults_apply(const struct ct_config *c)
{
	return !c->privileged && !c->systempaths_unconfined;
}

static bool is_unmasked(const struct ct_config *c, const char *path)
{
	for (size_t i = 0; i < c->unmasked_paths.n; i++)
		if (str_eq(c->unmasked_paths.v[i], "ALL") || fnmatch(c->unmasked_paths.v[i], path, FNM_PATHNAME) == 0)
			return true;
	return false;
}

struct path_set {
	const char *const *defaults;
	size_t n;
	const struct rc_str_list *more;
};

static int paths(
	const struct ct_config *c, const struct path_set *s, struct arena *a, struct rc_str_list *ret, struct err *e)
{
	*ret = (struct rc_str_list){ NULL, 0 };
	for (size_t i = 0; i < s->n && defaults_apply(c); i++)
		if (!is_unmasked(c, s->defaults[i]) && opt_list_add(a, ret, s->defaults[i], e) < 0)
			return -e->num;
	for (size_t i = 0; i < s->more->n; i++)
		if (opt_list_add(a, ret, s->more->v[i], e) < 0)
			return -e->num;
	return 0;
}

int security_masked_paths(const struct ct_config *c, struct arena *a, struct rc_str_list *ret, struct err *e)
{
	return paths(c, &(struct path_set){ masked, ARRAY_SIZE(masked), &c->masked_paths }, a, ret, e);
}

int security_readonly_paths(const struct ct_config *c, struct arena *a, struct rc_str_list *ret, struct err *e)
{
	return paths(c, &(struct path_set){ read_only, ARRAY_SIZE(read_only), &c->readonly_paths }, a, ret, e);
}

static void write_paths(struct buf *b, const char *key, const struct rc_str_list *l)
{
	buf_printf(b, "\"%s\":[", key);
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "");
		buf_json_str(b, l->v[i]);
	}
	buf_str(b, "]");
}

/* --- seccomp ------------------------------------------------------------------------------------------------- */

static bool by_name(const struct ct_config *c)
{
	return !c->privileged && !c->seccomp;
}

/* An image for 32-bit x86 has no other way to a socket than socketcall(2), with the libc of most
 * distributions. */
static struct profile_want want_of(const struct ct_config *c, uint64_t caps)
{
	return (struct profile_want){ .caps = caps, .socketcall = c->platform && str_starts(c->platform, "linux/386") };
}

void security_annotations(const struct ct_config *c, uint64_t caps, struct buf *b, bool *ret_first)
{
	char id[PROFILE_ID_SIZE];
	struct profile_want w = want_of(c, caps);

	if (!by_name(c))
		return;
	profile_id(&w, id);
	buf_printf(b, "%s\"" PROFILE_ANNOTATION "\":\"%s\"", *ret_first ? "" : ",", id);
	*ret_first = false;
}

/* A profile of the user's is read at each start: as docker's daemon, which keeps a copy, it does
 * not follow the file once the container runs. */
static int own_profile(const struct ct_config *c, uint64_t caps, struct buf *b, struct err *e)
{
	AUTO(buf) struct buf text = BUF_INIT;
	auto_fd int fd = path_open_host(c->seccomp, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);

	if (fd < 0 || io_read_all(fd, MAX_PROFILE, &text, e) < 0)
		return err_wrap(e, "--security-opt seccomp=%s", c->seccomp);
	buf_str(b, "\"seccomp\":");
	if (profile_read(text.data ? text.data : "", text.len, c->seccomp, caps, b, e) < 0)
		return -e->num;
	buf_str(b, ",");
	return 0;
}

int security_protection(const struct ct_config *c, uint64_t caps, struct buf *b, struct err *e)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	struct rc_str_list hidden, fixed;

	if (c->seccomp && !c->privileged && !str_eq(c->seccomp, "unconfined") && own_profile(c, caps, b, e) < 0)
		return -e->num;
	if (security_masked_paths(c, &a, &hidden, e) < 0 || security_readonly_paths(c, &a, &fixed, e) < 0)
		return -e->num;
	write_paths(b, "maskedPaths", &hidden);
	buf_str(b, ",");
	write_paths(b, "readonlyPaths", &fixed);
	return 0;
}
