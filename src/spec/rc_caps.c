/* Capability names and the five sets of process.capabilities. A name unknown to this table is not
 * an error: the runtime-spec (config.md "Linux Process") asks for a warning, and the runtime gets
 * the list to print one. */
#include "spec/rc.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include "base/str.h"

static const char *const cap_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

enum { PREFIX_LEN = 4 }; /* "CAP_" */

const char *rc_capability_name(int number)
{
	return number >= 0 && (size_t)number < ARRAY_SIZE(cap_names) ? cap_names[number] : NULL;
}

int rc_capability_number(const char *name)
{
	if (strncasecmp(name, "CAP_", PREFIX_LEN) == 0)
		name += PREFIX_LEN;
	/* the first letter sorts out all but a few before a whole comparison */
	for (size_t i = 0; i < ARRAY_SIZE(cap_names); i++)
		if ((cap_names[i][PREFIX_LEN] | 0x20) == (name[0] | 0x20) &&
			strcasecmp(cap_names[i] + PREFIX_LEN, name) == 0)
			return (int)i;
	return -1;
}

static int unknown_add(struct rd *r, struct rc_str_list *list, char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], name) == 0)
			return 0; /* usually each set repeats it */
	if ((list->n & (list->n + 1)) == 0) { /* room for 1, 3, 7, … names is used up */
		char **v = arena_array(r->arena, char *, 2 * (list->n + 1));
		if (!v)
			return rd_oom(r);
		if (list->n)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
	}
	list->v[list->n++] = name;
	return 0;
}

/* The destination is the whole rc_capabilities: f->min says which set. */
static int read_set(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct rc_capabilities *caps = dst;
	uint64_t *const sets[] = { &caps->bounding, &caps->effective, &caps->inheritable, &caps->permitted,
		&caps->ambient };
	struct rc_str_list names = { NULL, 0 };
	int rc = rd_str_list(r, v, f, &names);

	for (size_t i = 0; i < names.n && rc == 0; i++) {
		int number = rc_capability_number(names.v[i]);
		struct rd_path here;

		if (number >= 0) {
			*sets[f->min] |= UINT64_C(1) << number;
			continue;
		}
		rd_enter(r, &here, NULL, i);
		rd_warn(r, NULL, "unknown capability \"%.*s\", not granted", RD_Q(names.v[i]));
		rd_leave(r, &here);
		rc = unknown_add(r, &caps->unknown, names.v[i]);
	}
	return rc;
}

int rc_read_caps(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD_ALL("bounding", read_set, .min = 0),
		RD_ALL("effective", read_set, .min = 1),
		RD_ALL("inheritable", read_set, .min = 2),
		RD_ALL("permitted", read_set, .min = 3),
		RD_ALL("ambient", read_set, .min = 4),
	};

	return rc_new_object(r, v, &RC_SHAPE(fields, struct rc_capabilities), dst);
}
