#pragma once
/* The files of --env-file and --label-file: NAME=VALUE or NAME a line, # comments. */
#include "base/arena.h"
#include "base/err.h"
#include "spec/runtime_config.h"

/* envfile_parse - append the lines of @text to @l, as they are but without blanks in front: what a
 * NAME alone means is the caller's. Docker's rules: nothing is unquoted, blanks behind a value
 * stay. ERR_USAGE "FILE: line N: …". */
int envfile_parse(const char *file, const char *text, size_t len, struct arena *a, struct rc_str_list *l, struct err *e)
	must_check;
