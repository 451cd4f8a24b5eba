/* Where messages go. Callers read the log file: containerd decodes a stream of JSON objects and
 * keeps the last error, podman decodes the whole file as one object. So with --log-format json a
 * failed command writes exactly one object: warnings are held back until the command succeeded,
 * unless --debug asks for everything at once. Standard error is no place for them when there is a
 * log: it may be the container's. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "ocicli/cli.h"
#include "sys/path.h"

static enum log_level level_of(const struct global_opts *g)
{
	if (g->debug || str_eq(g->log_level, "debug"))
		return LOG_LVL_DEBUG;
	if (str_eq(g->log_level, "error"))
		return LOG_LVL_ERROR;
	return str_eq(g->log_level, "info") ? LOG_LVL_INFO : LOG_LVL_WARN;
}

static int connect_datagrams(const char *path, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, "make a socket for the log");
	fmt_to(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return err_sys(e, "connect to %s for --log", path);
	return fd_steal(&fd);
}

static int open_service(struct cli *c, const char *name, const char *socket_path, enum log_format format, struct err *e)
{
	int fd = connect_datagrams(socket_path, e);

	if (fd < 0)
		return fd;
	c->log_fd = fd;
	log_identify(*name ? name : c->name);
	log_setup(fd, format, level_of(&c->global));
	return 0;
}

int cli_log_open(struct cli *c, struct err *e)
{
	const struct global_opts *g = &c->global;
	const char *to = g->log, *name;
	bool json = str_eq(g->log_format, "json");

	if (to && (name = str_after(to, "journald:")))
		return open_service(c, name, "/run/systemd/journal/socket", LOG_FMT_JOURNALD, e);
	if (to && (name = str_after(to, "syslog:")))
		return open_service(c, name, "/dev/log", LOG_FMT_SYSLOG, e);
	if (to && *to) {
		name = str_after(to, "file:");
		int fd = path_open_host(name ? name : to, O_WRONLY | O_CREAT | O_APPEND, 0644, e);
		if (fd < 0)
			return err_wrap(e, "--log");
		c->log_fd = fd;
	}
	bool all_to_log = level_of(g) >= LOG_LVL_INFO;
	log_setup(c->log_fd >= 0 ? c->log_fd : STDERR_FILENO, json ? LOG_FMT_JSON : LOG_FMT_TEXT, level_of(g));
	if (json && c->log_fd >= 0 && !all_to_log)
		log_hold();
	return 0;
}

/* A caller takes the words "No such file or directory" for an absent program of the container and
 * answers 127. From any other cause they must not get out (podman, moby: see docs/man/tare-oci.8
 * "MESSAGES"). */
static void avoid_misleading_words(const struct err *e, char *msg)
{
	static const char bad[] = "No such file or directory", good[] = "not found";
	char *at;

	if (e->kind == ERR_EXEC_NOT_FOUND)
		return;
	while ((at = strstr(msg, bad))) {
		memcpy(at, good, sizeof(good) - 1);
		memmove(at + sizeof(good) - 1, at + sizeof(bad) - 1, strlen(at + sizeof(bad) - 1) + 1);
	}
}

static bool starts_a_container(const struct command *cmd)
{
	static const char *const names[] = { "create", "run", "start", "exec", "restore" };

	for (size_t i = 0; cmd && i < ARRAY_SIZE(names); i++)
		if (str_eq(cmd->name, names[i]))
			return true;
	return false;
}

static void log_the_error(struct cli *c, const char *msg)
{
	bool json = str_eq(c->global.log_format, "json");

	if (str_starts(c->global.log ? c->global.log : "", "journald:") ||
		str_starts(c->global.log ? c->global.log : "", "syslog:")) {
		log_error("%s", msg);
		return;
	}
	log_setup(c->log_fd >= 0 ? c->log_fd : STDERR_FILENO, json ? LOG_FMT_JSON : LOG_FMT_TEXT, LOG_LVL_ERROR);
	log_error("%s", msg);
}

void cli_report(struct cli *c, const struct err *e)
{
	log_release(false);
	struct err said = *e, ignored = ERR_NONE;
	char line[sizeof(e->msg) + sizeof(e->hint) + 8];
	bool json = str_eq(c->global.log_format, "json");

	if (starts_a_container(c->command))
		avoid_misleading_words(e, said.msg);
	if (c->log_fd < 0 && c->global.log && cli_log_open(c, &ignored) < 0)
		c->log_fd = FD_NONE; /* the first error tells more than this one */
	size_t n = fmt_to(line, sizeof(line), "%s", said.msg);
	if (said.hint[0])
		fmt_to(line + n, sizeof(line) - n, " (%s)", said.hint);
	if (c->log_fd >= 0 || json)
		log_the_error(c, line);
	if (c->log_fd < 0 && json)
		return; /* the log is standard error */
	err_print(STDERR_FILENO, c->name, &said);
}
