#pragma once
/* Go's templates, as far as docker's users write them, over JSON documents. Pure: text and document
 * in, text out.
 *
 *   {{.A.B}} {{$v.A}} {{"text"}} {{1}} {{true}} {{(pipeline).A}}      values; {{- -}} take blanks
 * away; comments
 *   {{f a b | g c}}   and or not eq ne lt le gt ge len index slice print printf println
 *                     json split join title lower upper pad truncate (docker's)
 *   {{if p}} {{else if p}} {{else}} {{end}}   {{with p}} {{end}}   {{range p}} {{range $v := p}}
 * {{range $k, $v := p}}
 *   {{$v := p}} {{$v = p}} {{break}} {{continue}}
 *
 * Errors are ERR_USAGE "template: LINE:COLUMN: cause". A member that is absent is an error that
 * names the nearest one, except where docker's own types have it optional: then it is no value. */
#include <stdbool.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/json.h"

enum { TEMPLATE_MAX_DEPTH = 32, TEMPLATE_MAX_OUTPUT = 16 << 20, TEMPLATE_MAX_STEPS = 4 << 20 };

struct template;

/* What {{.NAME "argument"}} is, beyond members: docker's {{.Label "key"}}. NULL: no such method.
 * @data is the document. */
typedef const struct json *(*template_method)(
	const struct json *data, const char *name, const char *argument, struct arena *a);

/* template_parse - lives in @a, with a copy of @text. */
int template_parse(const char *text, struct arena *a, struct template **ret, struct err *e) must_check;
/* template_run - append the result for @data to @ret. Values made on the way live in @a. @method
 * may be NULL. */
int template_run(const struct template *t, const struct json *data, template_method method, struct arena *a,
	struct buf *ret, struct err *e) must_check;
/* template_uses - does it name the member @name anywhere: what is dear to find out is only found
 * out when asked for. */
bool template_uses(const struct template *t, const char *name);

/* template_json - @v as compact JSON, as {{json .}} writes it. */
void template_json(const struct json *v, struct buf *ret);
/* template_unescape - \t and \n as typed in a shell, made into the characters. */
char *template_unescape(const char *text, struct arena *a);
