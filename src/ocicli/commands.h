#pragma once
/* One row for each command; its file is cmd_NAME.c (those that differ only in a detail share one).
 */
#include "ocicli/cli.h"

extern const struct command cmd_check, cmd_checkpoint, cmd_create, cmd_delete, cmd_events, cmd_exec, cmd_features,
	cmd_help, cmd_kill, cmd_list, cmd_mounts, cmd_pause, cmd_ps, cmd_restore, cmd_resume, cmd_run, cmd_spec,
	cmd_start, cmd_state, cmd_update, cmd_version;
