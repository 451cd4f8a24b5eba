#pragma once
/* Turning on v2 controllers for a cgroup. */
#include "cg/tree.h"

/* cg_controllers_read - FILE (cgroup.controllers, cgroup.subtree_control) of @path as bits per enum cg_controller;
 * -errno without message. */
int cg_controllers_read(const struct cg_host *h, const char *path, const char *file, unsigned *ret);
/* cg_controllers_enable - make @needed and, where the kernel lets us, @wanted available in the v2 cgroup at
 * @path, by cgroup.subtree_control of those above that lack them. @needed that cannot be had is an
 * error which names the cgroup that is in the way. cgroup-v2.rst "Controlling Controllers". */
int cg_controllers_enable(const struct cg_host *h, const char *path, unsigned needed, unsigned wanted, struct err *e)
	must_check;
