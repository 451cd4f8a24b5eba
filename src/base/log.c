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
	const char *name;
} sink = { FD_NONE, LOG_FMT_TEXT, LOG_LVL_WARN, "tare" };

static struct {
	bool on;
	size_t len;
	char text[8192];
} held;

static const char *const level_names[] = { "error", "warning", "info", "debug" };
static const int priorities[] = { 3, 4, 6, 7 }; /* syslog(3) */

void log_setup(int fd, enum log_format format, enum log_level level)
{
	sink.fd = fd;
	sink.format = format;
	sink.level = level;
}

void log_identify(const char *name)
{
	sink.name = name;
}

bool log_enabled(enum log_level level)
{
	return sink.fd >= 0 && level <= sink.level;
}

static void format_line(struct buf *line, enum log_level level, const char *msg, const char *when)
{
	switch (sink.format) {
	case LOG_FMT_JSON:
		buf_printf(line, "{\"level\":\"%s\",\"msg\":", level_names[level]);
		buf_json_str(line, msg);
		buf_printf(line, ",\"time\":\"%s\"}\n", when);
		break;
	case LOG_FMT_JOURNALD: /* a line end would begin another field; the journal's native
				  protocol */
		buf_printf(line, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=", priorities[level], sink.name);
		buf_str(line, msg);
		for (size_t i = line->len - strlen(msg); !line->failed && i < line->len; i++)
			if (line->data[i] == '\n')
				line->data[i] = ' ';
		buf_str(line, "\n");
		break;
	case LOG_FMT_SYSLOG: /* facility "user" is 1; RFC 3164 as /dev/log takes it */
		buf_printf(line, "<%d>%s: ", 8 + priorities[level], sink.name);
		buf_json_str(line, msg);
		break;
	case LOG_FMT_TEXT:
		buf_printf(line, "time=\"%s\" level=%s msg=", when, level_names[level]);
		buf_json_str(line, msg);
		buf_str(line, "\n");
		break;
	}
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
	format_line(&line, level, msg, when);
	if (line.failed)
		return;
	if (held.on) {
		if (line.len <= sizeof(held.text) - held.len) {
			memcpy(held.text + held.len, line.data, line.len);
			held.len += line.len;
		}
		return;
	}
	if (write(sink.fd, line.data, line.len) < 0)
		return; /* a log that cannot be written cannot say so */
}

void log_hold(void)
{
	held.on = true;
}

void log_release(bool write_them)
{
	size_t n = held.len;

	held.on = false;
	held.len = 0;
	if (write_them && n && sink.fd >= 0 && write(sink.fd, held.text, n) < 0)
		return; /* as above */
}
