/* Options that stand before the command. check-size: table */
#include "cli/cli.h"

static const struct opt global_rows[] = {
	{ 0, "root", "DIR", OPT(TEXT, global_opts, root),
		"where images, containers and volumes are kept (default: $TARE_ROOT, "
		"/var/lib/tare, "
		"or tare in $XDG_DATA_HOME)" },
	{ 0, "run-root", "DIR", OPT(TEXT, global_opts, run_root),
		"where the state of running containers is kept (default: $TARE_RUN_ROOT, "
		"/run/tare, "
		"or tare in $XDG_RUNTIME_DIR)" },
	{ 'l', "log-level", "LEVEL", OPT(TEXT, global_opts, log_level),
		"error, warn (default), info or debug", "error|warn|warning|info|debug" },
	{ 'D', "debug", NULL, OPT(FLAG, global_opts, debug), "the same as --log-level debug" },
	{ 'v', "version", NULL, OPT(FLAG, global_opts, version), "print the version and quit" },
};

const struct opt_table global_table = OPT_TABLE(global_rows);
