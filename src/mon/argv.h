#pragma once
/* struct mon as the arguments of tare-mon, and back. */
#include "mon/mon.h"

/* mon_from_argv - what mon_argv() made (without the program's name). *ret points into @argv, which
 * is written to. */
int mon_from_argv(char **argv, struct mon *ret, struct err *e) must_check;
