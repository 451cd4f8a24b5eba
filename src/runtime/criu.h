#pragma once
/* A run of criu (criu(8)) as our child, driven over its service protocol ("criu swrk"): one request, notifications
 * that we answer, one result. */
#include <limits.h>
#include "cg/join.h"
#include "runtime/criupb.h"

struct criu_run {
	int sock, pidfd, output; /* output: what it printed, when it has no better place */
	pid_t pid;
	char path[PATH_MAX];
};

#define CRIU_RUN_INIT \
	{ \
		.sock = FD_NONE, .pidfd = FD_NONE, .output = FD_NONE \
	}

struct criu_start {
	int std[3]; /* its stdin, stdout, stderr; FD_NONE: none, its output is kept for an error */
	const char *image_path,
		*work_path; /* opened in criu's own mount namespace: CRIU_IMAGE_FD, CRIU_WORK_FD; or NULL */
	const int *fds; /* become CRIU_FIRST_FD, CRIU_FIRST_FD + 1, … in it */
	size_t n_fds;
	int cgroup_fd; /* v2 cgroup to run in, or FD_NONE */
	const struct cg_join *join; /* v1 cgroups to run in, or NULL */
	const char *root_from, *root_to; /* restore: a mount namespace of its own, with the first bound on the second */
};

enum { CRIU_IMAGE_FD = 4, CRIU_WORK_FD = 5, CRIU_FIRST_FD = 6 };

/* criu_find - where criu is, into @run->path; ERR_UNSUPPORTED with a remedy. */
int criu_find(struct criu_run *run, struct err *e) must_check;
/* criu_begin - start it. Everything borrowed. End with criu_done(), which kills it if it still runs. */
int criu_begin(struct criu_run *run, const struct criu_start *s, struct err *e) must_check;
/* criu_end - after a successful request: let it finish (a lazy dump serves pages until then) and reap it. */
int criu_end(struct criu_run *run, struct err *e) must_check;
void criu_done(struct criu_run *run);

/* Called for every notification; @fd (or FD_NONE) came along and is the callee's if it takes it (*fd = FD_NONE). A
 * failure is told to criu, which then undoes what it did, and becomes the error of the whole. */
typedef int (*criu_notify)(void *arg, const struct criu_answer *a, int *take_fd, struct err *e);

struct criu_listener {
	criu_notify notify;
	void *arg;
};

/* criu_request - send a request of @type with @opts (encoded criu_opts, NULL: none), serve notifications (@listener
 * NULL: none is expected), and store the final answer. An unsuccessful one is an error that says what criu said. */
int criu_request(struct criu_run *run, enum criu_type type, const struct buf *opts,
	const struct criu_listener *listener, struct criu_answer *ret, struct err *e) must_check;
/* criu_check_features - does this criu on this kernel track memory changes, and serve pages lazily? */
int criu_check_features(const char *path, bool *ret_mem_track, bool *ret_lazy, struct err *e) must_check;
/* criu_add_log - put the last lines with "Error" of log @name in @dirfd into the error. */
void criu_add_log(int dirfd, const char *name, const char *dir, struct err *e);
