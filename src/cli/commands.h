#pragma once
/* One line for each file of commands; the rows in commands.c give them their names. */
#include "cli/cli.h"

extern const struct command cmd_help, cmd_version; /* cmd_help.c, cmd_version.c */
