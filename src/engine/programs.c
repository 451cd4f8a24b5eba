#include "engine/programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"

#ifndef TARE_LIBEXECDIR
#define TARE_LIBEXECDIR "/usr/local/libexec/tare"
#endif

int programs_self(char dst[static PATH_MAX], struct err *e)
{
	const char *given = getenv(PROGRAMS_SELF);

	if (given && *given == '/')
		return fmt_fits(dst, PATH_MAX, "%s", given) ? 0 : err_num(e, ENAMETOOLONG, "$" PROGRAMS_SELF);
	ssize_t n = readlink("/proc/self/exe", dst, PATH_MAX - 1);

	if (n < 0)
		return err_sys(e, "find this program in /proc");
	dst[n] = '\0';
	return 0;
}

static bool there(char dst[static PATH_MAX], const char *dir, size_t dir_len, const char *name)
{
	return fmt_fits(dst, PATH_MAX, "%.*s/%s", (int)dir_len, dir, name) && access(dst, X_OK) == 0;
}

int programs_find(const char *name, char dst[static PATH_MAX], struct err *e)
{
	const char *given = getenv("TARE_LIBEXEC");
	char self[PATH_MAX];

	if (given && *given == '/') {
		if (there(dst, given, strlen(given), name))
			return 0;
		return err_set(e, ERR_SYSTEM, ENOENT, "%s is not in %s, where TARE_LIBEXEC says", name, given);
	}
	if (programs_self(self, e) < 0)
		return -e->num;
	if (there(dst, self, (size_t)(strrchr(self, '/') - self), name) ||
		there(dst, TARE_LIBEXECDIR, strlen(TARE_LIBEXECDIR), name))
		return 0;
	err_set(e, ERR_SYSTEM, ENOENT, "the program %s is neither beside %s nor in " TARE_LIBEXECDIR, name, self);
	return err_hint(e, "it belongs to tare; install tare again, or set TARE_LIBEXEC to its directory");
}
