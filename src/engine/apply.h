#pragma once
/* The changes that a container of the image `host` made, written back to this machine.
 *
 * What the container left is hostile: both sides are opened by descriptor, no symlink is followed and no mount point
 * crossed, on either. First everything is looked at; where anything must not be written, nothing is. Then one path
 * after the other is made beside its place, in a directory that only its maker can enter, and renamed there: a file is
 * the old one or the new one. What is written already is left alone, so after a failure or a kill the same command goes
 * on where it stopped. */
#include "engine/diff.h"

enum apply_verdict {
	APPLY_WRITE, /* to be written; when not a dry run: it is */
	APPLY_LEAVE, /* cannot be written back and need not: sockets, what lies below a mount point of the host */
	APPLY_REFUSE, /* must not: nothing is written */
};

struct apply_change {
	enum diff_kind kind; /* against the host as it is now */
	const char *path;
	enum apply_verdict verdict;
	const char *why; /* not written; NULL with APPLY_WRITE */
};

struct apply_total {
	size_t added, changed, deleted, left, refused;
	uint64_t bytes; /* of files */
};

struct apply_how {
	const struct rc_str_list *paths; /* absolute; what is not at or below one of them stays; none: all */
	bool dry_run;
	bool force; /* over what changed on the host meanwhile, and while the container runs */
	bool special; /* devices, and files that are set-user-ID, set-group-ID or have capabilities */
	int (*told)(void *ctx, const struct apply_change *change, struct err *e);
	void (*progress)(void *ctx, const struct apply_total *so_far, size_t of); /* may be NULL */
	void *ctx;
};

/* engine_apply - ERR_UNSUPPORTED unless @r stands on the image `host`; ERR_CONFLICT while it runs, or when there are
 * refusals. *ret_total is what was written, also after an error; of a dry run, what would be. */
int engine_apply(struct engine *en, struct record *r, const struct apply_how *how, struct apply_total *ret_total,
	struct err *e) must_check;
