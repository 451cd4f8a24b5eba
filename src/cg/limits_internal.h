#pragma once
/* Shared by limits.c, limits_v1.c and limits_v2.c. */
#include "cg/limits.h"

/* One job of writing limits into one cgroup. */
struct lim {
	const struct cg_host *h;
	const char *path;
	unsigned flags;
	int hier; /* that serves the controller at hand */
};

/* One value for one file. */
struct lim_value {
	const char *json; /* "memory/limit", below /linux/resources/ */
	const char *file;
	char value[96];
};

/* A few values whose right order depends on what is there now (a quota over the old period's limit, memory over
 * the old memory+swap): each that the kernel refuses is tried again after the others. */
struct lim_group {
	struct lim_value v[6];
	size_t n;
};

/* lim_put - append to the group; @json and @file must outlive it. */
void lim_put(struct lim_group *g, const char *json, const char *file, const char *format, ...) printf_like(4, 5);
int lim_write_group(const struct lim *l, const struct lim_group *g, struct err *e) must_check;
/* lim_write - one value. */
int lim_write(const struct lim *l, const char *json, const char *file, const char *value, struct err *e) must_check;
/* lim_error - the error for value @value of @file that the kernel refused with @num. */
int lim_error(const struct lim *l, const char *json, const char *file, const char *value, int num, struct err *e);
/* lim_refuse - @json cannot be done here at all: unsupported. */
int lim_refuse(const char *json, const char *why, struct err *e);
/* lim_exists - is the file there. */
bool lim_exists(const struct lim *l, const char *file);
/* lim_read_i64 - a file with one number ("max": -1): 0 or -errno. */
int lim_read_i64(const struct lim *l, const char *file, int64_t *ret);

int lim_v1_memory(const struct lim *l, const struct rc_memory *m, struct err *e) must_check;
int lim_v1_cpu(const struct lim *l, const struct rc_cpu *c, struct err *e) must_check;
int lim_v1_blkio(const struct lim *l, const struct rc_blkio *b, struct err *e) must_check;
int lim_v1_net(struct lim *l, const struct rc_resources *r, struct err *e) must_check;

int lim_v2_memory(const struct lim *l, const struct rc_memory *m, struct err *e) must_check;
int lim_v2_cpu(const struct lim *l, const struct rc_cpu *c, struct err *e) must_check;
int lim_v2_io(const struct lim *l, const struct rc_blkio *b, struct err *e) must_check;
int lim_v2_unified(struct lim *l, const struct rc_kv_list *unified, struct err *e) must_check;
