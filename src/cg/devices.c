/* Giving the kernel the device rules. */
#include "cg/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fmt.h"
#include "base/str.h"
#include "cg/devices_rules.h"
#include "sys/call.h"
#include "sys/io.h"

enum {
	LIST_MAX = 1 << 20, /* of devices.list */
	MAX_PROGS = 64, /* BPF_CGROUP_MAX_PROGS, linux/bpf-cgroup-defs.h */
};

#define PROG_NAME "tare_devices"

/* --- v1 ------------------------------------------------------------------------------------------------ */

struct v1 {
	const struct cg_host *h;
	const char *path;
	int hier;
	int allow, deny; /* open files, FD_NONE until first used */
};

static int v1_write(struct v1 *v, bool allow, const char *text, struct err *e)
{
	int *fd = allow ? &v->allow : &v->deny;
	const char *file = allow ? "devices.allow" : "devices.deny";

	if (*fd < 0)
		*fd = cg_file_open(v->h, v->hier, v->path, file, O_WRONLY);
	if (*fd >= 0 && write(*fd, text, strlen(text)) >= 0)
		return 0;
	err_num(e, *fd < 0 ? -*fd : errno, "write \"%s\" to %s", text, file);
	if (*fd < 0)
		*fd = FD_NONE;
	if (e->num == EPERM)
		err_hint(e, "the parent cgroup does not allow that device, or we lack CAP_SYS_ADMIN");
	return err_wrap(e, "/linux/resources/devices");
}

static int v1_write_all(struct v1 *v, const struct dev_exceptions *x, struct err *e)
{
	char text[DEV_TEXT_SIZE];

	for (size_t i = 0; i < x->n; i++) {
		dev_exception_text(&x->v[i], text);
		if (v1_write(v, !x->allow_all, text, e) < 0)
			return -e->num;
	}
	return 0;
}

static const struct dev_rule *find(const struct dev_exceptions *x, const struct dev_rule *key)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].type == key->type && x->v[i].major == key->major && x->v[i].minor == key->minor)
			return &x->v[i];
	return NULL;
}

static bool parse_number(const char *s, size_t n, int64_t *ret)
{
	uint64_t v;

	if (n == 1 && *s == '*') {
		*ret = -1;
		return true;
	}
	if (!parse_u64_n(s, n, INT32_MAX, &v))
		return false;
	*ret = (int64_t)v;
	return true;
}

/* "c 1:3 rwm" */
static bool parse_exception(const char *line, struct dev_rule *ret)
{
	const char *major = line + 2, *colon = strchr(line, ':'), *space = colon ? strchr(colon, ' ') : NULL;

	if ((line[0] != 'c' && line[0] != 'b') || line[1] != ' ' || !space)
		return false;
	*ret = (struct dev_rule){ .type = line[0] };
	for (const char *p = space + 1; *p; p++)
		ret->access |= *p == 'r' ? DEV_READ : *p == 'w' ? DEV_WRITE : *p == 'm' ? DEV_MKNOD : 0;
	return parse_number(major, (size_t)(colon - major), &ret->major) &&
		parse_number(colon + 1, (size_t)(space - colon - 1), &ret->minor);
}

/* What stands in devices.list and no longer among the exceptions @want. */
static int v1_take_back(struct v1 *v, char *list, const struct dev_exceptions *want, struct err *e)
{
	char *save = NULL, text[DEV_TEXT_SIZE];

	for (char *line = strtok_r(list, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct dev_rule now;

		if (!parse_exception(line, &now))
			continue;
		const struct dev_rule *keep = find(want, &now);
		now.access &= keep ? ~keep->access : ~0u;
		if (!now.access)
			continue;
		dev_exception_text(&now, text);
		if (v1_write(v, false, text, e) < 0)
			return -e->num;
	}
	return 0;
}

/* A new cgroup has what its parent has; "a" empties the list and sets the default. */
static int v1_fresh(struct v1 *v, const struct dev_exceptions *x, struct err *e)
{
	if (x->allow_all && x->n == 0)
		return 0;
	if (v1_write(v, x->allow_all, "a", e) < 0)
		return -e->num;
	return v1_write_all(v, x, e);
}

static int v1_update(struct v1 *v, const struct dev_exceptions *x, struct err *e)
{
	AUTO(buf) struct buf list = BUF_INIT;
	auto_fd int fd = cg_file_open(v->h, v->hier, v->path, "devices.list", O_RDONLY);

	if (fd < 0)
		return err_num(e, -fd, "/linux/resources/devices: open devices.list");
	if (io_read_all(fd, LIST_MAX, &list, e) < 0)
		return err_wrap(e, "/linux/resources/devices: devices.list");
	bool all_now = list.data && str_starts(list.data, "a ");
	if (all_now && x->allow_all && x->n == 0)
		return 0;
	/* The kernel changes the default only of a cgroup without children; from list to list nothing is lost. */
	if (all_now || x->allow_all)
		return v1_write(v, x->allow_all, "a", e) < 0 ? -e->num : v1_write_all(v, x, e);
	if (v1_write_all(v, x, e) < 0)
		return -e->num;
	return v1_take_back(v, list.data, x, e);
}

static int set_v1(const struct cg_host *h, const char *path, const struct dev_rules *rules, bool update, struct err *e)
{
	struct v1 v = { h, path, h->v1_of[CG_DEVICES], FD_NONE, FD_NONE };
	struct dev_exceptions x;

	if (dev_exceptions_init(rules, &x, e) < 0)
		return -e->num;
	int r = update ? v1_update(&v, &x, e) : v1_fresh(&v, &x, e);
	dev_exceptions_done(&x);
	fd_close(&v.allow);
	fd_close(&v.deny);
	return r;
}

/* --- v2 ------------------------------------------------------------------------------------------------ */

static int bpf(int cmd, union bpf_attr *attr)
{
	return sys_bpf(cmd, attr, sizeof(*attr));
}

/* An open program attached to @dirfd that is ours (by its name), FD_NONE if there is none. */
static int find_ours(int dirfd, struct err *e)
{
	uint32_t ids[MAX_PROGS] = { 0 };
	union bpf_attr q;

	memset(&q, 0, sizeof(q));
	q.query.target_fd = (uint32_t)dirfd;
	q.query.attach_type = BPF_CGROUP_DEVICE;
	q.query.prog_ids = (uintptr_t)ids;
	q.query.prog_cnt = MAX_PROGS;
	if (bpf(BPF_PROG_QUERY, &q) < 0)
		return err_sys(e, "list the device programs");
	for (uint32_t i = 0; i < q.query.prog_cnt; i++) {
		struct bpf_prog_info info = { 0 };
		union bpf_attr a;

		memset(&a, 0, sizeof(a));
		a.prog_id = ids[i];
		auto_fd int fd = bpf(BPF_PROG_GET_FD_BY_ID, &a);
		if (fd < 0)
			continue; /* just detached by somebody */
		memset(&a, 0, sizeof(a));
		a.info.bpf_fd = (uint32_t)fd;
		a.info.info_len = sizeof(info);
		a.info.info = (uintptr_t)&info;
		if (bpf(BPF_OBJ_GET_INFO_BY_FD, &a) == 0 && strncmp(info.name, PROG_NAME, sizeof(info.name)) == 0)
			return fd_steal(&fd);
	}
	return FD_NONE;
}

static int load(const struct dev_rules *rules, struct err *e)
{
	struct dev_prog p;
	union bpf_attr a;

	if (dev_prog_init(rules, &p, e) < 0)
		return -e->num;
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	a.insns = (uintptr_t)p.v;
	a.insn_cnt = (uint32_t)p.n;
	a.license = (uintptr_t) "Apache-2.0";
	fmt_to(a.prog_name, sizeof(a.prog_name), PROG_NAME);
	int fd = bpf(BPF_PROG_LOAD, &a);
	if (fd < 0)
		err_sys(e, "load the device program of %zu instructions", p.n);
	dev_prog_done(&p);
	return fd < 0 ? -e->num : fd;
}

/* @old is FD_NONE for a first one. */
static int attach(int dirfd, int prog, int old, struct err *e)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.target_fd = (uint32_t)dirfd;
	a.attach_bpf_fd = (uint32_t)prog;
	a.attach_type = BPF_CGROUP_DEVICE;
	a.attach_flags = BPF_F_ALLOW_MULTI; /* beside systemd's own, and parents' */
	if (old >= 0) {
		a.attach_flags |= BPF_F_REPLACE;
		a.replace_bpf_fd = (uint32_t)old;
	}
	return bpf(BPF_PROG_ATTACH, &a) < 0 ? err_sys(e, "attach the device program") : 0;
}

static int detach(int dirfd, int prog, struct err *e)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.target_fd = (uint32_t)dirfd;
	a.attach_bpf_fd = (uint32_t)prog;
	a.attach_type = BPF_CGROUP_DEVICE;
	return bpf(BPF_PROG_DETACH, &a) < 0 ? err_sys(e, "detach the device program") : 0;
}

static int set_v2(int dirfd, const struct dev_rules *rules, bool update, struct err *e)
{
	bool all = dev_rules_allow_all(rules);
	auto_fd int old = FD_NONE;

	if (all && !update)
		return 0;
	if (dirfd < 0)
		return err_num(e, ENOENT, "the container has no cgroup on v2");
	if (update) {
		old = find_ours(dirfd, e);
		if (e->num)
			return -e->num;
	}
	if (all)
		return old >= 0 ? detach(dirfd, old, e) : 0;
	auto_fd int prog = load(rules, e);
	return prog < 0 ? prog : attach(dirfd, prog, old, e);
}

/* --- either -------------------------------------------------------------------------------------------- */

static bool is_denied(int num)
{
	return num == EPERM || num == EACCES || num == EROFS || num == ENOENT || num == ENOSYS;
}

int cg_devices_set(const struct cg_host *h, const struct cg *c, const struct rc_device_rule *list, size_t n_list,
	enum cg_devices_how how, struct err *e)
{
	bool update = how & CG_DEVICES_UPDATE, try = how & CG_DEVICES_TRY;
	struct dev_rules rules;
	int r;

	if (!c->path[0] || (h->unified < 0 && h->v1_of[CG_DEVICES] < 0)) {
		if (try)
			return 0;
		err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "there is no cgroup to enforce device rules in");
		return err_wrap(e, "/linux/resources/devices");
	}
	if (dev_rules_init(list, n_list, &rules, e) < 0)
		return -e->num;
	if (h->v1_of[CG_DEVICES] >= 0) {
		r = set_v1(h, c->path, &rules, update, e);
	} else {
		r = set_v2(c->dir_fd, &rules, update, e);
		if (r < 0)
			err_wrap(e, "/linux/resources/devices");
	}
	dev_rules_done(&rules);
	if (r < 0 && try && is_denied(e->num)) {
		err_clear(e);
		return 0;
	}
	return r;
}
