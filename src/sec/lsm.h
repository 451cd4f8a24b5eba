#pragma once
/* AppArmor profiles and SELinux labels. Asked for and absent is an error (never a silent skip). Nothing here
 * costs a system call unless a profile or label was asked for. */
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

enum lsm_kind { LSM_NONE, LSM_APPARMOR, LSM_SELINUX };

/* What the child writes before execve. */
struct lsm_exec {
	enum lsm_kind kind;
	size_t len;
	char text[4096]; /* what goes into attr/exec */
};

/* lsm_prepare - check the request of config.json (@apparmor and @selinux may be NULL or empty: none) against
 * this kernel and fill @ret for the child. @no_new_privs: a confined runtime can then only stack a profile
 * (apparmor: "stack" instead of "exec"). Both asked for: *ret has the one this kernel enforces; a kernel
 * without either, or with only the other, is ERR_UNSUPPORTED naming profile or label. "unconfined" as
 * AppArmor profile on a kernel without AppArmor asks for nothing. */
int lsm_prepare(const char *apparmor, const char *selinux, bool no_new_privs, struct lsm_exec *ret, struct err *e)
	must_check;
/* lsm_apparmor_enabled, lsm_selinux_enabled - one or two cheap calls (a small file; statfs(2)). */
bool lsm_apparmor_enabled(void);
bool lsm_selinux_enabled(void);

/* lsm_set_exec - CHILD. The profile or label of the program that this thread executes next. @proc_fd: the
 * root of a procfs that the caller verified. LSM_NONE does nothing. */
int lsm_set_exec(int proc_fd, const struct lsm_exec *x, struct err *e) must_check;
/* lsm_set_keycreate - CHILD. Label of keyrings this thread makes; NULL @label: back to the default. */
int lsm_set_keycreate(int proc_fd, const char *label, struct err *e) must_check;

/* lsm_mount_context - linux.mountLabel as mount option `context="LABEL"` into @dst, prefixed by a comma when
 * @options is not empty. *ret_len is 0 when @label is empty or @data already has a context. A label where
 * SELinux is absent is ERR_UNSUPPORTED, as is one with a quote or control byte ERR_CONFIG. */
int lsm_mount_context(const char *label, const char *options, char *dst, size_t size, size_t *ret_len, struct err *e)
	must_check;
/* lsm_label_check - printable, no quote, under 4096 bytes; ERR_CONFIG otherwise. */
int lsm_label_check(const char *what, const char *label, struct err *e) must_check;
