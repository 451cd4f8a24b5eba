#pragma once
/* The programs that belong to tare: tare-mon, tare-init, tare-fetch. */
#include <limits.h>
#include "base/err.h"

/* The environment variable that tells a program of tare where it lies, when it was executed by descriptor
 * (cli/protect.c). */
#define PROGRAMS_SELF "TARE_EXE"

/* programs_find - the absolute path of @name: in $TARE_LIBEXEC, beside this program, or where it was installed.
 * ERR_SYSTEM names the places. */
int programs_find(const char *name, char dst[static PATH_MAX], struct err *e) must_check;
/* programs_self - of this very program, by $TARE_EXE or /proc/self/exe. */
int programs_self(char dst[static PATH_MAX], struct err *e) must_check;
