#pragma once
/* Which device nodes a container may open or make: v1 devices.allow/deny, v2 a BPF program. */
#include "cg/tree.h"

/* Or-ed. */
enum cg_devices_how {
	CG_DEVICES_ENFORCE = 0,
	/* In a user namespace or rootless: a kernel that refuses (EPERM), or no cgroup of our own, is taken as it is,
	 * as runc and crun do: without CAP_MKNOD in the initial user namespace no device node can be made there and
	 * mounts are nodev, so the container reaches only the devices bound into it. */
	CG_DEVICES_TRY = 1,
	/* A running container: replace what cg_devices_set() did before without a moment in which an allowed device is
	 * refused. Not needed for a cgroup that cg_create() has just made. */
	CG_DEVICES_UPDATE = 2,
};

/* cg_devices_set - the rules of linux.resources.devices in order on top of "deny all", the last match wins for each
 * of read, write and mknod, and then what every container needs: mknod of anything, /dev/null zero full random
 * urandom tty ptmx and pts (runtime-spec config-linux.md "Default Devices"; its /dev/console is a pty; the
 * host's own console, 5:1, stays closed). Rules that end up allowing everything write nothing into a new
 * cgroup. v2: one program, replaced in one step (BPF_F_REPLACE, Linux 5.6). v1 cannot express a denied
 * device within an allowed range of devices: ERR_UNSUPPORTED. */
int cg_devices_set(const struct cg_host *h, const struct cg *c, const struct rc_device_rule *rules, size_t n_rules,
	enum cg_devices_how how, struct err *e) must_check;
