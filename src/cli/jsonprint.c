#include "cli/jsonprint.h"

#include "cli/template.h"

static void indent(unsigned level, struct buf *b)
{
	for (unsigned i = 0; i < level; i++)
		buf_str(b, "    ");
}

void json_pretty(const struct json *v, unsigned level, struct buf *ret)
{
	bool map = v->kind == JSON_KIND_OBJECT;

	if ((!map && v->kind != JSON_KIND_ARRAY) || !v->n) {
		template_json(v, ret);
		return;
	}
	buf_str(ret, map ? "{\n" : "[\n");
	for (const struct json *m = v->first; m; m = m->next) {
		indent(level + 1, ret);
		if (map) {
			struct json key = { .kind = JSON_KIND_STRING, .text = m->key, .n = m->key_len };

			template_json(&key, ret);
			buf_str(ret, ": ");
		}
		json_pretty(m, level + 1, ret);
		buf_str(ret, m->next ? ",\n" : "\n");
	}
	indent(level, ret);
	buf_str(ret, map ? "}" : "]");
}

int json_pretty_text(const struct buf *text, struct arena *a, struct buf *ret, struct err *e)
{
	struct json *doc;

	if (buf_err(text, e) < 0 || json_parse(text->data, text->len, a, &doc, e) < 0)
		return -e->num;
	json_pretty(doc, 0, ret);
	return 0;
}
