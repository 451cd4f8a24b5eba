/* A container's configuration as JSON: docker's inspect schema, and what docker has no key for
 * under "Tare". The order of the keys is docker's. */
#include "spec/container.h"

#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "spec/container_parts.h"

static void write_name(const struct ct_config *c, struct buf *b)
{
	AUTO(buf) struct buf shown = BUF_INIT;

	buf_printf(&shown, "/%s", c->name ? c->name : "");
	buf_json_str(b, shown.data ? shown.data : "");
	b->failed = b->failed || shown.failed;
}

static int read_name(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	struct ct_config *c = dst;
	int rc = rd_name(r, v, f, &c->name);

	if (rc == 0 && c->name && c->name[0] == '/')
		c->name++;
	return rc;
}

static void store_config(const struct ct_config *c, struct buf *b)
{
	parts_store(&parts_config, c, b);
}

static void store_host(const struct ct_config *c, struct buf *b)
{
	parts_store(&parts_host, c, b);
}

static void store_tare(const struct ct_config *c, struct buf *b)
{
	parts_store(&parts_tare, c, b);
}

static int read_config(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return parts_read(r, v, &parts_config, dst);
}

static int read_host(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return parts_read(r, v, &parts_host, dst);
}

static int read_tare(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return parts_read(r, v, &parts_tare, dst);
}

static const struct part document[] = {
	PART("Id", TEXT, id, "\"\""),
	PART("Created", TEXT, created, "\"\""),
	PART("Image", TEXT, image_id, "\"\""),
	PART_FN("Name", write_name, read_name),
	PART_FN("HostConfig", store_host, read_host),
	PART_FN("Config", store_config, read_config),
	PART_FN("Tare", store_tare, read_tare),
};
static const struct part_table whole = { document, ARRAY_SIZE(document) };

void ct_config_write(const struct ct_config *c, struct buf *ret)
{
	parts_store(&whole, c, ret);
}

void ct_write_config(const struct ct_config *c, struct buf *ret)
{
	parts_write(&parts_config, c, ret);
}

void ct_write_host(const struct ct_config *c, struct buf *ret)
{
	parts_write(&parts_host, c, ret);
}

void ct_default_config(struct ct_config *ret)
{
	enum { SHM_BYTES = 64 << 20 };

	*ret = (struct ct_config){ .arena = ARENA_INIT,
		.stop_timeout_s = -1,
		.ipc_mode = (char *)"private", /* never written through */
		.cgroupns_mode = (char *)"private",
		.log_driver = (char *)"json-file",
		.shm_size = SHM_BYTES };
}

static int check_format(const struct json *doc, struct err *e)
{
	const struct json *tare = json_member(doc, "Tare");
	const struct json *format = tare ? json_member(tare, "Format") : NULL;
	uint64_t n;

	if (!format || json_u64(format, 1, UINT64_MAX, &n) != JSON_INT_OK)
		return err_set(e, ERR_CORRUPT, EUCLEAN, "/Tare/Format: missing");
	if (n > CT_FORMAT)
		return err_set(e, ERR_UNSUPPORTED, EUCLEAN, "written by a newer release of tare");
	return 0;
}

static int check_id(const struct ct_config *c, bool listed, struct err *e)
{
	if (listed)
		return c->name ? 0 : err_set(e, ERR_CORRUPT, EUCLEAN, "/Name: missing");
	if (!c->id || strlen(c->id) != CT_ID_LEN || strspn(c->id, "0123456789abcdef") != CT_ID_LEN)
		return err_set(e, ERR_CORRUPT, EUCLEAN, "/Id: not %d hex digits", CT_ID_LEN);
	if (!c->name)
		return err_set(e, ERR_CORRUPT, EUCLEAN, "/Name: missing");
	return 0;
}

static int read_members(struct json *doc, struct arena *arena, bool listed, struct ct_config *c, struct err *e)
{
	struct rd r = { .arena = arena, .doc = "config.json", .e = e };
	int rc = check_format(doc, e);

	if (rc == 0)
		rc = rd_end(&r, parts_read(&r, doc, &whole, c));
	if (rc < 0 && e->kind == ERR_CONFIG)
		e->kind = ERR_CORRUPT;
	if (rc < 0)
		return rc;
	rc = check_id(c, listed, e);
	return rc < 0 ? err_wrap(e, "config.json") : 0;
}

static int no_json(struct err *e)
{
	e->kind = e->num == ENOMEM ? ERR_SYSTEM : ERR_CORRUPT;
	return err_wrap(e, "config.json");
}

int ct_config_read(const char *text, size_t len, struct ct_config *ret, struct err *e)
{
	struct ct_config c = { .arena = ARENA_INIT, .stop_timeout_s = -1 };
	struct json *doc;
	int r = json_parse(text ? text : "", len, &c.arena, &doc, e);

	r = r < 0 ? no_json(e) : read_members(doc, &c.arena, false, &c, e);
	if (r < 0)
		ct_config_done(&c);
	else
		*ret = c;
	return r;
}

int ct_config_read_listed(struct buf *text, struct arena *arena, struct ct_config *ret, struct err *e)
{
	static const struct json_kept config[] = { { "Cmd", NULL }, { "Entrypoint", NULL }, { "ExposedPorts", NULL },
		{ "Healthcheck", NULL }, { "Image", NULL }, { "Labels", NULL }, { NULL, NULL } };
	static const struct json_kept host[] = { { "NetworkMode", NULL }, { NULL, NULL } };
	static const struct json_kept tare[] = { { "Format", NULL }, { "Mounts", NULL }, { "Platform", NULL },
		{ "Rootfs", NULL }, { "RootfsKind", NULL }, { NULL, NULL } };
	static const struct json_kept listed[] = { { "Name", NULL }, { "Created", NULL }, { "Image", NULL },
		{ "HostConfig", host }, { "Config", config }, { "Tare", tare }, { NULL, NULL } };
	struct json *doc;

	*ret = (struct ct_config){ .arena = ARENA_INIT, .stop_timeout_s = -1 };
	if (json_parse_kept(text, listed, arena, &doc, e) < 0)
		return no_json(e);
	return read_members(doc, arena, true, ret, e);
}

void ct_config_done(struct ct_config *c)
{
	arena_done(&c->arena);
	*c = (struct ct_config){ .arena = ARENA_INIT };
}
