/* The log: text or JSON lines ({"level","msg","time"}, time in RFC 3339) in one write each. */
#include "base/log.h"

#include <string.h>
#include <time.h>
#include "base/buf.h"
#include "base/fmt.h"
#include "base/units.h"

static struct {
	int fd;
	enum log_format format;
	enum log_level level;
} sink = { FD_NONE, LOG_FMT_TEXT, LOG_LVL_WARN };

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_setup(int fd, enum log_format format, enum log_level level)
{
	sink.fd = fd;
	sink.format = format;
	sink.level = level;
}

bool log_enabled(enum log_level level)
{
	return sink.fd >= 0 && level <= sink.level;
}

void log_line(enum log_level level, const char *format, ...)
{
	char msg[4096], when[RFC3339_SIZE];
	struct timespec now;
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, format);
	fmt_v(msg, sizeof(msg), format, ap);
	va_end(ap);
	clock_gettime(CLOCK_REALTIME, &now);
	rfc3339_format(&now, when);
	AUTO(buf) struct buf line = BUF_INIT;
	if (sink.format == LOG_FMT_JSON) {
		buf_printf(&line, "{\"level\":\"%s\",\"msg\":", level_names[level]);
		buf_json_str(&line, msg);
		buf_printf(&line, ",\"time\":\"%s\"}\n", when);
	} else {
		buf_printf(&line, "time=\"%s\" level=%s msg=", when, level_names[level]);
		buf_json_str(&line, msg);
		buf_add(&line, "\n", 1);
	}
	if (!line.failed && write(sink.fd, line.data, line.len) < 0)
		return; /* a log that cannot be written cannot say so */
}
