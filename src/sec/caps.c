/* Guarantees: what the container's process holds is what was asked for, less what this process lacks; nothing
 * is inheritable or ambient unless asked for (SECURITY R1.9: an inheritable set that is not empty turns into
 * permitted capabilities of every file with matching file capabilities). */
#include "sec/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include "base/fmt.h"
#include "sys/call.h"

int caps_last(void)
{
	int last = CAP_LAST_CAP; /* of the headers: right on the kernel they belong to */

	while (last > 0 && prctl(PR_CAPBSET_READ, last, 0, 0, 0) < 0)
		last--;
	while (last < 63 && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
		last++;
	return last;
}

uint64_t caps_all(int last)
{
	return last >= 63 ? UINT64_MAX : (UINT64_C(1) << (last + 1)) - 1;
}

int caps_have(uint64_t *ret, struct err *e)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (sys_capget(&h, d) < 0)
		return err_sys(e, "capget");
	*ret = (uint64_t)d[1].permitted << 32 | d[0].permitted;
	return 0;
}

void caps_clamp(const struct rc_capabilities *want, uint64_t have, struct caps_sets *ret, uint64_t *ret_missing,
	uint64_t *ret_dropped)
{
	struct caps_sets s = { 0 };
	uint64_t asked = 0, contradicting = 0;

	if (want) {
		asked = want->bounding | want->effective | want->permitted | want->inheritable | want->ambient;
		s.bounding = want->bounding & have;
		s.permitted = want->permitted & have;
		s.effective = want->effective & s.permitted;
		s.inheritable = want->inheritable & have & s.bounding; /* capset(2) takes no more */
		/* The kernel raises only what is permitted and inheritable: capabilities(7) "Ambient". */
		s.ambient = want->ambient & s.permitted & s.inheritable;
		contradicting = (want->effective & ~want->permitted) | (want->inheritable & ~want->bounding) |
			(want->ambient & ~(want->permitted & want->inheritable));
	}
	*ret = s;
	if (ret_missing)
		*ret_missing = asked & ~have;
	if (ret_dropped)
		*ret_dropped = contradicting & have;
}

const char *caps_names(uint64_t mask, char *dst, size_t size)
{
	size_t used = 0;

	dst[0] = '\0';
	for (int i = 0; i < 64 && used < size; i++) {
		if (!(mask >> i & 1))
			continue;
		const char *name = rc_capability_name(i);
		const char *sep = used ? " " : "";

		used += name ? fmt_to(dst + used, size - used, "%s%s", sep, name)
			     : fmt_to(dst + used, size - used, "%sCAP_%d", sep, i);
	}
	return dst;
}

int caps_drop_bounding(uint64_t from, uint64_t keep, struct err *e)
{
	for (int i = 0; i < 64; i++) {
		if (!((from & ~keep) >> i & 1) || prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
			continue;
		int num = errno;

		if (num == EINVAL) /* the kernel knows no more */
			return 0;
		/* Without CAP_SETPCAP it may still be absent already, or unknown, which is all we want. */
		int there = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
		if (there < 0)
			return 0;
		if (there == 0)
			continue;
		return err_num(e, num, "drop capability %d from the bounding set", i);
	}
	return 0;
}

int caps_keep(struct err *e)
{
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? err_sys(e, "prctl PR_SET_KEEPCAPS") : 0;
}

static int raise_ambient(const struct caps_sets *s, struct err *e)
{
	uint64_t ambient = s->ambient;

	/* What the caller had as ambient must not reach the container; capset(2) has dropped what is not
	 * inheritable any more. */
	if (s->inheritable && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(e, "clear the ambient capabilities");
	for (int i = 0; ambient; i++, ambient >>= 1)
		if ((ambient & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return err_sys(e, "raise ambient capability %d", i);
	return 0;
}

int caps_apply(const struct caps_sets *s, struct err *e)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	for (int i = 0; i < 2; i++) {
		d[i].effective = (uint32_t)(s->effective >> (32 * i));
		d[i].permitted = (uint32_t)(s->permitted >> (32 * i));
		d[i].inheritable = (uint32_t)(s->inheritable >> (32 * i));
	}
	if (sys_capset(&h, d) < 0)
		return err_sys(e, "capset");
	return raise_ambient(s, e);
}
