#include "cmdline/opt_dump.h"

#include <stddef.h>

void opt_dump_text(struct buf *b, const char *key, const char *value)
{
	buf_json_str(b, key);
	buf_str(b, ":");
	if (value)
		buf_json_str(b, value);
	else
		buf_str(b, "null");
}

static void dump_option(struct buf *b, const struct opt *o)
{
	char letter[2] = { o->letter, '\0' };
	const struct {
		const char *key, *value;
	} texts[] = { { "letter", o->letter ? letter : NULL }, { "name", o->name }, { "arg", o->arg },
		{ "choices", o->choices }, { "help", o->help } };

	if (o->type == OPT_HEADING) {
		opt_dump_text(b, "heading", o->help);
		return;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		opt_dump_text(b, texts[i].key, texts[i].value);
		buf_str(b, ",");
	}
	buf_printf(b, "\"repeat\":%s", o->type == OPT_LIST || o->type == OPT_CALL ? "true" : "false");
}

void opt_dump(struct buf *b, const struct opt_table *t)
{
	bool first = true;

	buf_str(b, "\"options\":[");
	for (const struct opt *o = NULL; (o = opt_each(t, o));) {
		if (!o->help)
			continue;
		buf_str(b, first ? "\n{" : ",\n{");
		first = false;
		dump_option(b, o);
		buf_str(b, "}");
	}
	buf_str(b, "]");
}
