#pragma once
/* A client's connection to a message bus. */
#include "cg/dbus_msg.h"

struct dbus {
	int fd;
	uint32_t serial; /* last one used */
	int64_t deadline_ms; /* of everything on this connection, CLOCK_MONOTONIC */
	struct buf in; /* bytes received and not yet taken */
	size_t taken; /* of in: the message last given out */
	const char *peer; /* whom we wait for, for messages: "systemd" */
};

/* dbus_open - connect and say hello. @user: the bus of the user's session ($DBUS_SESSION_BUS_ADDRESS, else
 * $XDG_RUNTIME_DIR/bus), else the system's ($DBUS_SYSTEM_BUS_ADDRESS, else /run/dbus/system_bus_socket). Everything
 * on it must be done within @timeout_ms. End with dbus_done(). */
int dbus_open(bool user, int timeout_ms, struct dbus *ret, struct err *e) must_check;
/* dbus_open_address - the same with an address in D-Bus notation. */
int dbus_open_address(const char *address, int timeout_ms, struct dbus *ret, struct err *e) must_check;
void dbus_done(struct dbus *d);

/* dbus_send - @h.serial is chosen here and returned (> 0). */
int dbus_send(struct dbus *d, struct dbus_head *h, const struct buf *body, struct err *e) must_check;
/* dbus_next - the next message, whatever it is; valid until the next call. -ETIMEDOUT at the deadline. */
int dbus_next(struct dbus *d, struct dbus_msg *ret, struct err *e) must_check;
/* dbus_error_text - an error reply as an error of ours, in the peer's words. */
int dbus_error_text(const struct dbus_msg *m, struct err *e);
