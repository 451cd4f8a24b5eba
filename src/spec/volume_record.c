#include "spec/volume_record.h"

#include <errno.h>
#include "base/str.h"
#include "spec/reader.h"

static void write_map(struct buf *b, const char *key, const struct rc_kv_list *l)
{
	buf_printf(b, ",\"%s\":", key);
	if (!l->n) {
		buf_str(b, "null"); /* as docker */
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		buf_str(b, i ? "," : "{");
		buf_json_str(b, l->v[i].key);
		buf_str(b, ":");
		buf_json_str(b, l->v[i].value);
	}
	buf_str(b, "}");
}

void volume_record_write(const struct volume_record *v, const char *mountpoint, struct buf *b)
{
	if (mountpoint)
		buf_str(b, "{");
	else
		buf_printf(b, "{\"Format\":%d,", VOLUME_FORMAT);
	buf_str(b, "\"CreatedAt\":");
	buf_json_str(b, v->created);
	buf_str(b, ",\"Driver\":\"local\"");
	write_map(b, "Labels", &v->labels);
	if (mountpoint) {
		buf_str(b, ",\"Mountpoint\":");
		buf_json_str(b, mountpoint);
	}
	buf_str(b, ",\"Name\":");
	buf_json_str(b, v->name);
	write_map(b, "Options", &v->options);
	buf_str(b, ",\"Scope\":\"local\"}");
}

int volume_record_read(const char *text, size_t len, struct arena *a, struct volume_record *ret, struct err *e)
{
	struct file {
		struct volume_record v;
		uint32_t format;
	} f = { .format = 0 };
	static const struct rd_field fields[] = {
		RD("Format", rd_u32, struct file, format, RD_MUST, .min = 1, .max = VOLUME_FORMAT),
		RD("CreatedAt", rd_name, struct file, v.created, RD_MUST),
		RD_IGNORED("Driver"),
		RD("Labels", rd_kv_list, struct file, v.labels),
		RD("Name", rd_name, struct file, v.name, RD_MUST),
		RD("Options", rd_kv_list, struct file, v.options),
		RD_IGNORED("Scope"),
	};
	struct rd r = { .arena = a, .doc = "volume.json", .e = e };
	struct json *doc;
	int rc = json_parse(text, len, a, &doc, e);

	if (rc < 0)
		err_wrap(e, "volume.json");
	else
		rc = rd_end(&r, rd_object(&r, doc, fields, ARRAY_SIZE(fields), &f));
	if (rc < 0 && e->num != ENOMEM)
		e->kind = ERR_CORRUPT;
	if (rc == 0)
		*ret = f.v;
	return rc;
}

const char *volume_record_label(const struct volume_record *v, const char *key)
{
	for (size_t i = 0; i < v->labels.n; i++)
		if (str_eq(v->labels.v[i].key, key))
			return v->labels.v[i].value;
	return NULL;
}
