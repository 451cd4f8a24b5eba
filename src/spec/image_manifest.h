#pragma once
/* Manifests and indexes: OCI image-spec manifest.md, image-index.md, Docker's manifest v2 schema 2 and manifest list,
 * and manifest.json of `docker save`. */
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/image_config.h"

enum {
	IMAGE_MANIFEST_MAX = 4 << 20, /* bytes */
	IMAGE_MAX_MANIFESTS = 4096, /* of an index */
};

enum image_media {
	IMAGE_MEDIA_UNKNOWN,
	IMAGE_MEDIA_MANIFEST,
	IMAGE_MEDIA_INDEX,
	IMAGE_MEDIA_CONFIG,
	IMAGE_MEDIA_LAYER, /* the compression is told by its bytes, and must agree */
	IMAGE_MEDIA_EMPTY,
};

enum image_pack { IMAGE_PACK_ANY, IMAGE_PACK_NONE, IMAGE_PACK_GZIP, IMAGE_PACK_ZSTD, IMAGE_PACK_XZ };

#define IMAGE_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define IMAGE_TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define IMAGE_TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define IMAGE_TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"

struct image_platform {
	char *architecture, *os, *variant, *os_version;
};

struct image_desc {
	char *media_type, *digest;
	uint64_t size;
	struct image_platform platform;
	struct rc_kv_list annotations;
};

struct image_manifest {
	struct arena arena;
	enum image_media kind; /* IMAGE_MEDIA_MANIFEST or IMAGE_MEDIA_INDEX */
	char *media_type; /* as written, or NULL */
	struct image_desc config; /* manifest */
	struct image_desc *layers; /* manifest: lowest first */
	size_t n_layers;
	struct image_desc *manifests; /* index */
	size_t n_manifests;
	struct rc_kv_list annotations;
};

/* image_media_of - what a media type says; *ret_pack (may be NULL) is the compression of a layer. */
enum image_media image_media_of(const char *media_type, enum image_pack *ret_pack);
const char *image_pack_name(enum image_pack pack);
/* image_manifest_read - either kind. ERR_CONFIG with the JSON path. End with image_manifest_done(). */
int image_manifest_read(const char *text, size_t len, struct image_manifest *ret, struct err *e) must_check;
void image_manifest_done(struct image_manifest *m);
/* image_annotation - the value of @key or NULL. */
const char *image_annotation(const struct rc_kv_list *l, const char *key);
/* image_desc_write - a descriptor as an object. */
void image_desc_write(const struct image_desc *d, struct buf *ret);

/* --- platforms ----------------------------------------------------------------------------------------------- */

/* What `--platform os/arch[/variant]` or this machine asks for. */
struct image_want {
	char os[32], architecture[32], variant[32];
};

/* image_want_parse - NULL: this machine. ERR_USAGE. */
int image_want_parse(const char *text, struct image_want *ret, struct err *e) must_check;
/* image_want_match - how well a platform fits: 0 not at all, more is better. Empty members of @p fit anything. */
int image_want_match(const struct image_want *w, const struct image_platform *p);

/* --- docker save --------------------------------------------------------------------------------------------- */

struct image_archive_entry {
	char *config; /* names of members of the archive */
	struct rc_str_list repo_tags, layers;
};

struct image_archive {
	struct arena arena;
	struct image_archive_entry *v;
	size_t n;
};

/* image_archive_read - manifest.json. */
int image_archive_read(const char *text, size_t len, struct image_archive *ret, struct err *e) must_check;
void image_archive_done(struct image_archive *a);
