#pragma once
/* What keeps a container in: defaults (SECURITY.md) and the options that change them. Options are
 * checked when they are given: ERR_USAGE with the accepted form. Strings live in @c->arena. */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "spec/container.h"

/* --- options ------------------------------------------------------------------------------------------------ */

/* security_opt - one --security-opt: seccomp=FILE|unconfined|default, no-new-privileges[=BOOL],
 * apparmor=PROFILE, label=VALUE, systempaths=unconfined, mask=PATHS, unmask=PATHS|ALL; a colon in
 * place of the = as in old docker. Also added to @c->security_opt, as given. */
int security_opt(struct ct_config *c, const char *text, struct err *e) must_check;
/* security_cap_add, security_cap_drop - one name: with or without CAP_, any case, or ALL. Kept as
 * "CAP_X" or "ALL". */
int security_cap_add(struct ct_config *c, const char *name, struct err *e) must_check;
int security_cap_drop(struct ct_config *c, const char *name, struct err *e) must_check;
/* security_sysctl - one --sysctl KEY=VALUE: a key of a namespace, of the letters A-Z a-z 0-9 _ . @
 * / -. */
int security_sysctl(struct ct_config *c, const char *text, struct err *e) must_check;
/* security_device - one --device SRC[:DST][:rwm], appended to @c->devices. */
int security_device(struct ct_config *c, const char *text, struct err *e) must_check;
/* security_device_rule - one --device-cgroup-rule "c|b|a MAJOR:MINOR rwm". */
int security_device_rule(struct ct_config *c, const char *text, struct err *e) must_check;

/* security_check - what no single option can decide: sysctls of a namespace that is shared, … Call
 * it when all options were read. */
int security_check(const struct ct_config *c, struct err *e) must_check;

/* --- effect ------------------------------------------------------------------------------------------------- */

/* security_default_caps - of a container that nothing was said about: 11 of docker's 14. */
uint64_t security_default_caps(void);
/* security_caps - the capabilities of @c's first process (bit n: capability n): the defaults,
 * --cap-drop, --cap-add,
 * --privileged. ALL is what this kernel has and, without an id range of its own, what we have. */
int security_caps(const struct ct_config *c, uint64_t *ret, struct err *e) must_check;
/* security_needs_host_ids - why @c cannot have a range of ids of its own, a constant text; NULL: it
 * can. */
const char *security_needs_host_ids(const struct ct_config *c);

/* security_protection - append "seccomp":{…},"maskedPaths":[…],"readonlyPaths":[…] for a document
 * of the runtime, without a comma at the end. For @caps see security_caps(). A profile file of the
 * user is read here. */
int security_protection(const struct ct_config *c, uint64_t caps, struct buf *ret, struct err *e) must_check;
/* security_annotations - append the annotations that belong to it, "key":"value" between commas:
 * the default filter goes by name, so that its 400 names are neither written nor read at a start
 * (sec/profile.h). *ret_first as in the caller's loop: true while nothing stands before. */
void security_annotations(const struct ct_config *c, uint64_t caps, struct buf *ret, bool *ret_first);

/* security_masked_paths, security_readonly_paths - into @ret (arena @a): what is in force for @c.
 * `inspect` shows them. */
int security_masked_paths(const struct ct_config *c, struct arena *a, struct rc_str_list *ret, struct err *e)
	must_check;
int security_readonly_paths(const struct ct_config *c, struct arena *a, struct rc_str_list *ret, struct err *e)
	must_check;
