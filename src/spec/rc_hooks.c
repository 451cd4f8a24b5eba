/* The six hook stages (config.md "POSIX-platform Hooks"). */
#include "spec/rc.h"

#include <limits.h>
#include "base/str.h"

const char *const rc_hook_stage_names[RC_N_HOOK_STAGES] = {
	[RC_HOOK_PRESTART] = "prestart",
	[RC_HOOK_CREATE_RUNTIME] = "createRuntime",
	[RC_HOOK_CREATE_CONTAINER] = "createContainer",
	[RC_HOOK_START_CONTAINER] = "startContainer",
	[RC_HOOK_POSTSTART] = "poststart",
	[RC_HOOK_POSTSTOP] = "poststop",
};

static int read_path(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_STRING && v->text[0] != '/')
		return rd_fail(r, NULL, NULL, "\"%.*s\" must be an absolute path of the host", RD_Q(v->text));
	return rd_name(r, v, f, dst);
}

static int read_hook(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		RD("path", read_path, struct rc_hook, path, RD_MUST),
		RD("args", rd_str_list, struct rc_hook, args),
		RD("env", rd_env, struct rc_hook, env),
		RD("timeout", rd_u64, struct rc_hook, timeout_s, .min = 1, .max = INT_MAX),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static int read_stage(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_elements hooks = { read_hook, sizeof(struct rc_hook), NULL };
	struct rc_hook_list *list = dst;
	void *all = NULL;
	int rc = rd_list(r, v, &hooks, &all, &list->n);

	list->v = all;
	return rc;
}

#define STAGE(name, stage) \
	{ \
		name, sizeof(name) - 1, .read = read_stage, .offset = (stage) * sizeof(struct rc_hook_list) \
	}

int rc_read_hooks(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		STAGE("prestart", RC_HOOK_PRESTART),
		STAGE("createRuntime", RC_HOOK_CREATE_RUNTIME),
		STAGE("createContainer", RC_HOOK_CREATE_CONTAINER),
		STAGE("startContainer", RC_HOOK_START_CONTAINER),
		STAGE("poststart", RC_HOOK_POSTSTART),
		STAGE("poststop", RC_HOOK_POSTSTOP),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}
