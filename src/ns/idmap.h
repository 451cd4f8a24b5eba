#pragma once
/* uid_map, gid_map and setgroups of a new user namespace, user_namespaces(7). Prepared before clone3,
 * written right after by the parent: 2 opens and 2 writes when privileged. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/err.h"
#include "spec/runtime_config.h"

enum { NS_IDMAP_TEXT = 4096 }; /* the kernel takes less than one page in one write */

struct ns_idmap_side {
	char text[NS_IDMAP_TEXT]; /* lines for the kernel, adjacent ranges joined */
	size_t len;
	bool direct; /* the kernel will take it from us; else newuidmap or newgidmap writes it */
};

struct ns_idmap {
	struct ns_idmap_side uid, gid;
	bool deny_setgroups; /* an unprivileged gid map needs it, user_namespaces(7) */
};

/* ns_idmap_prepare - check @uids and @gids (none empty, no overlap, no overflow, at most 340 ranges after
 * joining; ERR_CONFIG names both entries) and make the texts. One capget(2). */
int ns_idmap_prepare(const struct rc_id_maps *uids, const struct rc_id_maps *gids, struct ns_idmap *ret, struct err *e)
	must_check;

/* ns_idmap_write - give the user namespace of the child @pid (held by us, not yet reaped) its maps. Opens
 * below @procfd, an O_PATH descriptor of /proc. Errors of the helpers say how to get the ranges:
 * /etc/subuid, the uidmap package. */
int ns_idmap_write(const struct ns_idmap *m, int procfd, pid_t pid, struct err *e) must_check;

/* ns_idmap_check - the checks of one list alone. @what: "uidMappings". Pure. */
int ns_idmap_check(const struct rc_id_maps *m, const char *what, struct err *e) must_check;

/* ns_idmap_default - the map of a plain user: container 0 is the caller, 1… are the ranges of /etc/subuid and
 * /etc/subgid, by name or uid. No ranges: only id 0. Lists go into @arena. */
int ns_idmap_default(struct arena *arena, struct rc_id_maps *ret_uids, struct rc_id_maps *ret_gids, struct err *e)
	must_check;

/* ns_idmap_identity - every id that we have stays what it is: the map of a privileged user who named none. Lists go
 * into @arena. */
int ns_idmap_identity(struct arena *arena, struct rc_id_maps *ret_uids, struct rc_id_maps *ret_gids, struct err *e)
	must_check;

/* ns_idmap_to_host - the host id of container id @id; false when it is not mapped. Pure. */
bool ns_idmap_to_host(const struct rc_id_maps *m, uint32_t id, uint32_t *ret) must_check;
