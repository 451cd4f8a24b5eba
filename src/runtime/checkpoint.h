#pragma once
/* Containers written to disk and brought back, by criu(8), which is executed, never linked. */
#include "runtime/runtime.h"

struct rt_criu {
	const char *image_path; /* NULL: "checkpoint" */
	const char *work_path; /* NULL: image_path */
	const char *parent_path;
	const char *manage_cgroups_mode; /* soft (NULL), full, strict, ignore */
	const char *network_lock; /* iptables, nftables, skip; NULL: criu's choice */
	const char *page_server; /* ADDRESS:PORT */
	const char *lsm_profile, *lsm_mount_context;
	struct rc_str_list empty_ns; /* "network" */
	int32_t status_fd; /* -1: none */
	bool leave_running, tcp_established, tcp_close, tcp_skip_in_flight, link_remap, ext_unix_sk, shell_job,
		lazy_pages, file_locks, pre_dump, auto_dedup;
};

/* rt_checkpoint - write the running container @id to @q->image_path. Unless leave_running or pre_dump, its processes
 * are ended and it is deleted. ERR_UNSUPPORTED without criu or where criu lacks what was asked for; criu's own
 * failure comes with the end of its log. */
int rt_checkpoint(struct rt_context *c, const char *id, const struct rt_criu *q, struct err *e) must_check;
/* rt_restore - make container @req->id from the images and @req->bundle; it runs when this returns. Foreground unless
 * @req->detach, as rt_run(). */
int rt_restore(struct rt_context *c, const struct rt_create *req, const struct rt_criu *q, int *ret_status,
	struct err *e) must_check;
