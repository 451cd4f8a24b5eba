/* By /proc/PID/status: handlers (SigCgt), and blocked signals (SigBlk), which sigwaitinfo(2) and
 * signalfd(2) take. */
#include "engine/deaf.h"

#include <fcntl.h>
#include <string.h>
#include "base/buf.h"
#include "base/fmt.h"
#include "base/str.h"
#include "sys/io.h"

static bool hex_field(const char *text, const char *name, uint64_t *ret)
{
	const char *p = strstr(text, name);
	uint64_t v = 0;

	if (!p)
		return false;
	for (p += strlen(name); *p && *p != '\n'; p++) {
		if (*p >= '0' && *p <= '9')
			v = v << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			v = v << 4 | (uint64_t)(*p - 'a' + 10);
	}
	*ret = v;
	return true;
}

/* The last number of "NSpid:\t4711\t1". */
static bool is_first(const char *text)
{
	const char *p = strstr(text, "\nNSpid:");

	if (!p)
		return false;
	size_t n = strcspn(p + 1, "\n");
	return n > 8 && p[n] == '1' && p[n - 1] == '\t';
}

bool deaf_to(pid_t pid, int sig)
{
	AUTO(buf) struct buf text = BUF_INIT;
	struct err e = ERR_NONE;
	char path[32];
	uint64_t caught, blocked;

	fmt_to(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (io_read_file_at(AT_FDCWD, path, 65536, &text, &e) < 0 || !text.data || !is_first(text.data))
		return false;
	if (!hex_field(text.data, "\nSigCgt:\t", &caught) || !hex_field(text.data, "\nSigBlk:\t", &blocked))
		return false;
	return !((caught | blocked) >> (sig - 1) & 1);
}
