/* Idmapped mounts. Guarantees: a map is applied to a detached mount only, so nobody ever sees it unmapped. */
#include "mnt/idmapped.h"

#include <fcntl.h>
#include <sys/mount.h>

int mnt_idmap_apply(int mntfd, int userns_fd, bool recursive, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns_fd };
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	if (mount_setattr(mntfd, "", flags, &attr, sizeof(attr)) == 0)
		return 0;
	err_sys(e, "map the ids of the mount");
	if (e->num == EINVAL)
		err_hint(e,
			recursive ? "a filesystem in this tree cannot be idmapped on this kernel"
				  : "this filesystem cannot be idmapped on this kernel");
	return -e->num;
}

/* The range of @m that holds container id @id, or NULL. */
static const struct rc_id_map *covering(const struct rc_id_maps *m, uint32_t id)
{
	for (size_t i = 0; i < m->n; i++)
		if (id >= m->v[i].container && id - m->v[i].container < m->v[i].size)
			return &m->v[i];
	return NULL;
}

/* How many ids from @id on, at most @want, one range of @m translates; 0: none. */
static uint32_t run_from(const struct rc_id_maps *m, uint32_t id, uint32_t want, uint32_t *ret_host)
{
	const struct rc_id_map *r = covering(m, id);

	if (!r)
		return 0;
	uint32_t skip = id - r->container, left = r->size - skip;
	*ret_host = r->host + skip;
	return left < want ? left : want;
}

static int add(struct rc_id_maps *m, size_t cap, struct rc_id_map range, struct err *e)
{
	if (m->n == cap)
		return err_set(e, ERR_CONFIG, E2BIG, "the id map of the mount has more than %zu ranges", cap);
	m->v[m->n++] = range;
	return 0;
}

static int add_relative(struct rc_id_maps *m, size_t cap, const struct mnt_id_range *r,
	const struct rc_id_maps *container, struct err *e)
{
	uint32_t done = 0, host;

	while (done < r->size) {
		uint32_t n = run_from(container, r->host + done, r->size - done, &host);

		if (n == 0)
			return err_set(e, ERR_CONFIG, EINVAL,
				"id %u of the mount's map @%u-%u-%u is not mapped into the container", r->host + done,
				r->fs, r->host, r->size);
		int ret = add(m, cap, (struct rc_id_map){ r->fs + done, host, n }, e);
		if (ret < 0)
			return ret;
		done += n;
	}
	return 0;
}

int mnt_idmap_resolve(const struct mnt_id_range *ranges, size_t n, const struct rc_id_maps *container,
	struct arena *arena, struct rc_id_maps *ret, struct err *e)
{
	struct rc_id_maps m = { .v = arena_array(arena, struct rc_id_map, MNT_MAX_ID_RANGES) };
	int r = 0;

	if (!m.v)
		return err_oom(e, "the id map of a mount");
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct mnt_id_range *g = &ranges[i];

		r = g->relative ? add_relative(&m, MNT_MAX_ID_RANGES, g, container, e)
				: add(&m, MNT_MAX_ID_RANGES, (struct rc_id_map){ g->fs, g->host, g->size }, e);
	}
	if (r == 0)
		*ret = m;
	return r;
}

/* Whether @b translates every id of @a as @a does. */
static bool within(const struct rc_id_maps *a, const struct rc_id_maps *b)
{
	for (size_t i = 0; i < a->n; i++) {
		uint32_t done = 0, host;

		while (done < a->v[i].size) {
			uint32_t n = run_from(b, a->v[i].container + done, a->v[i].size - done, &host);

			if (n == 0 || host != a->v[i].host + done)
				return false;
			done += n;
		}
	}
	return true;
}

bool mnt_idmap_same(const struct rc_id_maps *a, const struct rc_id_maps *b)
{
	return within(a, b) && within(b, a);
}
