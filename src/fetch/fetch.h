#pragma once
/* What the verbs of tare-fetch share. The engine starts it with descriptors only: 0 is what is read or written, 1 takes
 * one JSON object a line, 2 is for people, --data N is the store. */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "fetch/layer.h"
#include "fetch/source.h"
#include "spec/image_manifest.h"
#include "store/op.h"

struct fetch {
	const char *verb;
	int file_fd; /* 0 */
	int data_fd, tree_fd;
	const char *name; /* --name REF: what to call the image */
	const char *platform;
	const char *tree_path; /* --tree-path: commit's upper directory, below the store */
	const char *format; /* save: docker-archive, oci-archive, oci-dir */
	const char *file_name; /* load: what an image that has only a tag is called */
	const char *document; /* --config JSON: import, commit: what the configuration says */
	bool quiet, rootless, squash, host_ids;
	char *const *operands;
	size_t n_operands;
	struct store store;
	struct layer_usage usage;
	bool writes; /* the verb changes the store */
	struct layer_limits limits;
	struct source_limits source_limits;
	uint64_t max_ms; /* the deadline of all of it */
	_Atomic uint64_t progress, total;
};

/* verbs: 0 or an error */
int fetch_load(struct fetch *f, struct err *e) must_check;
int fetch_import(struct fetch *f, struct err *e) must_check;
int fetch_save(struct fetch *f, struct err *e) must_check;
int fetch_export(struct fetch *f, struct err *e) must_check;
int fetch_commit(struct fetch *f, struct err *e) must_check;

/* An image that is about to be stored. */
struct incoming {
	const char *config; /* its text, kept as it came */
	size_t config_len;
	const char *manifest; /* its text, or NULL */
	size_t manifest_len;
	const char *manifest_digest;
	struct layer_job *jobs; /* lowest first */
	size_t n_jobs;
	char **names; /* whole references */
	size_t n_names;
	struct rc_str_list base; /* diff ids of layers below these, which the store has: commit */
};

/* incoming_store - bring the layers in, check everything, publish the image and its names, say so on descriptor 1. */
int incoming_store(struct fetch *f, struct store_op *op, struct incoming *in, struct err *e) must_check;
/* incoming_layers - only the first half: what is new lies in @op. */
int incoming_layers(struct fetch *f, struct store_op *op, struct incoming *in, struct err *e) must_check;
int incoming_publish(struct fetch *f, struct store_op *op, struct incoming *in, struct err *e) must_check;

/* say_loaded, say_error - a line on descriptor 1. */
int say_loaded(const char *id, const char *name, struct err *e) must_check;
void say_error(const struct err *e);
/* progress_start - draw a bar on descriptor 2 while something runs; progress_end wipes it. */
void progress_start(struct fetch *f);
void progress_end(void);

/* fetch_limits - "NAME=VALUE,…" into @f. ERR_USAGE. */
int fetch_limits(struct fetch *f, const char *text, struct err *e) must_check;
/* warden_split - go on as a new process; the one before waits for it and never returns. */
int warden_split(struct fetch *f, struct err *e) must_check;
/* fence_enter - the jail's Landlock rules, where the kernel has Landlock. */
int fence_enter(struct fetch *f, struct err *e) must_check;
/* jail_enter - everything that will not be needed goes: names of files, network, privileges, system calls. */
int jail_enter(struct fetch *f, struct err *e) must_check;
