/* The transport: a unix socket, SASL EXTERNAL (the kernel tells the bus who we are, so no identity is sent; that
 * also works inside a user namespace, where our own idea of our uid is not the bus's), then messages. The
 * whole greeting goes out in one write. D-Bus Specification "Authentication Protocol". */
#include "cg/dbus.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "cg/clock.h"

enum { MAX_LINE = 256 };

#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"

/* --- address ------------------------------------------------------------------------------------------- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "path=/run/x%20y,guid=…": the unescaped value of @key into @dst, false if it is not there or does not fit. */
static bool address_value(const char *options, const char *key, char *dst, size_t size)
{
	size_t key_len = strlen(key), n = 0;

	while (strncmp(options, key, key_len) != 0 || options[key_len] != '=') {
		options += strcspn(options, ",;");
		if (*options != ',')
			return false;
		options++;
	}
	for (const char *p = options + key_len + 1; *p && *p != ',' && *p != ';'; p++) {
		char c = *p;

		if (c == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
			c = (char)(hex(p[1]) << 4 | hex(p[2]));
			p += 2;
		}
		if (n + 1 >= size || c == '\0')
			return false;
		dst[n++] = c;
	}
	dst[n] = '\0';
	return n > 0;
}

static int connect_one(const char *options, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len = offsetof(struct sockaddr_un, sun_path);

	if (address_value(options, "path", a.sun_path, sizeof(a.sun_path)))
		len += (socklen_t)strlen(a.sun_path) + 1;
	else if (address_value(options, "abstract", a.sun_path + 1, sizeof(a.sun_path) - 1))
		len += (socklen_t)strlen(a.sun_path + 1) + 1;
	else
		return err_set(e, ERR_USAGE, EINVAL, "\"unix:%.100s\" is no bus address that can be used", options);
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "socket");
	if (connect(fd, (const struct sockaddr *)&a, len) < 0)
		return err_sys(e, "connect to %s", a.sun_path[0] ? a.sun_path : a.sun_path + 1);
	return fd_steal(&fd);
}

/* An address is a list, tried in order. */
static int connect_any(const char *address, struct err *e)
{
	for (const char *p = address; *p; p += strcspn(p, ";"), p += *p == ';') {
		const char *options = str_after(p, "unix:");

		if (!options)
			continue;
		err_clear(e);
		int fd = connect_one(options, e);
		if (fd >= 0)
			return fd;
	}
	return e->num ? -e->num : err_set(e, ERR_USAGE, EINVAL, "\"%.100s\" is no unix bus address", address);
}

/* --- bytes --------------------------------------------------------------------------------------------- */

static int too_slow(const struct dbus *d, struct err *e)
{
	err_set(e, ERR_SYSTEM, ETIMEDOUT, "no answer from %s in time", d->peer);
	return err_hint(e, "%s is what is slow; try systemctl list-jobs, or the cgroupfs driver", d->peer);
}

static int wait_for(struct dbus *d, short events, struct err *e)
{
	for (;;) {
		struct pollfd p = { .fd = d->fd, .events = events };
		int left = cg_left_ms(d->deadline_ms), r = left ? poll(&p, 1, left) : 0;

		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return err_sys(e, "poll the bus");
		if (r == 0)
			return too_slow(d, e);
	}
}

static int write_all(struct dbus *d, const char *data, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t w = send(d->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (w < 0 && errno == EAGAIN) {
			if (wait_for(d, POLLOUT, e) < 0)
				return -e->num;
			continue;
		}
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, "send to the bus");
		data += w;
		n -= (size_t)w;
	}
	return 0;
}

/* More bytes into d->in. */
static int read_more(struct dbus *d, struct err *e)
{
	for (;;) {
		char *room = buf_reserve(&d->in, 4096);

		if (!room)
			return err_oom(e, "a D-Bus message");
		ssize_t n = recv(d->fd, room, 4096, MSG_DONTWAIT);
		if (n > 0) {
			d->in.len += (size_t)n;
			return 0;
		}
		if (n == 0)
			return err_set(e, ERR_SYSTEM, ECONNRESET, "the bus closed the connection");
		if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, "receive from the bus");
		if (errno == EAGAIN && wait_for(d, POLLIN, e) < 0)
			return -e->num;
	}
}

static void drop_taken(struct dbus *d)
{
	if (d->taken == 0)
		return;
	memmove(d->in.data, d->in.data + d->taken, d->in.len - d->taken);
	d->in.len -= d->taken;
	d->taken = 0;
}

/* --- greeting ------------------------------------------------------------------------------------------ */

static int read_line(struct dbus *d, char dst[static MAX_LINE], struct err *e)
{
	drop_taken(d);
	for (;;) {
		char *end = d->in.len ? memchr(d->in.data, '\n', d->in.len) : NULL;

		if (end) {
			size_t n = (size_t)(end - d->in.data);

			d->taken = n + 1;
			fmt_to(dst, MAX_LINE, "%.*s", (int)(n && end[-1] == '\r' ? n - 1 : n), d->in.data);
			return 0;
		}
		if (d->in.len >= MAX_LINE)
			return err_set(e, ERR_SYSTEM, EPROTO, "the bus greets with more than a line");
		if (read_more(d, e) < 0)
			return -e->num;
	}
}

static int greet(struct dbus *d, struct err *e)
{
	static const char auth[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	struct dbus_head hello = { .type = DBUS_CALL,
		.destination = "org.freedesktop.DBus",
		.path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus",
		.member = "Hello" };
	char line[MAX_LINE];
	struct dbus_msg m = { 0 };

	if (write_all(d, auth, sizeof(auth) - 1, e) < 0)
		return -e->num;
	int serial = dbus_send(d, &hello, NULL, e);
	if (serial < 0)
		return serial;
	do {
		if (read_line(d, line, e) < 0)
			return -e->num;
	} while (str_starts(line, "DATA"));
	if (!str_starts(line, "OK "))
		return err_set(e, ERR_SYSTEM, EACCES, "the bus refuses us: %s", line);
	do {
		if (dbus_next(d, &m, e) < 0)
			return -e->num;
	} while (m.reply_serial != (uint32_t)serial);
	return m.type == DBUS_ERROR ? dbus_error_text(&m, e) : 0;
}

/* --- interface ----------------------------------------------------------------------------------------- */

int dbus_open_address(const char *address, int timeout_ms, struct dbus *ret, struct err *e)
{
	*ret = (struct dbus){ .fd = FD_NONE, .in = BUF_INIT, .peer = "the message bus" };
	ret->deadline_ms = cg_now_ms() + timeout_ms;
	int fd = connect_any(address, e);

	if (fd < 0)
		return err_wrap(e, "D-Bus");
	ret->fd = fd;
	if (greet(ret, e) < 0) {
		dbus_done(ret);
		return err_wrap(e, "D-Bus");
	}
	ret->peer = "systemd";
	return 0;
}

int dbus_open(bool user, int timeout_ms, struct dbus *ret, struct err *e)
{
	const char *address = getenv(user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");
	const char *dir = getenv("XDG_RUNTIME_DIR");
	char made[256];

	if (!address || !*address) {
		address = SYSTEM_BUS;
		if (user && !(dir && fmt_fits(made, sizeof(made), "unix:path=%s/bus", dir))) {
			err_set(e, ERR_SYSTEM, ENOENT, "D-Bus: no user session found");
			return err_hint(e, "log in with a systemd user session, so that XDG_RUNTIME_DIR is set");
		}
		if (user)
			address = made;
	}
	int r = dbus_open_address(address, timeout_ms, ret, e);
	if (r < 0)
		err_hint(e, "is systemd running here? the cgroupfs driver needs none");
	return r;
}

void dbus_done(struct dbus *d)
{
	fd_close(&d->fd);
	buf_done(&d->in);
}

int dbus_send(struct dbus *d, struct dbus_head *h, const struct buf *body, struct err *e)
{
	AUTO(buf) struct buf out = BUF_INIT;

	h->serial = ++d->serial;
	if (dbus_message(h, body, &out, e) < 0 || write_all(d, out.data, out.len, e) < 0)
		return -e->num;
	return (int)h->serial;
}

int dbus_next(struct dbus *d, struct dbus_msg *ret, struct err *e)
{
	size_t total = 0;

	drop_taken(d);
	while (total == 0 || d->in.len < total) {
		if (d->in.len >= DBUS_FIXED_SIZE && total == 0) {
			total = dbus_size((const uint8_t *)d->in.data, e);
			if (total == 0)
				return -e->num;
			continue;
		}
		if (read_more(d, e) < 0)
			return -e->num;
	}
	d->taken = total;
	return dbus_parse((const uint8_t *)d->in.data, total, ret, e);
}

int dbus_error_text(const struct dbus_msg *m, struct err *e)
{
	struct dbus_in in = dbus_in_body(m);
	const char *text = m->signature[0] == 's' ? dbus_get_str(&in) : "";
	int num = str_ends(m->error_name, ".AccessDenied") || str_ends(m->error_name, "AuthorizationRequired") ? EACCES
													       : EIO;

	return err_set(e, ERR_SYSTEM, num, "%.300s (%.100s)", text, m->error_name);
}
