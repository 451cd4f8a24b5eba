#pragma once
/* Which device nodes a container may open or make: v1 devices.allow/deny, v2 a BPF program. */
#include "cg/tree.h"

enum cg_devices_how {
	CG_DEVICES_ENFORCE,
	/* In a user namespace or rootless: EPERM means that the kernel's own rule (no device access outside the
	 * initial user namespace's mounts) is what protects; then go on without, as runc and crun do. */
	CG_DEVICES_TRY,
};

/* cg_devices_set - the rules of linux.resources.devices, in order, last match wins, on top of "deny all", and then
 * what every container needs: mknod of anything, /dev/null zero full random urandom tty, console,
 * ptmx and pts (runtime-spec config-linux.md "Default Devices"). @n_rules 0 or rules that end up allowing
 * everything write nothing on v1 and attach no program on v2 (an attached one is removed). On v2 an
 * existing program is replaced in one step (BPF_F_REPLACE, Linux 5.6). */
int cg_devices_set(const struct cg_host *h, const char *path, const struct rc_device_rule *rules, size_t n_rules,
	enum cg_devices_how how, struct err *e) must_check;
