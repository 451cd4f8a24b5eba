/* Manifests. A document is a manifest or an index by its members, never by hope: one with the members of both could be
 * read as either, with another image in each (CVE-2021-41190), and is refused. */
#include "spec/image_manifest.h"

#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "spec/image_ref.h"
#include "spec/reader.h"

/* --- media types --------------------------------------------------------------------------------------------- */

static const struct media {
	const char *type;
	enum image_media media;
	enum image_pack pack;
} medias[] = {
	{ IMAGE_TYPE_MANIFEST, IMAGE_MEDIA_MANIFEST, IMAGE_PACK_ANY },
	{ "application/vnd.docker.distribution.manifest.v2+json", IMAGE_MEDIA_MANIFEST, IMAGE_PACK_ANY },
	{ IMAGE_TYPE_INDEX, IMAGE_MEDIA_INDEX, IMAGE_PACK_ANY },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", IMAGE_MEDIA_INDEX, IMAGE_PACK_ANY },
	{ IMAGE_TYPE_CONFIG, IMAGE_MEDIA_CONFIG, IMAGE_PACK_ANY },
	{ "application/vnd.docker.container.image.v1+json", IMAGE_MEDIA_CONFIG, IMAGE_PACK_ANY },
	{ "application/vnd.oci.empty.v1+json", IMAGE_MEDIA_EMPTY, IMAGE_PACK_ANY },
	{ IMAGE_TYPE_LAYER, IMAGE_MEDIA_LAYER, IMAGE_PACK_NONE },
	{ IMAGE_TYPE_LAYER "+gzip", IMAGE_MEDIA_LAYER, IMAGE_PACK_GZIP },
	{ IMAGE_TYPE_LAYER "+zstd", IMAGE_MEDIA_LAYER, IMAGE_PACK_ZSTD },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", IMAGE_MEDIA_LAYER, IMAGE_PACK_NONE },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", IMAGE_MEDIA_LAYER, IMAGE_PACK_GZIP },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", IMAGE_MEDIA_LAYER, IMAGE_PACK_ZSTD },
	{ "application/vnd.docker.image.rootfs.diff.tar", IMAGE_MEDIA_LAYER, IMAGE_PACK_NONE },
	/* skopeo writes this name above uncompressed layers, too: the bytes decide. */
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", IMAGE_MEDIA_LAYER, IMAGE_PACK_ANY },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", IMAGE_MEDIA_LAYER, IMAGE_PACK_ZSTD },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", IMAGE_MEDIA_LAYER, IMAGE_PACK_ANY },
};

enum image_media image_media_of(const char *type, enum image_pack *ret_pack)
{
	for (size_t i = 0; i < ARRAY_SIZE(medias); i++)
		if (str_eq(type, medias[i].type)) {
			if (ret_pack)
				*ret_pack = medias[i].pack;
			return medias[i].media;
		}
	return IMAGE_MEDIA_UNKNOWN;
}

const char *image_pack_name(enum image_pack pack)
{
	static const char *const names[] = { "any", "uncompressed", "gzip", "zstd", "xz" };

	return names[pack];
}

/* --- descriptors --------------------------------------------------------------------------------------------- */

static int read_digest(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && !image_digest_ok(v->text))
		return rd_fail(r, NULL, "sha256: and 64 or sha512: and 128 lower-case hex digits are allowed",
			"\"%.*s\" is not a digest", RD_Q(v->text));
	return rd_string(r, v, f, dst);
}

static const struct rd_field platform_fields[] = {
	RD("architecture", rd_opt_string, struct image_platform, architecture),
	RD("os", rd_opt_string, struct image_platform, os),
	RD("variant", rd_opt_string, struct image_platform, variant),
	RD("os.version", rd_opt_string, struct image_platform, os_version),
};

static int read_platform(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return rd_object(r, v, platform_fields, ARRAY_SIZE(platform_fields), dst);
}

static const struct rd_field desc_fields[] = {
	RD("mediaType", rd_string, struct image_desc, media_type),
	RD("digest", read_digest, struct image_desc, digest, RD_MUST),
	RD("size", rd_u64, struct image_desc, size, RD_MUST, .max = INT64_MAX),
	RD("platform", read_platform, struct image_desc, platform),
	RD("annotations", rd_kv_list, struct image_desc, annotations),
};

static int read_desc(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return rd_object(r, v, desc_fields, ARRAY_SIZE(desc_fields), dst);
}

/* A descriptor whose media type must mean @want. */
static int check_media(struct rd *r, const struct image_desc *d, enum image_media want, const char *what)
{
	enum image_media got = image_media_of(d->media_type, NULL);

	if (got == want || (want == IMAGE_MEDIA_MANIFEST && got == IMAGE_MEDIA_INDEX))
		return 0;
	return rd_fail(r, "mediaType", NULL, "\"%.*s\" is not the media type of %s",
		RD_Q(d->media_type ? d->media_type : ""), what);
}

static int read_config_desc(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	int rc = read_desc(r, v, f, dst);

	return rc < 0 ? rc : check_media(r, dst, IMAGE_MEDIA_CONFIG, "an image config");
}

static int read_layer_desc(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	int rc = read_desc(r, v, f, dst);

	return rc < 0 ? rc : check_media(r, dst, IMAGE_MEDIA_LAYER, "a layer");
}

static int check_count(struct rd *r, const struct json *v, size_t max)
{
	if (v->kind == JSON_KIND_ARRAY && v->n > max)
		return rd_fail(r, NULL, NULL, "%u entries, at most %zu are allowed", v->n, max);
	return 0;
}

static int read_layers(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements how = { read_layer_desc, sizeof(struct image_desc), NULL };
	struct image_manifest *m = dst;
	int rc = check_count(r, v, IMAGE_MAX_LAYERS);

	return rc < 0 ? rc : rd_list(r, v, &how, (void **)&m->layers, &m->n_layers);
}

static int read_manifests(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	/* Indexes carry signatures and attestations beside images, so unknown media types are not an error here. */
	static const struct rd_elements how = { read_desc, sizeof(struct image_desc), NULL };
	struct image_manifest *m = dst;
	int rc = check_count(r, v, IMAGE_MAX_MANIFESTS);

	return rc < 0 ? rc : rd_list(r, v, &how, (void **)&m->manifests, &m->n_manifests);
}

/* --- documents ----------------------------------------------------------------------------------------------- */

#define COMMON_FIELDS \
	RD_IGNORED("schemaVersion"), RD("mediaType", rd_string, struct image_manifest, media_type), \
		RD("annotations", rd_kv_list, struct image_manifest, annotations)

static const struct rd_field manifest_fields[] = {
	COMMON_FIELDS,
	RD("config", read_config_desc, struct image_manifest, config, RD_MUST),
	RD_ALL("layers", read_layers, RD_MUST),
};

static const struct rd_field index_fields[] = {
	COMMON_FIELDS,
	RD_ALL("manifests", read_manifests, RD_MUST),
};

static int check_kind(struct rd *r, const struct json *doc, struct image_manifest *m)
{
	const struct json *version = json_member(doc, "schemaVersion");
	const struct json *type = json_member(doc, "mediaType");
	bool image = json_member(doc, "layers") || json_member(doc, "config");
	bool index = json_member(doc, "manifests");
	uint64_t n;

	if (!version || json_u64(version, 0, UINT64_MAX, &n) != JSON_INT_OK || n != 2)
		return rd_fail(r, "schemaVersion", NULL, "must be 2");
	if (image && index)
		return rd_fail(
			r, NULL, NULL, "has the members of a manifest (layers, config) and of an index (manifests)");
	if (!image && !index)
		return rd_fail(r, NULL, NULL, "is neither a manifest (layers, config) nor an index (manifests)");
	m->kind = index ? IMAGE_MEDIA_INDEX : IMAGE_MEDIA_MANIFEST;
	if (type && type->kind == JSON_KIND_STRING && image_media_of(type->text, NULL) != m->kind)
		return rd_fail(r, "mediaType", NULL, "\"%.*s\" is not the media type of %s", RD_Q(type->text),
			index ? "an index" : "a manifest");
	return 0;
}

static int read_document(struct rd *r, const struct json *doc, struct image_manifest *m)
{
	bool ok;
	int rc = rd_kind(r, doc, JSON_KIND_OBJECT, &ok);

	if (rc == 0)
		rc = check_kind(r, doc, m);
	if (rc < 0)
		return rc;
	return m->kind == IMAGE_MEDIA_INDEX ? rd_object(r, doc, index_fields, ARRAY_SIZE(index_fields), m)
					    : rd_object(r, doc, manifest_fields, ARRAY_SIZE(manifest_fields), m);
}

int image_manifest_read(const char *text, size_t len, struct image_manifest *ret, struct err *e)
{
	struct image_manifest m = { .arena = ARENA_INIT };
	struct rd r = { .arena = &m.arena, .doc = "manifest", .e = e };
	struct json *doc;

	if (len > IMAGE_MANIFEST_MAX)
		return err_set(
			e, ERR_CONFIG, EFBIG, "manifest: %zu bytes, at most %d are read", len, IMAGE_MANIFEST_MAX);
	if (json_parse(text, len, &m.arena, &doc, e) < 0)
		err_wrap(e, "manifest");
	else
		err_told(rd_end(&r, read_document(&r, doc, &m)));
	if (e->num) {
		arena_done(&m.arena);
		return -e->num;
	}
	*ret = m;
	return 0;
}

void image_manifest_done(struct image_manifest *m)
{
	arena_done(&m->arena);
	*m = (struct image_manifest){ .arena = ARENA_INIT };
}

const char *image_annotation(const struct rc_kv_list *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i].key, key))
			return l->v[i].value;
	return NULL;
}

void image_desc_write(const struct image_desc *d, struct buf *b)
{
	buf_str(b, "{\"mediaType\":");
	buf_json_str(b, d->media_type);
	buf_printf(b, ",\"digest\":\"%s\",\"size\":%llu", d->digest, (unsigned long long)d->size);
	for (size_t i = 0; i < d->annotations.n; i++) {
		buf_str(b, i ? "," : ",\"annotations\":{");
		buf_json_str(b, d->annotations.v[i].key);
		buf_str(b, ":");
		buf_json_str(b, d->annotations.v[i].value);
	}
	buf_str(b, d->annotations.n ? "}}" : "}");
}

/* --- platforms ----------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
static const struct image_want this_machine = { "linux", "amd64", "" };
#elif defined(__aarch64__)
static const struct image_want this_machine = { "linux", "arm64", "" };
#else
#error "name this architecture as GOARCH does"
#endif

static const char *canonical(const char *architecture)
{
	if (str_eq(architecture, "x86_64") || str_eq(architecture, "x86-64"))
		return "amd64";
	return str_eq(architecture, "aarch64") ? "arm64" : architecture;
}

static bool part(const char **at, char dst[static 32])
{
	size_t n = strcspn(*at, "/");

	if (n == 0 || n >= 32 || strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789_.-") < n)
		return false;
	memcpy(dst, *at, n);
	dst[n] = '\0';
	*at += n + ((*at)[n] == '/');
	return true;
}

int image_want_parse(const char *text, struct image_want *ret, struct err *e)
{
	struct image_want w = { "", "", "" };
	const char *at = text;
	bool ok = true;

	if (!text || !*text) {
		*ret = this_machine;
		return 0;
	}
	if (strchr(text, '/')) {
		ok = part(&at, w.os) && part(&at, w.architecture) && (!*at || part(&at, w.variant)) && !*at;
	} else {
		memcpy(w.os, "linux", 6);
		ok = part(&at, w.architecture);
	}
	if (!ok)
		return err_set(e, ERR_USAGE, EINVAL, "\"%.*s\" is not a platform like linux/amd64 or linux/arm64/v8",
			64, text);
	fmt_to(w.architecture, sizeof(w.architecture), "%s", canonical(w.architecture));
	*ret = w;
	return 0;
}

int image_want_match(const struct image_want *w, const struct image_platform *p)
{
	const char *variant = p->variant ? p->variant : "";

	if ((p->os && !str_eq(p->os, w->os)) ||
		(p->architecture && !str_eq(canonical(p->architecture), w->architecture)))
		return 0;
	/* "arm64" and "arm64/v8" mean the same, and a plain "amd64" is amd64/v1. */
	if (w->variant[0] && variant[0] && !str_eq(variant, w->variant))
		return 0;
	if (!w->variant[0] && variant[0] && !str_eq(variant, "v8") && !str_eq(variant, "v1"))
		return 1;
	return p->os && p->architecture ? 3 : 2;
}

/* --- docker save --------------------------------------------------------------------------------------------- */

static const struct rd_field entry_fields[] = {
	RD("Config", rd_name, struct image_archive_entry, config, RD_MUST),
	RD("RepoTags", rd_str_list, struct image_archive_entry, repo_tags),
	RD("Layers", rd_str_list, struct image_archive_entry, layers),
};

static int read_entry(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	const struct image_archive_entry *entry = dst;
	int rc = rd_object(r, v, entry_fields, ARRAY_SIZE(entry_fields), dst);

	if (rc == 0 && entry->layers.n > IMAGE_MAX_LAYERS)
		return rd_fail(
			r, "Layers", NULL, "%zu layers, at most %d are allowed", entry->layers.n, IMAGE_MAX_LAYERS);
	return rc;
}

int image_archive_read(const char *text, size_t len, struct image_archive *ret, struct err *e)
{
	static const struct rd_elements how = { read_entry, sizeof(struct image_archive_entry), NULL };
	struct image_archive a = { .arena = ARENA_INIT };
	struct rd r = { .arena = &a.arena, .doc = "manifest.json", .e = e };
	struct json *doc;

	if (len > IMAGE_MANIFEST_MAX)
		return err_set(
			e, ERR_CONFIG, EFBIG, "manifest.json: %zu bytes, at most %d are read", len, IMAGE_MANIFEST_MAX);
	if (json_parse(text, len, &a.arena, &doc, e) < 0)
		err_wrap(e, "manifest.json");
	else
		err_told(rd_end(&r, rd_list(&r, doc, &how, (void **)&a.v, &a.n)));
	if (e->num == 0 && a.n == 0)
		err_set(e, ERR_CONFIG, EINVAL, "manifest.json: names no image");
	if (e->num) {
		arena_done(&a.arena);
		return -e->num;
	}
	*ret = a;
	return 0;
}

void image_archive_done(struct image_archive *a)
{
	arena_done(&a->arena);
	*a = (struct image_archive){ .arena = ARENA_INIT };
}
