/* Our own executable, seen from inside a container. */
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "base/str.h"
#include "cli/cli.h"
#include "engine/programs.h"
#include "engine/record.h"
#include "engine/security.h"
#include "sec/selfexe.h"

extern char **environ;

int cli_protect(const struct cli *c, bool host_ids, struct err *e)
{
	char self[PATH_MAX];

	if (!host_ids && !c->engine.rootless)
		return 0;
	/* Executed by descriptor, /proc/self/exe no longer leads to where the other programs of tare are. */
	if (programs_self(self, e) < 0)
		return -e->num;
	/* A plain user's second round begins as root of the user's namespace, where defaults would be found elsewhere.
	 */
	AUTO(arena) struct arena a = ARENA_INIT;
	const struct {
		const char *name, *value;
	} more[] = { { PROGRAMS_SELF, self }, { "TARE_ROOT", c->engine.data_path },
		{ "TARE_RUN_ROOT", c->engine.run_path } };
	size_t n = 0;

	while (environ[n])
		n++;
	char **env = arena_array(&a, char *, n + ARRAY_SIZE(more) + 1);
	if (!env)
		return err_oom(e, "the environment");
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		if (!(env[i] = arena_printf(&a, "%s=%s", more[i].name, more[i].value)))
			return err_oom(e, "the environment");
	/* The first of a name counts: getenv(3). */
	memcpy(env + ARRAY_SIZE(more), environ, n * sizeof(*env));
	return selfexe_protect(c->argv, env, e);
}

static bool joins(const char *mode)
{
	return mode && str_starts(mode, "container:");
}

int cli_protect_for(const struct cli *c, const struct record *r, struct err *e)
{
	const struct ct_config *ct = &r->config;
	bool runs = r->status.state == CT_RUNNING || r->status.state == CT_PAUSED;
	bool joined = joins(ct->network) || joins(ct->pid_mode) || joins(ct->ipc_mode);

	return cli_protect(c, runs ? r->status.id_slot < 0 : joined || security_needs_host_ids(ct), e);
}
