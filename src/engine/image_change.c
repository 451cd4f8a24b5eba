/* Instructions of a Dockerfile that change only the configuration: `import -c`, `commit -c`. */
#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "engine/image.h"
#include "spec/json.h"

static int append(struct rc_str_list *l, char *text, struct arena *a, struct err *e)
{
	char **v = arena_array(a, char *, l->n + 2);

	if (!v || !text)
		return err_oom(e, "a change of the image");
	for (size_t i = 0; i < l->n; i++) {
		if (str_eq(l->v[i], text))
			return 0;
		v[i] = l->v[i];
	}
	v[l->n++] = text;
	l->v = v;
	return 0;
}

/* ["a", "b"] or words for a shell. */
static int words(struct rc_str_list *l, const char *text, struct arena *a, struct err *e)
{
	struct rc_str_list got = { NULL, 0 };
	struct err not_json = ERR_NONE;
	struct json *doc;

	if (*text == '[' && json_parse(text, strlen(text), a, &doc, &not_json) == 0) {
		for (const struct json *v = doc->first; v; v = v->next)
			if (v->kind != JSON_KIND_STRING || append(&got, v->text, a, e) < 0)
				return e->num ? -e->num : err_set(e, ERR_USAGE, EINVAL, "%.200s: only strings", text);
	} else if (append(&got, arena_dup(a, "/bin/sh"), a, e) < 0 || append(&got, arena_dup(a, "-c"), a, e) < 0 ||
		append(&got, arena_dup(a, text), a, e) < 0) {
		return -e->num;
	}
	*l = got;
	return 0;
}

/* KEY=VALUE or KEY VALUE; *ret_value is behind the "=". */
static int pair(const char *text, struct arena *a, char **ret_key, char **ret_value, struct err *e)
{
	size_t n = strcspn(text, "= ");

	if (n == 0 || !text[n])
		return err_set(e, ERR_USAGE, EINVAL, "\"%.200s\" is not KEY=VALUE", text);
	*ret_key = arena_dup_n(a, text, n);
	const char *value = text + n + 1;
	size_t len = strlen(value);
	if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
		value++;
		len -= 2;
	}
	*ret_value = arena_dup_n(a, value, len);
	return *ret_key && *ret_value ? 0 : err_oom(e, "a change of the image");
}

static int set_env(struct image_run *run, const char *text, struct arena *a, struct err *e)
{
	char *key, *value;

	if (pair(text, a, &key, &value, e) < 0)
		return -e->num;
	char *entry = arena_printf(a, "%s=%s", key, value);
	for (size_t i = 0; i < run->env.n; i++) {
		const char *rest = str_after(run->env.v[i], key);

		if (rest && *rest == '=') {
			run->env.v[i] = entry;
			return entry ? 0 : err_oom(e, "a change of the image");
		}
	}
	return append(&run->env, entry, a, e);
}

static int set_label(struct image_run *run, const char *text, struct arena *a, struct err *e)
{
	struct rc_kv *v = arena_array(a, struct rc_kv, run->labels.n + 1);
	struct rc_kv kv;

	if (!v)
		return err_oom(e, "a change of the image");
	if (pair(text, a, &kv.key, &kv.value, e) < 0)
		return -e->num;
	for (size_t i = 0; i < run->labels.n; i++) {
		v[i] = run->labels.v[i];
		if (str_eq(v[i].key, kv.key)) {
			run->labels.v[i].value = kv.value;
			return 0;
		}
	}
	v[run->labels.n++] = kv;
	run->labels.v = v;
	return 0;
}

static int set_text(char **dst, const char *text, struct arena *a, struct err *e)
{
	*dst = arena_dup(a, text);
	return *dst ? 0 : err_oom(e, "a change of the image");
}

static int set_port(struct image_run *run, const char *text, struct arena *a, struct err *e)
{
	return append(&run->exposed_ports, arena_printf(a, strchr(text, '/') ? "%s" : "%s/tcp", text), a, e);
}

static int set_volume(struct image_run *run, const char *text, struct arena *a, struct err *e)
{
	struct rc_str_list many = { NULL, 0 };

	if (*text != '[')
		return append(&run->volumes, arena_dup(a, text), a, e);
	if (words(&many, text, a, e) < 0)
		return -e->num;
	for (size_t i = 0; i < many.n; i++)
		if (append(&run->volumes, many.v[i], a, e) < 0)
			return -e->num;
	return 0;
}

int image_change(struct image_run *run, const char *text, struct arena *a, struct err *e)
{
	static const char *const known[] = { "CMD", "ENTRYPOINT", "ENV", "LABEL", "EXPOSE", "VOLUME", "USER", "WORKDIR",
		"STOPSIGNAL", "ONBUILD" };
	size_t n = strcspn(text, " \t"), i = 0;
	const char *rest = text + n + strspn(text + n, " \t");

	while (i < ARRAY_SIZE(known) && (strlen(known[i]) != n || strncasecmp(known[i], text, n) != 0))
		i++;
	if (i < ARRAY_SIZE(known) && !*rest)
		return err_set(e, ERR_USAGE, EINVAL, "%s needs a value", known[i]);
	switch (i) {
	case 0: return words(&run->cmd, rest, a, e);
	case 1: return words(&run->entrypoint, rest, a, e);
	case 2: return set_env(run, rest, a, e);
	case 3: return set_label(run, rest, a, e);
	case 4: return set_port(run, rest, a, e);
	case 5: return set_volume(run, rest, a, e);
	case 6: return set_text(&run->user, rest, a, e);
	case 7: return set_text(&run->working_dir, rest, a, e);
	case 8: return set_text(&run->stop_signal, rest, a, e);
	case 9: return append(&run->onbuild, arena_dup(a, rest), a, e);
	default:
		return err_set(e, ERR_USAGE, EINVAL,
			"%.64s is not a valid change: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, "
			"VOLUME, "
			"WORKDIR are",
			text);
	}
}
