/* Which controller gets which part of linux.resources, and what is the same on v1 and v2. Each controller is
 * looked up by itself: on a hybrid machine some live on v1 and some on v2. */
#include "cg/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/limits_internal.h"

/* --- conversions --------------------------------------------------------------------------------------- */

uint64_t cg_weight_of_shares(uint64_t shares)
{
	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	/* log10(weight) = a l^2 + b l + c with l = log2(shares), through (1,0) (10,2) (18,4):
	 * a = 1/612, b = 125/612, c = -126/612. */
	double l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l - 126) / 612));
}

uint64_t cg_io_weight_of_blkio(uint64_t weight)
{
	if (weight == 0)
		return 0;
	if (weight <= 10)
		return 1;
	return weight >= 1000 ? 10000 : 1 + (weight - 10) * 9999 / 990;
}

int cg_swap_v2(int64_t memory_swap, int64_t memory, int64_t *ret, struct err *e)
{
	if (memory_swap == -1) {
		*ret = -1;
		return 0;
	}
	if (memory <= 0)
		return err_set(e, ERR_CONFIG, EINVAL,
			"%" PRId64 " bytes of memory and swap need a memory limit, on v2 swap is counted apart",
			memory_swap);
	if (memory_swap < memory)
		return err_set(e, ERR_CONFIG, EINVAL,
			"%" PRId64 " bytes of memory and swap are less than the memory limit of %" PRId64, memory_swap,
			memory);
	*ret = memory_swap - memory;
	return 0;
}

/* --- writing ------------------------------------------------------------------------------------------- */

int lim_refuse(const char *json, const char *why, struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "%s", why);
	return err_wrap(e, "/linux/resources/%s", json);
}

int lim_error(const struct lim *l, const char *json, const char *file, const char *value, int num, struct err *e)
{
	int word_len = (int)strcspn(file, ".");

	err_num(e, num, "write \"%.64s\" to %s", value, file);
	if (num == ENOENT)
		err_hint(e,
			l->h->hier[l->hier].v2
				? "the kernel lacks it, or the %.*s controller is not on in the parent cgroup"
				: "the kernel lacks this part of the %.*s controller",
			word_len, file);
	else if (num == EACCES || num == EPERM || num == EROFS)
		err_hint(e, "cgroup %s is not delegated to you, or a parent's limit forbids it", l->path);
	else if (num == EBUSY)
		err_hint(e, "the container uses more than that right now");
	else if (num == EINVAL || num == ERANGE)
		err_hint(e, "out of the kernel's range, or more than a parent cgroup has");
	else if (num == ENODEV)
		err_hint(e, "there is no such device");
	return err_wrap(e, "/linux/resources/%s", json);
}

int lim_write(const struct lim *l, const char *json, const char *file, const char *value, struct err *e)
{
	int r = cg_file_write(l->h, l->hier, l->path, file, value);

	/* Linux-internal 524 (ENOTSUPP) reaches user space from a few v1 files. */
	if (r == -524)
		r = -EOPNOTSUPP;
	return r < 0 ? lim_error(l, json, file, value, -r, e) : 0;
}

bool lim_exists(const struct lim *l, const char *file)
{
	auto_fd int fd = cg_file_open(l->h, l->hier, l->path, file, O_PATH);

	return fd >= 0;
}

int lim_read_i64(const struct lim *l, const char *file, int64_t *ret)
{
	char text[64];
	ssize_t n = cg_file_read(CG_AT(l->h, l->hier, l->path), file, text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (str_eq(text, "max")) {
		*ret = -1;
		return 0;
	}
	return parse_i64(text, INT64_MIN, INT64_MAX, ret) ? 0 : -EINVAL;
}

void lim_put(struct lim_group *g, const char *json, const char *file, const char *format, ...)
{
	struct lim_value *v = &g->v[g->n++];
	va_list ap;

	v->json = json;
	v->file = file;
	va_start(ap, format);
	fmt_v(v->value, sizeof(v->value), format, ap);
	va_end(ap);
}

int lim_write_group(const struct lim *l, const struct lim_group *g, struct err *e)
{
	unsigned todo = (1u << g->n) - 1, before;
	size_t bad = 0;
	int r = 0;

	do {
		before = todo;
		for (size_t i = 0; i < g->n; i++) {
			if (!(todo & 1u << i))
				continue;
			int w = cg_file_write(l->h, l->hier, l->path, g->v[i].file, g->v[i].value);
			if (w == 0) {
				todo &= ~(1u << i);
			} else {
				r = w;
				bad = i;
			}
		}
	} while (todo && todo != before);
	if (!todo)
		return 0;
	return lim_error(l, g->v[bad].json, g->v[bad].file, g->v[bad].value, r == -524 ? EOPNOTSUPP : -r, e);
}

/* --- the same on both ---------------------------------------------------------------------------------- */

static int set_cpuset(const struct lim *l, const struct rc_cpu *c, struct err *e)
{
	if (str_len(c->cpus) && lim_write(l, "cpu/cpus", "cpuset.cpus", c->cpus, e) < 0)
		return -e->num;
	if (str_len(c->mems) && lim_write(l, "cpu/mems", "cpuset.mems", c->mems, e) < 0)
		return -e->num;
	return 0;
}

static int set_pids(const struct lim *l, int64_t limit, struct err *e)
{
	char value[32];

	if (limit < -1) {
		err_set(e, ERR_CONFIG, EINVAL, "%" PRId64 " is neither a number of tasks nor -1 for no limit", limit);
		return err_wrap(e, "/linux/resources/pids/limit");
	}
	/* 0 is a limit: runtime-spec 1.3 config-linux.md "PIDs" */
	fmt_to(value, sizeof(value), "%" PRId64, limit);
	return lim_write(l, "pids/limit", "pids.max", limit < 0 ? "max" : value, e);
}

static bool good_page_size(const char *s)
{
	size_t digits = s ? strspn(s, "0123456789") : 0;

	return s && digits > 0 && digits < 10 && strlen(s + digits) == 2 && strchr("KMG", s[digits]) &&
		s[digits + 1] == 'B';
}

static int set_hugetlb(const struct lim *l, const struct rc_hugepage *p, struct err *e)
{
	const char *suffix = l->h->hier[l->hier].v2 ? "max" : "limit_in_bytes";
	char file[64], json[64], value[32];

	fmt_to(json, sizeof(json), "hugepageLimits/%.32s", p->page_size);
	if (!good_page_size(p->page_size)) {
		err_set(e, ERR_CONFIG, EINVAL, "\"%.32s\" is not a page size like 64KB, 2MB or 1GB", p->page_size);
		return err_wrap(e, "/linux/resources/hugepageLimits");
	}
	fmt_to(value, sizeof(value), "%" PRIu64, p->limit);
	fmt_to(file, sizeof(file), "hugetlb.%s.%s", p->page_size, suffix);
	if (lim_write(l, json, file, value, e) < 0)
		return -e->num;
	/* Reservations too, or mmap() without a touch would escape; since Linux 5.7. */
	fmt_to(file, sizeof(file), "hugetlb.%s.rsvd.%s", p->page_size, suffix);
	int r = cg_file_write(l->h, l->hier, l->path, file, value);
	return r < 0 && r != -ENOENT ? lim_error(l, json, file, value, -r, e) : 0;
}

static int set_rdma(const struct lim *l, const struct rc_rdma *d, struct err *e)
{
	char json[80], value[160];
	size_t n = fmt_to(value, sizeof(value), "%.64s", d->device);

	fmt_to(json, sizeof(json), "rdma/%.64s", d->device);
	if (d->handles.set)
		n += fmt_to(value + n, sizeof(value) - n, " hca_handle=%" PRIu64, d->handles.v);
	if (d->objects.set)
		fmt_to(value + n, sizeof(value) - n, " hca_object=%" PRIu64, d->objects.v);
	if (!d->handles.set && !d->objects.set)
		return 0;
	return lim_write(l, json, "rdma.max", value, e);
}

/* --- which controllers --------------------------------------------------------------------------------- */

static bool memory_asks(const struct rc_memory *m)
{
	return m &&
		(m->limit.set || m->reservation.set || m->swap.set || m->kernel.set || m->kernel_tcp.set ||
			m->swappiness.set || m->disable_oom_killer || m->use_hierarchy.set);
}

static bool cpu_asks(const struct rc_cpu *c)
{
	return c &&
		(c->shares.set || c->burst.set || c->realtime_period.set || c->period.set || c->quota.set ||
			c->realtime_runtime.set || c->idle.set);
}

static bool cpuset_asks(const struct rc_cpu *c)
{
	return c && (str_len(c->cpus) || str_len(c->mems));
}

static bool blkio_asks(const struct rc_blkio *b)
{
	return b &&
		(b->weight.set || b->leaf_weight.set || b->weight_device.n || b->read_bps.n || b->write_bps.n ||
			b->read_iops.n || b->write_iops.n);
}

static unsigned of_unified(const struct rc_kv_list *unified)
{
	unsigned set = 0;

	for (size_t i = 0; i < unified->n; i++) {
		const char *key = unified->v[i].key;
		size_t n = strcspn(key, ".");

		for (unsigned c = 0; c < CG_N_CONTROLLERS; c++) {
			const char *name = cg_controller_name(c, true);

			if (c != CG_CPUACCT && n > 0 && strlen(name) == n && strncmp(key, name, n) == 0)
				set |= 1u << c;
		}
	}
	return set;
}

unsigned cg_limits_controllers(const struct rc_resources *r)
{
	unsigned set = of_unified(&r->unified);

	set |= memory_asks(r->memory) ? 1u << CG_MEMORY : 0;
	set |= cpu_asks(r->cpu) ? 1u << CG_CPU : 0;
	set |= cpuset_asks(r->cpu) ? 1u << CG_CPUSET : 0;
	set |= r->pids_limit.set ? 1u << CG_PIDS : 0;
	set |= blkio_asks(r->blkio) ? 1u << CG_IO : 0;
	set |= r->n_hugepages ? 1u << CG_HUGETLB : 0;
	set |= r->n_rdma ? 1u << CG_RDMA : 0;
	return set;
}

bool cg_limits_any(const struct rc_resources *r)
{
	return r && (cg_limits_controllers(r) || r->unified.n || r->net_class_id.set || r->n_net_priorities);
}

/* --- all of it ----------------------------------------------------------------------------------------- */

/* Turns to the hierarchy for @c; a limit without one is an error that names the section. */
static int need(struct lim *l, enum cg_controller c, const char *json, struct err *e)
{
	int hier = cg_hier_of(l->h, c);

	if (hier < 0) {
		err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "the %s controller is not mounted",
			cg_controller_name(c, false));
		return err_wrap(e, "/linux/resources/%s", json);
	}
	l->hier = hier;
	return 0;
}

static int set_memory(struct lim *l, const struct rc_memory *m, struct err *e)
{
	if (!memory_asks(m))
		return 0;
	if (need(l, CG_MEMORY, "memory", e) < 0)
		return -e->num;
	return l->h->hier[l->hier].v2 ? lim_v2_memory(l, m, e) : lim_v1_memory(l, m, e);
}

static int set_cpu(struct lim *l, const struct rc_cpu *c, struct err *e)
{
	if (cpuset_asks(c) && (need(l, CG_CPUSET, "cpu", e) < 0 || set_cpuset(l, c, e) < 0))
		return -e->num;
	if (!cpu_asks(c))
		return 0;
	if (need(l, CG_CPU, "cpu", e) < 0)
		return -e->num;
	return l->h->hier[l->hier].v2 ? lim_v2_cpu(l, c, e) : lim_v1_cpu(l, c, e);
}

static int set_io(struct lim *l, const struct rc_blkio *b, struct err *e)
{
	if (!blkio_asks(b))
		return 0;
	if (need(l, CG_IO, "blockIO", e) < 0)
		return -e->num;
	return l->h->hier[l->hier].v2 ? lim_v2_io(l, b, e) : lim_v1_blkio(l, b, e);
}

static int set_lists(struct lim *l, const struct rc_resources *r, struct err *e)
{
	if (r->n_hugepages && need(l, CG_HUGETLB, "hugepageLimits", e) < 0)
		return -e->num;
	for (size_t i = 0; i < r->n_hugepages; i++)
		if (set_hugetlb(l, &r->hugepages[i], e) < 0)
			return -e->num;
	if (r->n_rdma && need(l, CG_RDMA, "rdma", e) < 0)
		return -e->num;
	for (size_t i = 0; i < r->n_rdma; i++)
		if (set_rdma(l, &r->rdma[i], e) < 0)
			return -e->num;
	return 0;
}

static int no_cgroup(const struct rc_resources *r, struct err *e)
{
	unsigned set = cg_limits_controllers(r);

	err_set(e, ERR_UNSUPPORTED, EPERM, "no cgroup can be made for the container, so its %s limit cannot hold",
		set ? cg_controller_name((enum cg_controller)__builtin_ctz(set), true) : "network");
	err_hint(e, "get a delegated cgroup (systemd user session), use root, or remove the limits");
	return err_wrap(e, "/linux/resources");
}

int cg_limits_set(
	const struct cg_host *h, const char *path, const struct rc_resources *r, unsigned flags, struct err *e)
{
	struct lim l = { .h = h, .path = path, .flags = flags };

	if (!cg_limits_any(r))
		return 0;
	if (!*path)
		return no_cgroup(r, e);
	/* An update may be the first to use a controller. */
	if (flags & CG_LIMITS_UPDATE && cg_enable(h, path, r, e) < 0)
		return -e->num;
	if (set_memory(&l, r->memory, e) < 0 || set_cpu(&l, r->cpu, e) < 0 || set_io(&l, r->blkio, e) < 0)
		return -e->num;
	if (r->pids_limit.set && (need(&l, CG_PIDS, "pids", e) < 0 || set_pids(&l, r->pids_limit.v, e) < 0))
		return -e->num;
	if (set_lists(&l, r, e) < 0 || lim_v1_net(&l, r, e) < 0)
		return -e->num;
	return lim_v2_unified(&l, &r->unified, e);
}
