#include "fetch/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/str.h"
#include "fetch/hash.h"
#include "fetch/inflate.h"
#include "fetch/recipe.h"
#include "store/op.h"

enum { IN = 256 << 10 };

struct kept {
	const char *want; /* its digest */
	int fd, layer_fd;
	char *in;
	struct retar *retar;
	struct inflate *inflate;
	struct hash *hash;
};

static ssize_t input(void *ctx, const void **ret, struct err *e)
{
	struct kept *k = ctx;
	ssize_t n;

	do
		n = read(k->fd, k->in, IN);
	while (n < 0 && errno == EINTR);
	*ret = k->in;
	return n < 0 ? err_sys(e, "read a blob of the store") : n;
}

static int open_blob(struct kept *k, struct store *s, const struct store_layer *l, bool unpack, struct err *e)
{
	enum image_pack pack = IMAGE_PACK_NONE;
	char head[16];

	k->fd = store_blob_open(s, l->blob, e);
	if (k->fd < 0)
		return k->fd;
	ssize_t n = unpack ? pread(k->fd, head, sizeof(head), 0) : 0;
	if (n < 0)
		return err_sys(e, "read a blob of the store");
	if (unpack && inflate_detect(head, (size_t)n, &pack, e) < 0)
		return -e->num;
	k->in = malloc(IN);
	if (!k->in)
		return err_oom(e, "a buffer");
	if (inflate_new(pack, input, k, &k->inflate, e) < 0)
		return -e->num;
	inflate_ratio(k->inflate, UINT64_MAX); /* judged when it came, by the limits of that day */
	return 0;
}

static int open_recipe(struct kept *k, struct store *s, const struct store_layer *l, struct err *e)
{
	k->fd = store_recipe_open(s, l->diff_id, e);
	if (k->fd < 0)
		return k->fd;
	k->layer_fd = store_layer_open(s, l->diff_id, e);
	return k->layer_fd < 0 ? k->layer_fd : retar_new(k->fd, k->layer_fd, &k->retar, e);
}

int kept_open(struct store *s, const struct store_layer *l, bool unpack, struct kept **ret, struct err *e)
{
	auto_kept struct kept *k = NULL;

	if (!l->blob)
		return err_set(e, ERR_CORRUPT, ENOENT, "layer %.19s has no archive in the store", l->diff_id);
	k = calloc(1, sizeof(*k));
	if (!k)
		return err_oom(e, "a layer");
	k->fd = k->layer_fd = FD_NONE;
	k->want = unpack ? l->diff_id : l->blob;
	bool recipe = str_eq(l->blob, l->diff_id) && !store_has_blob(s->data_fd, l->blob, l->blob_size);
	if ((recipe ? open_recipe(k, s, l, e) : open_blob(k, s, l, unpack, e)) < 0 ||
		hash_new(k->want, &k->hash, e) < 0)
		return -e->num;
	*ret = ptr_steal(k);
	return 0;
}

static int check(struct kept *k, struct err *e)
{
	char got[IMAGE_DIGEST_SIZE];

	if (hash_end(k->hash, got, e) < 0)
		return -e->num;
	if (str_eq(got, k->want))
		return 0;
	return err_set(e, ERR_CORRUPT, EUCLEAN, "the store's copy of layer %.19s is damaged: its digest is %.19s",
		k->want, got);
}

ssize_t kept_read(struct kept *k, void *dst, size_t n, struct err *e)
{
	ssize_t got = k->retar ? retar_read(k->retar, dst, n, e) : inflate_read(k->inflate, dst, n, e);

	if (got > 0)
		hash_add(k->hash, dst, (size_t)got);
	return got == 0 ? check(k, e) : got;
}

void kept_free(struct kept *k)
{
	if (!k)
		return;
	retar_free(k->retar);
	inflate_free(k->inflate);
	hash_free(k->hash);
	fd_close(&k->fd);
	fd_close(&k->layer_fd);
	free(k->in);
	free(k);
}
