/* Guarantees: after keyring_join() this process does not possess its caller's session keyring, unless the kernel
 * has no keys at all or a filter around us refuses the calls (then it refuses reading keys as well). */
#include "sec/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdint.h>
#include "base/fmt.h"
#include "sec/lsm.h"
#include "sys/call.h"

/* security/keys: KEY_POS_ALL is 0x3f000000, KEY_USR_ALL 0x003f0000; keyctl_setperm(3). */
static const uint32_t user_search = 0x00080000;
/* What a new session keyring has, keyctl_join_session_keyring(3): KEY_POS_ALL, and VIEW, READ and LINK for its user. */
static const uint32_t as_made = 0x3f130000;

void keyring_name(const char *id, char dst[static KEYRING_NAME_SIZE])
{
	fmt_to(dst, KEYRING_NAME_SIZE, "_ses.%s", id);
}

static int set_perm(long key, uint32_t perm, struct err *e)
{
	if (sys_keyctl(KEYCTL_SETPERM, (unsigned long)key, perm | user_search, 0, 0) < 0)
		return err_sys(e, "set the session keyring's permissions");
	return 0;
}

/* The owner may search the keyring, so that root on the host finds it by name; everything else stays with the
 * possessor. keyctl_describe(3): "type;uid;gid;perm;description". */
static int widen(long key, struct err *e)
{
	char text[512];
	long n = sys_keyctl(KEYCTL_DESCRIBE, (unsigned long)key, (unsigned long)text, sizeof(text), 0);
	uint32_t perm = 0;
	int field = 0;

	if (n < 0)
		return err_sys(e, "describe the session keyring");
	text[sizeof(text) - 1] = '\0';
	for (const char *p = text; *p && field < 4; p++) {
		if (*p == ';')
			field++;
		else if (field == 3)
			perm = perm << 4 | (uint32_t)(*p <= '9' ? *p - '0' : (*p | 0x20) - 'a' + 10);
	}
	if (field != 4)
		return err_set(e, ERR_SYSTEM, EIO, "the session keyring's description is \"%.64s\"", text);
	return perm & user_search ? 0 : set_perm(key, perm, e);
}

int keyring_join(int proc_fd, const char *name, const char *label, bool begins, struct err *e)
{
	if (label && label[0] && lsm_set_keycreate(proc_fd, label, e) < 0)
		return -e->num;

	long key = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, (unsigned long)name, 0, 0, 0);
	int num = key < 0 ? errno : 0;

	if (key == 0) /* it is our session keyring already */
		key = KEY_SPEC_SESSION_KEYRING;
	/* The label is for this keyring only, not for those that the container makes. */
	if (label && label[0] && lsm_set_keycreate(proc_fd, NULL, e) < 0)
		return -e->num;
	if (num == ENOSYS || num == EPERM)
		return 0;
	if (num == 0)
		return begins ? set_perm(key, as_made, e) : widen(key, e);
	err_num(e, num, "join session keyring %s", name);
	if (num == EDQUOT)
		return err_hint(e, "kernel.keys.maxkeys or maxbytes is used up; --no-new-keyring goes without");
	return -num;
}
