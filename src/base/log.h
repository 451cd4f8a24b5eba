#pragma once
/* Debug lines of libraries: one line, one write, key=value; no secrets, no environment values.
 * Programs choose sink and format once at start; this is the one piece of process-wide state. */
#include <stdbool.h>
#include "base/cleanup.h"
#include "base/err.h"

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DEBUG };
enum log_format { LOG_FMT_TEXT, LOG_FMT_JSON, LOG_FMT_JOURNALD, LOG_FMT_SYSLOG /* datagrams */ };

/* log_setup - where to (@fd is borrowed for the life of the process, FD_NONE: nowhere), how, how
 * much. */
void log_setup(int fd, enum log_format format, enum log_level level);
/* log_identify - the name in datagrams of journald and syslog; @name is borrowed for ever. */
void log_identify(const char *name);
/* log_hold - keep lines (the first few KiB of them) until log_release() writes or drops them: a
 * caller may read a log with an error in it as one JSON document. */
void log_hold(void);
void log_release(bool write_them);
void log_line(enum log_level level, const char *format, ...) printf_like(2, 3);
bool log_enabled(enum log_level level);
#define log_debug(...) \
	do { \
		if (log_enabled(LOG_LVL_DEBUG)) \
			log_line(LOG_LVL_DEBUG, __VA_ARGS__); \
	} while (0)
#define log_warn(...) log_line(LOG_LVL_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_LVL_ERROR, __VA_ARGS__)
