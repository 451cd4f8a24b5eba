/* images/id/HEX: all that is needed to run an image, resolved once when it comes in. */
#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "spec/reader.h"
#include "store/layout.h"

static int read_digest(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && !image_digest_ok(v->text))
		return rd_fail(r, NULL, NULL, "is not a digest");
	return rd_string(r, v, f, dst);
}

static const struct rd_field layer_fields[] = {
	RD("DiffId", read_digest, struct store_layer, diff_id, RD_MUST),
	RD("Blob", read_digest, struct store_layer, blob),
	RD("MediaType", rd_string, struct store_layer, media_type),
	RD("BlobSize", rd_u64, struct store_layer, blob_size, .max = INT64_MAX),
	RD("Size", rd_u64, struct store_layer, size, .max = INT64_MAX),
};

static int read_layer(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return rd_object(r, v, layer_fields, ARRAY_SIZE(layer_fields), dst);
}

static int read_layers(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements how = { read_layer, sizeof(struct store_layer), NULL };
	struct store_image *image = dst;

	return rd_list(r, v, &how, (void **)&image->layers, &image->n_layers);
}

/* A newer release may have changed what the other members mean. */
static int read_format(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	uint64_t n;

	if (json_u64(v, STORE_FORMAT, STORE_FORMAT, &n) == JSON_INT_OK)
		return 0;
	return rd_fail(r, NULL, NULL, "written by a newer release of tare");
}

static const struct rd_field record_fields[] = {
	RD_ALL("Format", read_format, RD_MUST),
	RD("Id", read_digest, struct store_image, id, RD_MUST),
	RD("Manifest", read_digest, struct store_image, manifest),
	RD("ConfigSize", rd_u64, struct store_image, config_size, .max = IMAGE_CONFIG_MAX),
	RD("Architecture", rd_string, struct store_image, architecture),
	RD("Os", rd_string, struct store_image, os),
	RD("Variant", rd_string, struct store_image, variant),
	RD("Created", rd_string, struct store_image, created),
	RD("Author", rd_string, struct store_image, author),
	RD("Comment", rd_string, struct store_image, comment),
	RD("DockerVersion", rd_string, struct store_image, docker_version),
	RD("Parent", rd_string, struct store_image, parent),
	RD("Loaded", rd_string, struct store_image, loaded),
	RD("Config", image_run_read, struct store_image, run),
	RD_ALL("Layers", read_layers),
};

int store_record_read(const char *text, size_t len, struct store_image *ret, struct err *e)
{
	struct store_image image = STORE_IMAGE_INIT;
	struct rd r = { .arena = &image.arena, .doc = "image file", .e = e };
	struct json *doc;

	if (json_parse(text ? text : "", len, &image.arena, &doc, e) == 0)
		err_told(rd_end(&r, rd_object(&r, doc, record_fields, ARRAY_SIZE(record_fields), &image)));
	if (e->num) {
		e->kind = e->num == ENOMEM ? ERR_SYSTEM : ERR_CORRUPT;
		arena_done(&image.arena);
		return -e->num;
	}
	*ret = image;
	return 0;
}

static void put(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(b, ",\"%s\":", name);
	buf_json_str(b, value);
}

static void put_layer(struct buf *b, const struct store_layer *l)
{
	buf_printf(b, "{\"DiffId\":\"%s\"", l->diff_id);
	put(b, "Blob", l->blob);
	put(b, "MediaType", l->media_type);
	buf_printf(
		b, ",\"BlobSize\":%llu,\"Size\":%llu}", (unsigned long long)l->blob_size, (unsigned long long)l->size);
}

void store_record_write(const struct store_image *image, struct buf *b)
{
	buf_printf(b, "{\"Format\":%d", STORE_FORMAT);
	put(b, "Id", image->id);
	put(b, "Manifest", image->manifest);
	put(b, "Architecture", image->architecture);
	put(b, "Os", image->os);
	put(b, "Variant", image->variant);
	put(b, "Created", image->created);
	put(b, "Author", image->author);
	put(b, "Comment", image->comment);
	put(b, "DockerVersion", image->docker_version);
	put(b, "Parent", image->parent);
	put(b, "Loaded", image->loaded);
	buf_printf(b, ",\"ConfigSize\":%llu,\"Config\":", (unsigned long long)image->config_size);
	image_run_write(&image->run, b);
	buf_str(b, ",\"Layers\":[");
	for (size_t i = 0; i < image->n_layers; i++) {
		buf_str(b, i ? "," : "");
		put_layer(b, &image->layers[i]);
	}
	buf_str(b, "]}\n");
}
