#include "cg/scope_unit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/dbus_msg.h"
#include "cg/gvariant.h"
#include "cg/limits.h"

enum { MAX_CPUS = 8192 };

#define ANNOTATION "org.systemd.property."

/* --- names --------------------------------------------------------------------------------------------- */

static int bad_path(const char *path, const char *why, struct err *e)
{
	err_set(e, ERR_CONFIG, EINVAL, "\"%.128s\" %s", path, why);
	err_hint(e, "the systemd driver wants slice:prefix:name, like user.slice:tare:web");
	return err_wrap(e, "config.json: /linux/cgroupsPath");
}

static bool unit_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		(c && strchr(":-_.\\@", c));
}

/* systemd.unit(5): other characters are written \xNN. */
static size_t put_escaped(char *dst, size_t size, const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += unit_char(s[i]) ? fmt_to(dst + n, size - n, "%c", s[i])
				     : fmt_to(dst + n, size - n, "\\x%02x", (unsigned char)s[i]);
	return n;
}

/* "a-b.slice": parts between single dashes, or "-.slice", the root. */
static const char *bad_slice(const char *s, size_t n)
{
	if (n <= strlen(".slice") || n >= UNIT_NAME_SIZE ||
		strncmp(s + n - strlen(".slice"), ".slice", strlen(".slice")) != 0)
		return "names a slice that does not end in .slice";
	n -= strlen(".slice");
	if (n == 1 && *s == '-')
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!unit_char(s[i]) || (s[i] == '-' && (i == 0 || i + 1 == n || s[i + 1] == '-')))
			return "names a malformed slice";
	return NULL;
}

int scope_names(const struct cg_scope_new *n, char ret_slice[static UNIT_NAME_SIZE],
	char ret_unit[static UNIT_NAME_SIZE], struct err *e)
{
	const char *path = n->cgroups_path && *n->cgroups_path ? n->cgroups_path : NULL;
	const char *prefix = "tare", *name = n->id;
	size_t prefix_len = strlen(prefix);

	fmt_to(ret_slice, UNIT_NAME_SIZE, "%s", n->user ? "user.slice" : "system.slice");
	if (path) {
		size_t slice_len = strcspn(path, ":");
		const char *bad = slice_len ? bad_slice(path, slice_len) : NULL;

		if (!path[slice_len])
			return bad_path(path, "is not slice:prefix:name", e);
		if (bad)
			return bad_path(path, bad, e);
		if (slice_len)
			fmt_to(ret_slice, UNIT_NAME_SIZE, "%.*s", (int)slice_len, path);
		prefix = path + slice_len + 1;
		prefix_len = strcspn(prefix, ":");
		if (!prefix[prefix_len] || !prefix[prefix_len + 1])
			return bad_path(path, "is not slice:prefix:name", e);
		name = prefix + prefix_len + 1;
	}
	char unit[4 * 2 * UNIT_NAME_SIZE];
	if (prefix_len + strlen(name) >= UNIT_NAME_SIZE)
		return bad_path(path ? path : name, "is too long for a unit's name", e);
	size_t len = put_escaped(unit, sizeof(unit), prefix, prefix_len);
	len += fmt_to(unit + len, sizeof(unit) - len, "%s", prefix_len ? "-" : "");
	put_escaped(unit + len, sizeof(unit) - len, name, strlen(name));
	if (str_ends(name, ".slice"))
		return bad_path(path ? path : name, "names a slice as the unit of a container", e);
	if (!fmt_fits(ret_unit, UNIT_NAME_SIZE, "%s%s", unit, str_ends(name, ".scope") ? "" : ".scope"))
		return bad_path(path ? path : name, "is too long for a unit's name", e);
	return 0;
}

/* --- properties ---------------------------------------------------------------------------------------- */

void prop_begin(struct buf *b, const char *name, const char *sig)
{
	dbus_align(b, 8);
	dbus_put_str(b, name);
	dbus_put_sig(b, sig);
}

void prop_bool(struct buf *b, const char *name, bool v)
{
	prop_begin(b, name, "b");
	dbus_put_u32(b, v);
}

void prop_u64(struct buf *b, const char *name, uint64_t v)
{
	prop_begin(b, name, "t");
	dbus_put_u64(b, v);
}

void prop_str(struct buf *b, const char *name, const char *v)
{
	prop_begin(b, name, "s");
	dbus_put_str(b, v);
}

/* "0-2,5" as bytes, lowest bit first, as AllowedCPUs wants. False: no such list. */
static bool prop_bits(struct buf *b, const char *name, const char *list)
{
	uint8_t bits[MAX_CPUS / 8] = { 0 };
	size_t n = 0, start;

	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t len = strcspn(p, ",\n"), dash = strcspn(p, "-,\n");
		uint64_t from, to;

		if (!parse_u64_n(p, dash, MAX_CPUS - 1, &from))
			return false;
		to = from;
		if (dash < len && !parse_u64_n(p + dash + 1, len - dash - 1, MAX_CPUS - 1, &to))
			return false;
		for (; from <= to; from++) {
			bits[from / 8] |= (uint8_t)(1u << from % 8);
			n = from / 8 + 1 > n ? from / 8 + 1 : n;
		}
	}
	prop_begin(b, name, "ay");
	size_t len_at = dbus_array_begin(b, 1, &start);
	buf_add(b, bits, n);
	dbus_array_end(b, len_at, start);
	return true;
}

static uint64_t limit_u64(int64_t v)
{
	return v < 0 ? UINT64_MAX : (uint64_t)v;
}

/* systemd keeps whole percents of a CPU: rounded up, never to less than asked. */
static void prop_quota(struct buf *b, int64_t quota, uint64_t period, bool v2)
{
	uint64_t per_s = UINT64_MAX;

	if (period == 0)
		period = 100000;
	else if (v2)
		prop_u64(b, "CPUQuotaPeriodUSec", period);
	if (quota > 0 && quota < INT64_MAX / 1000000) {
		per_s = (uint64_t)quota * 1000000 / period;
		per_s = (per_s + 9999) / 10000 * 10000;
	}
	prop_u64(b, "CPUQuotaPerSecUSec", per_s);
}

static int memory_props(struct buf *b, const struct rc_memory *m, bool v2, struct err *e)
{
	int64_t swap;

	if (m->limit.set && m->limit.v != 0)
		prop_u64(b, v2 ? "MemoryMax" : "MemoryLimit", limit_u64(m->limit.v));
	if (!v2)
		return 0;
	if (m->reservation.set && m->reservation.v != 0)
		prop_u64(b, "MemoryLow", limit_u64(m->reservation.v));
	if (!m->swap.set || m->swap.v == 0 || (!m->limit.set && m->swap.v != -1))
		return 0; /* without the memory limit cg_limits_set() alone can tell what remains for swap */
	if (cg_swap_v2(m->swap.v, m->limit.set ? m->limit.v : 0, &swap, e) < 0)
		return err_wrap(e, "/linux/resources/memory/swap");
	prop_u64(b, "MemorySwapMax", limit_u64(swap));
	return 0;
}

static int cpu_props(struct buf *b, const struct rc_cpu *c, bool v2, struct err *e)
{
	bool idle = c->idle.set && c->idle.v == 1;

	if (v2 && idle)
		prop_u64(b, "CPUWeight", 0); /* cpu.idle in systemd's words, since 252 */
	else if (c->shares.set && c->shares.v != 0)
		prop_u64(b, v2 ? "CPUWeight" : "CPUShares", v2 ? cg_weight_of_shares(c->shares.v) : c->shares.v);
	if ((c->quota.set && c->quota.v != 0) || (c->period.set && c->period.v != 0))
		prop_quota(b, c->quota.set ? c->quota.v : -1, c->period.set ? c->period.v : 0, v2);
	if (!v2)
		return 0; /* AllowedCPUs is v2's */
	if (str_len(c->cpus) && !prop_bits(b, "AllowedCPUs", c->cpus))
		return err_set(
			e, ERR_CONFIG, EINVAL, "/linux/resources/cpu/cpus: \"%.64s\" is no list of CPUs", c->cpus);
	if (str_len(c->mems) && !prop_bits(b, "AllowedMemoryNodes", c->mems))
		return err_set(
			e, ERR_CONFIG, EINVAL, "/linux/resources/cpu/mems: \"%.64s\" is no list of nodes", c->mems);
	return 0;
}

/* The files of resources.unified that systemd knows; the others are only written. */
static void unified_prop(struct buf *b, const struct rc_kv *kv)
{
	static const struct {
		const char *file, *name;
	} numbers[] = { { "memory.max", "MemoryMax" }, { "memory.high", "MemoryHigh" }, { "memory.low", "MemoryLow" },
		{ "memory.min", "MemoryMin" }, { "memory.swap.max", "MemorySwapMax" }, { "pids.max", "TasksMax" },
		{ "cpu.weight", "CPUWeight" } };
	uint64_t v, period = 100000;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!str_eq(kv->key, numbers[i].file))
			continue;
		if (str_eq(kv->value, "max"))
			prop_u64(b, numbers[i].name, UINT64_MAX);
		else if (parse_u64(kv->value, UINT64_MAX, &v))
			prop_u64(b, numbers[i].name, str_eq(numbers[i].name, "TasksMax") && v == 0 ? 1 : v);
	}
	if (str_eq(kv->key, "cpuset.cpus"))
		(void)prop_bits(b, "AllowedCPUs", kv->value); /* malformed: the file's write says so */
	if (str_eq(kv->key, "cpuset.mems"))
		(void)prop_bits(b, "AllowedMemoryNodes", kv->value);
	if (!str_eq(kv->key, "cpu.max"))
		return;
	size_t n = strcspn(kv->value, " ");
	if (kv->value[n] && !parse_u64(kv->value + n + 1, UINT64_MAX, &period))
		return;
	if (parse_u64_n(kv->value, n, INT64_MAX, &v))
		prop_quota(b, (int64_t)v, period, true);
	else if (n == 3 && str_starts(kv->value, "max"))
		prop_quota(b, -1, period, true);
}

int scope_resources(struct buf *b, const struct rc_resources *res, bool v2, struct err *e)
{
	if (res->memory && memory_props(b, res->memory, v2, e) < 0)
		return -e->num;
	if (res->cpu && cpu_props(b, res->cpu, v2, e) < 0)
		return -e->num;
	if (res->pids_limit.set) /* systemd takes no 0; the file gets it */
		prop_u64(b, "TasksMax", res->pids_limit.v == 0 ? 1 : limit_u64(res->pids_limit.v));
	if (res->blkio && res->blkio->weight.set && res->blkio->weight.v != 0)
		prop_u64(b, v2 ? "IOWeight" : "BlockIOWeight",
			v2 ? cg_io_weight_of_blkio(res->blkio->weight.v) : res->blkio->weight.v);
	for (size_t i = 0; v2 && i < res->unified.n; i++)
		unified_prop(b, &res->unified.v[i]);
	return buf_err(b, e);
}

/* --- annotations --------------------------------------------------------------------------------------- */

static bool property_name(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	return n >= 3 && n <= 100 && s[n] == '\0';
}

static int annotation(struct buf *b, const char *name, const char *value, struct err *e)
{
	char sig[GV_SIG_SIZE], renamed[128];
	uint64_t us;

	if (!property_name(name))
		return err_set(e, ERR_CONFIG, EINVAL, "\"%.64s\" is no name of a unit property", name);
	/* On the bus times are in µs and named so: TimeoutStopSec is TimeoutStopUSec. */
	if (str_ends(name, "Sec") && !str_ends(name, "USec")) {
		if (gv_seconds(value, &us, e) < 0)
			return -e->num;
		fmt_to(renamed, sizeof(renamed), "%.*sUSec", (int)(strlen(name) - 3), name);
		prop_u64(b, renamed, us);
		return buf_err(b, e);
	}
	if (gv_type(value, sig, e) < 0)
		return -e->num;
	prop_begin(b, name, sig);
	return gv_encode(value, sig, b, e);
}

int scope_annotations(struct buf *b, const struct rc_kv *v, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = str_after(v[i].key, ANNOTATION);

		if (name && annotation(b, name, v[i].value, e) < 0)
			return err_wrap(e, "config.json: /annotations/%.128s", v[i].key);
	}
	return 0;
}
