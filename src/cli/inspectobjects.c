#include "cli/inspectobjects.h"

#include <string.h>
#include "base/str.h"
#include "store/store.h"

static void text(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "\"%s\":", key);
	buf_json_str(b, value ? value : "");
	buf_str(b, ",");
}

/* The names that lead to @id: with their tags, and with their digests. */
static int names(struct store *s, const char *id, struct buf *b, struct err *e)
{
	struct store_refs refs;
	int r = store_refs_list(s, &refs, e);

	for (int digests = 0; digests < 2 && r == 0; digests++) {
		size_t n = 0;

		buf_str(b, digests ? "\"RepoDigests\":[" : "\"RepoTags\":[");
		for (size_t i = 0; i < refs.n; i++) {
			if (!str_eq(refs.v[i].id, id) || (strchr(refs.v[i].name, '@') != NULL) != digests)
				continue;
			buf_str(b, n++ ? "," : "");
			buf_json_str(b, image_ref_familiar(refs.v[i].name));
		}
		buf_str(b, "],");
	}
	store_refs_done(&refs);
	return r;
}

static void layers(const struct store_image *image, struct buf *b)
{
	buf_str(b, "\"RootFS\":{\"Type\":\"layers\",\"Layers\":[");
	for (size_t i = 0; i < image->n_layers; i++) {
		buf_str(b, i ? "," : "");
		buf_json_str(b, image->layers[i].diff_id);
	}
	buf_str(b, "]},");
}

static int object(struct store *s, const struct store_image *image, struct buf *b, struct err *e)
{
	buf_str(b, "{");
	text(b, "Id", image->id);
	if (names(s, image->id, b, e) < 0)
		return -e->num;
	text(b, "Parent", image->parent);
	text(b, "Comment", image->comment);
	text(b, "Created", image->created);
	text(b, "DockerVersion", image->docker_version);
	text(b, "Author", image->author);
	buf_str(b, "\"Config\":");
	image_run_write(&image->run, b);
	buf_str(b, ",");
	text(b, "Architecture", image->architecture);
	if (image->variant)
		text(b, "Variant", image->variant);
	text(b, "Os", image->os);
	buf_printf(b, "\"Size\":%llu,\"GraphDriver\":{\"Data\":null,\"Name\":\"overlay2\"},",
		(unsigned long long)store_image_size(image));
	layers(image, b);
	buf_str(b, "\"Metadata\":{\"LastTagTime\":");
	buf_json_str(b, image->loaded ? image->loaded : "0001-01-01T00:00:00Z");
	buf_str(b, "}}");
	return buf_err(b, e);
}

int inspect_image(struct cli *c, const char *ref, struct buf *ret, bool *ret_found, struct err *e)
{
	struct store_image image = STORE_IMAGE_INIT;
	struct store store;
	int r = store_open(c->engine.data_fd, &store, e);

	if (r == 0)
		r = store_image_find(&store, ref, &image, ret_found, e);
	if (r < 0 && e->kind == ERR_USAGE) { /* a name that no image can have: there is none */
		err_clear(e);
		*ret_found = false;
		return 0;
	}
	if (r == 0 && *ret_found) {
		r = object(&store, &image, ret, e);
		store_image_done(&image);
	}
	return r;
}
