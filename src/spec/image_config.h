#pragma once
/* The configuration of an image: OCI image-spec config.md and Docker's "image JSON" v1.2, which differ only in members
 * that either side ignores. Everything lives in one arena; absent strings are NULL, absent lists have n 0. */
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/container.h"

enum {
	IMAGE_CONFIG_MAX = 8 << 20, /* bytes */
	IMAGE_MAX_LAYERS = 500, /* OVL_MAX_STACK, fs/overlayfs/params.h: no kernel stacks more */
};

/* What a container of it runs by default: "config". */
struct image_run {
	char *user, *working_dir, *stop_signal;
	struct rc_str_list env, entrypoint, cmd, shell, onbuild;
	struct rc_str_list exposed_ports; /* "80/tcp" */
	struct rc_str_list volumes; /* absolute paths */
	struct rc_kv_list labels;
	struct ct_health health; /* test.n 0: none */
};

struct image_history {
	char *created, *created_by, *author, *comment;
	bool empty_layer;
};

struct image_config {
	struct arena arena;
	char *architecture, *os, *variant, *os_version;
	char *created, *author, *comment, *docker_version, *parent;
	struct image_run run;
	struct rc_str_list diff_ids; /* lowest first; each is a digest */
	struct image_history *history;
	size_t n_history;
};

/* image_config_read - ERR_CONFIG with the JSON path for what is not allowed. End with image_config_done(). */
int image_config_read(const char *text, size_t len, struct image_config *ret, struct err *e) must_check;
/* image_config_write - as an OCI document: sorted, without blanks, so that equal content has an equal digest. */
void image_config_write(const struct image_config *c, struct buf *ret);
void image_config_done(struct image_config *c);

/* image_run_write - "config" alone, as an object in docker's words; image_run_read is its reader in a table. */
void image_run_write(const struct image_run *run, struct buf *ret);
struct json;
struct rd;
struct rd_field;
int image_run_read(struct rd *r, const struct json *v, const struct rd_field *f, void *dst);
int image_digests_read(struct rd *r, const struct json *v, const struct rd_field *f, void *dst);
