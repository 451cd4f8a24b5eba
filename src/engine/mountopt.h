#pragma once
/* -v, --mount and --tmpfs in docker's notation, and podman's U, idmap and O. Text in, struct
 * ct_mount out; the file system is not looked at, so what is refused here is refused before
 * anything was made. Errors are ERR_USAGE, name the part at fault and show the accepted form.
 * Strings of the result live in @a. */
#include "base/arena.h"
#include "base/err.h"
#include "spec/container.h"

/* mountopt_volume - the value of -v: [SRC:]DST[:OPTS]. SRC is a path (a relative one begins with
 * "." and counts from the working directory) or the name of a volume; without it the result is an
 * anonymous volume, which has its name of 64 hex digits then. A host directory that is absent is to
 * be made (@ret->create_source), as docker does. */
int mountopt_volume(struct arena *a, const char *text, struct ct_mount *ret, struct err *e) must_check;
/* mountopt_mount - the value of --mount: type=bind|volume|tmpfs,KEY[=VALUE],… as CSV (a field with
 * commas stands in double quotes). */
int mountopt_mount(struct arena *a, const char *text, struct ct_mount *ret, struct err *e) must_check;
/* mountopt_tmpfs - the value of --tmpfs: DST[:OPTS]. */
int mountopt_tmpfs(struct arena *a, const char *text, struct ct_mount *ret, struct err *e) must_check;
/* mountopt_image_volume - an entry of the image's Volumes: an anonymous volume at @destination.
 * ERR_CONFIG for a relative one or one with "..". */
int mountopt_image_volume(struct arena *a, const char *destination, struct ct_mount *ret, struct err *e) must_check;

/* mountopt_add - append @m to @c->mounts, in @c->arena. ERR_USAGE "duplicate mount point" when its
 * destination is taken. */
int mountopt_add(struct ct_config *c, const struct ct_mount *m, struct err *e) must_check;
/* mountopt_has - whether something is mounted at @destination already (an image's volume gives way
 * to the user's mount). */
bool mountopt_has(const struct ct_config *c, const char *destination);
/* mountopt_sort - so that a mount below another one's destination comes after it, as docker does.
 * Order of equals stays. */
void mountopt_sort(struct ct_config *c);
