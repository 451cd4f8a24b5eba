/* What is known of layers from the images that have them. */
#include <errno.h>
#include "base/str.h"
#include "store/op.h"

static int learn(struct store *s, struct store_layer *to, const struct store_layer *from, bool *ret_known,
	struct arena *arena, struct err *e)
{
	to->size = from->size;
	*ret_known = true;
	if (!from->blob || to->blob || !store_has_archive(s->data_fd, from))
		return 0;
	to->blob = arena_dup(arena, from->blob);
	to->media_type = from->media_type ? arena_dup(arena, from->media_type) : NULL;
	to->blob_size = from->blob_size;
	return to->blob && (to->media_type || !from->media_type) ? 0 : err_oom(e, "layers");
}

int store_layers_known(
	struct store *s, struct store_layer *v, size_t n, bool *ret_known, struct arena *arena, struct err *e)
{
	AUTO(store_ids) struct store_ids ids = { .arena = ARENA_INIT };

	for (size_t i = 0; i < n; i++)
		ret_known[i] = false;
	if (store_ids_list(s, &ids, e) < 0)
		return -e->num;
	for (size_t k = 0; k < ids.n && e->num == 0; k++) {
		struct store_image image;
		struct err ignored = ERR_NONE; /* a damaged image knows nothing; `tare system check` names it */
		bool found = false;

		if (store_image_load(s, ids.v[k], &image, &found, &ignored) < 0 || !found)
			continue;
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < image.n_layers && e->num == 0; j++)
				if (str_eq(v[i].diff_id, image.layers[j].diff_id) &&
					store_has_layer(s->data_fd, v[i].diff_id))
					err_told(learn(s, &v[i], &image.layers[j], &ret_known[i], arena, e));
		store_image_done(&image);
	}
	return -e->num;
}
