#pragma once
/* Device rules in the two shapes the kernel takes. Pure; no system calls. */
#include <linux/bpf.h>
#include "spec/runtime_config.h"
#include "base/err.h"

enum { DEV_MKNOD = BPF_DEVCG_ACC_MKNOD, DEV_READ = BPF_DEVCG_ACC_READ, DEV_WRITE = BPF_DEVCG_ACC_WRITE, DEV_ALL = 7 };

struct dev_rule {
	char type; /* 'a', 'b', 'c' */
	bool allow;
	unsigned access; /* DEV_* bits */
	int64_t major, minor; /* -1: any */
};

struct dev_rules {
	struct dev_rule *v;
	size_t n;
};

/* dev_rules_init - @rules and after them the default ones; only what comes after the last rule that decides
 * everything is kept, with that rule (or a "deny all") first. End with dev_rules_done(). */
int dev_rules_init(const struct rc_device_rule *rules, size_t n, struct dev_rules *ret, struct err *e) must_check;
void dev_rules_done(struct dev_rules *r);
/* dev_rules_allow_all - nothing is denied. */
bool dev_rules_allow_all(const struct dev_rules *r);
/* dev_rules_decide - what the rules say about one access; the reference for both shapes. */
bool dev_rules_decide(const struct dev_rules *r, char type, int64_t major, int64_t minor, unsigned access);

/* v1: everything is denied (or allowed) but for these. */
struct dev_exceptions {
	bool allow_all; /* the exceptions are denied */
	struct dev_rule *v; /* allow is not used; type is 'b' or 'c' */
	size_t n;
};

/* dev_exceptions_init - ERR_UNSUPPORTED if v1 cannot express the rules. End with dev_exceptions_done(). */
int dev_exceptions_init(const struct dev_rules *r, struct dev_exceptions *ret, struct err *e) must_check;
void dev_exceptions_done(struct dev_exceptions *x);
/* dev_exception_text - "c 1:3 rwm". */
enum { DEV_TEXT_SIZE = 64 };
void dev_exception_text(const struct dev_rule *x, char dst[static DEV_TEXT_SIZE]);

/* v2: a program for BPF_PROG_TYPE_CGROUP_DEVICE. */
struct dev_prog {
	struct bpf_insn *v;
	size_t n, cap;
};

/* dev_prog_init - 1 allows, 0 denies. End with dev_prog_done(). */
int dev_prog_init(const struct dev_rules *r, struct dev_prog *ret, struct err *e) must_check;
void dev_prog_done(struct dev_prog *p);
