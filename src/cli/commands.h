#pragma once
/* One line for each file of commands; the rows in commands.c give them their names. */
#include "cli/cli.h"

extern const struct command cmd_run, cmd_create; /* cmd_run.c */
extern const struct command cmd_start; /* cmd_start.c */
extern const struct command cmd_stop, cmd_restart, cmd_kill, cmd_rm, cmd_wait, cmd_rename; /* cmd_stop.c */
extern const struct command cmd_apply; /* cmd_apply.c */
extern const struct command cmd_attach, cmd_exec, cmd_logs, cmd_healthcheck_run; /* a file each */
extern const struct command cmd_volume_create, cmd_volume_inspect, cmd_volume_rm; /* cmd_volume.c */
extern const struct command cmd_volume_ls, cmd_volume_prune; /* cmd_volume_ls.c */
extern const struct command cmd_system_check, cmd_system_boot; /* cmd_system_check.c */
extern const struct command cmd_system_seccomp; /* cmd_system_seccomp.c */
extern const struct command cmd_monitor_end; /* cmd_monitor_end.c */
extern const struct command cmd_ps, cmd_inspect, cmd_container_inspect, cmd_image_inspect; /* cmd_ps.c, cmd_inspect.c */
extern const struct command cmd_info, cmd_system_df; /* cmd_info.c, cmd_system_df.c */
extern const struct command cmd_container_prune, cmd_system_prune; /* cmd_prune.c */
extern const struct command cmd_completion; /* cmd_completion.c */
extern const struct command cmd_help, cmd_version; /* cmd_help.c, cmd_version.c */
extern const struct command cmd_load, cmd_import; /* cmd_load.c */
extern const struct command cmd_tag, cmd_rmi; /* cmd_rmi.c */
extern const struct command cmd_image_prune; /* cmd_image_prune.c */
extern const struct command cmd_images, cmd_history; /* cmd_images.c */
extern const struct command cmd_commit, cmd_diff, cmd_export, cmd_save; /* cmd_commit.c */
