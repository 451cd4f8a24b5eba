/* mounts, and id mappings, which mounts and user namespaces share. */
#include "spec/rc.h"

#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

/* --- id mappings -------------------------------------------------------------------------------- */

enum { MAX_ID_MAPS = 340 }; /* UID_GID_MAP_MAX_EXTENTS, user_namespaces(7), Linux 4.15 */

static int check_extent(struct rd *r, const char *what, uint32_t first, uint32_t size)
{
	/* the last id must stay below 4294967295, which is no id; the kernel says EINVAL */
	if ((uint64_t)first + size <= UINT32_MAX)
		return 0;
	return rd_fail(r, NULL, NULL, "%s %u with size %u passes the last id 4294967294", what, first, size);
}

static int read_id_map(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("containerID", rd_id, struct rc_id_map, container, RD_MUST),
		RD("hostID", rd_id, struct rc_id_map, host, RD_MUST),
		RD("size", rd_u32, struct rc_id_map, size, RD_MUST, .min = 1, .max = UINT32_MAX),
	};
	struct rc_id_map *map = dst;
	size_t errors = r->n_errors;
	int rc = rd_object(r, v, fields, ARRAY_SIZE(fields), map);

	if (rc == 0 && r->n_errors == errors)
		rc = check_extent(r, "containerID", map->container, map->size);
	if (rc == 0 && r->n_errors == errors)
		rc = check_extent(r, "hostID", map->host, map->size);
	return rc;
}

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

static int check_overlap(struct rd *r, const struct rc_id_maps *maps, size_t i)
{
	const struct rc_id_map *b = &maps->v[i];

	for (size_t k = 0; k < i; k++) {
		const struct rc_id_map *a = &maps->v[k];
		bool inside = overlap(a->container, a->size, b->container, b->size);
		struct rd_path here;
		int rc;

		if (!inside && !overlap(a->host, a->size, b->host, b->size))
			continue;
		rd_enter(r, &here, NULL, i);
		rc = rd_fail(r, NULL, NULL, "overlaps entry %zu in %s ids: %u, size %u, and %u, size %u", k,
			inside ? "container" : "host", inside ? b->container : b->host, b->size,
			inside ? a->container : a->host, a->size);
		rd_leave(r, &here);
		return rc; /* one clash an entry is enough */
	}
	return 0;
}

int rc_read_id_maps(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements elements = { read_id_map, sizeof(struct rc_id_map), NULL };
	struct rc_id_maps *maps = dst;
	void *all = NULL;

	if (v->kind == JSON_KIND_ARRAY && v->n > MAX_ID_MAPS)
		return rd_fail(r, NULL, NULL, "has %u entries, Linux allows %d", v->n, MAX_ID_MAPS);
	int rc = rd_list(r, v, &elements, &all, &maps->n);
	maps->v = all;
	for (size_t i = 1; rc == 0 && i < maps->n; i++)
		rc = check_overlap(r, maps, i);
	return rc;
}

/* --- mounts ------------------------------------------------------------------------------------- */

static bool has_option(const struct rc_mount *m, const char *const *words)
{
	for (size_t i = 0; i < m->options.n; i++)
		for (const char *const *w = words; *w; w++)
			if (strcmp(m->options.v[i], *w) == 0)
				return true;
	return false;
}

static int check_mount(struct rd *r, const struct rc_mount *m)
{
	static const char *const binds[] = { "bind", "rbind", NULL };
	static const char *const changes[] = { "remount", "shared", "rshared", "slave", "rslave", "private", "rprivate",
		"unbindable", "runbindable", NULL };
	static const char *const idmaps[] = { "idmap", "ridmap", NULL };

	if (m->destination[0] != '/')
		rd_warn(r, "destination", "\"%.*s\" is relative (deprecated), taken from the container's /",
			RD_Q(m->destination));
	if (has_option(m, binds)) {
		if (!m->source)
			return rd_fail(r, "source", NULL, "is missing, a bind mount needs one");
	} else if (!m->type && !has_option(m, changes)) {
		return rd_fail(r, "type", "name a file system, or add \"bind\" to the options",
			"is missing and the options have neither bind nor rbind");
	}
	if ((m->uid_maps.n == 0) != (m->gid_maps.n == 0))
		return rd_fail(r, m->uid_maps.n ? "gidMappings" : "uidMappings", NULL, "is missing, %s is given",
			m->uid_maps.n ? "uidMappings" : "gidMappings");
	if (m->uid_maps.n && !has_option(m, idmaps))
		rd_warn(r, "options", "should say idmap or ridmap, since uidMappings are given");
	return 0;
}

static int read_mount(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("destination", rd_name, struct rc_mount, destination, RD_MUST),
		RD("type", rd_opt_string, struct rc_mount, type),
		RD("source", rd_opt_string, struct rc_mount, source),
		RD("options", rd_str_list, struct rc_mount, options),
		RD("uidMappings", rc_read_id_maps, struct rc_mount, uid_maps),
		RD("gidMappings", rc_read_id_maps, struct rc_mount, gid_maps),
	};
	size_t errors = r->n_errors;
	int rc = rd_object(r, v, fields, ARRAY_SIZE(fields), dst);

	return rc == 0 && r->n_errors == errors ? check_mount(r, dst) : rc;
}

int rc_read_mounts(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements elements = { read_mount, sizeof(struct rc_mount), NULL };
	struct rc_mount_list *list = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &elements, &all, &list->n);

	list->v = all;
	return rc;
}
