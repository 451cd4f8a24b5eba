/* tare-fetch: everything that reads or writes the archives of images. Started by tare, see fetch.h for its descriptors.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/str.h"
#include "fetch/fetch.h"

static const struct verb {
	const char *name;
	int (*run)(struct fetch *f, struct err *e);
	bool writes;
} verbs[] = {
	{ "load", fetch_load, true },
	{ "import", fetch_import, true },
	{ "save", fetch_save, false },
	{ "export", fetch_export, false },
	{ "commit", fetch_commit, true },
};

static int number(const char *text, int *ret, struct err *e)
{
	uint32_t n;

	if (!text || !parse_u32(text, &n) || n > 1000000)
		return err_set(e, ERR_USAGE, EINVAL, "\"%.64s\" is no descriptor", text ? text : "");
	*ret = (int)n;
	return 0;
}

static int option(struct fetch *f, const char *name, const char *value, struct err *e)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = { { "--name", &f->name }, { "--platform", &f->platform }, { "--format", &f->format },
		{ "--config", &f->document }, { "--tree-path", &f->tree_path }, { "--file-name", &f->file_name } };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (str_eq(name, texts[i].name)) {
			*texts[i].to = value;
			return value ? 0 : err_set(e, ERR_USAGE, EINVAL, "%s needs a value", name);
		}
	if (str_eq(name, "--limits"))
		return value ? fetch_limits(f, value, e) : err_set(e, ERR_USAGE, EINVAL, "%s needs a value", name);
	if (str_eq(name, "--data"))
		return number(value, &f->data_fd, e);
	if (str_eq(name, "--tree"))
		return number(value, &f->tree_fd, e);
	return err_set(e, ERR_USAGE, EINVAL, "unknown option %.64s; tare-fetch is started by tare", name);
}

static int parse(struct fetch *f, char **argv, struct err *e)
{
	const struct {
		const char *name;
		bool *to;
	} flags[] = { { "--quiet", &f->quiet }, { "--rootless", &f->rootless }, { "--squash", &f->squash } };

	f->verb = argv[0] && argv[1] ? argv[1] : "";
	for (argv += argv[0] && argv[1] ? 2 : 1; argv[0] && argv[0][0] == '-' && !str_eq(argv[0], "--"); argv++) {
		bool flag = false;

		for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
			if (str_eq(argv[0], flags[i].name))
				flag = *flags[i].to = true;
		if (flag)
			continue;
		if (option(f, argv[0], argv[1], e) < 0)
			return -e->num;
		argv++;
	}
	argv += argv[0] && str_eq(argv[0], "--");
	f->operands = argv;
	while (f->operands[f->n_operands])
		f->n_operands++;
	return 0;
}

static int run(struct fetch *f, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_eq(f->verb, verbs[i].name)) {
			f->writes = verbs[i].writes;
			if (warden_split(f, e) < 0 || jail_enter(f, e) < 0)
				return err_wrap(e, "give up privileges");
			return store_open(f->data_fd, &f->store, e) < 0 ? -e->num : verbs[i].run(f, e);
		}
	return err_set(e, ERR_USAGE, EINVAL, "unknown verb \"%.64s\"; tare-fetch is started by tare", f->verb);
}

int main(int argc, char **argv)
{
	struct fetch f = { .file_fd = STDIN_FILENO,
		.data_fd = FD_NONE,
		.tree_fd = FD_NONE,
		.limits = LAYER_LIMITS_DEFAULT,
		.source_limits = SOURCE_LIMITS_DEFAULT,
		.max_ms = 3600 * 1000 };
	struct err e = ERR_NONE;

	/* libarchive turns the UTF-8 names of PAX headers into the locale's encoding: it must be able to hold them. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (parse(&f, argv, &e) == 0)
		err_told(run(&f, &e));
	if (e.num)
		say_error(&e);
	return e.num ? EXIT_FAILURE : EXIT_SUCCESS;
}
