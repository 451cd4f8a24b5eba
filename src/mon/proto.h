#pragma once
/* What a monitor and its clients say to each other over a SOCK_SEQPACKET unix socket: one message a
 * packet, its first byte is the type. Both ends are programs of one version on one machine: numbers
 * are in the machine's order.
 *
 * A client sends MON_ATTACH first. It may have one MON_STDIN under way: the next one only after
 * MON_STDIN_ACK, so that a program that does not read never stands between a client and its
 * signals. */
#include <stdint.h>

enum {
	MON_PROTOCOL = 1,
	MON_DATA_MAX = 65536, /* bytes of a program's input or output in one message */
};

enum mon_msg {
	/* from clients */
	MON_ATTACH = 1, /* uint8_t: MON_WANT_…; answered by MON_HELLO */
	MON_STDIN, /* bytes */
	MON_STDIN_EOF, /* this client has no more input */
	MON_RESIZE, /* struct mon_size */
	MON_SIGNAL, /* uint8_t, to the container's program */
	MON_DETACH, /* leaves, and what it brought stays open */
	MON_EXEC, /* with a pidfd: kill this process and what it started when the client is gone …
		   */
	MON_EXEC_DONE, /* … unless it said this before */
	MON_EXEC_TERMINAL, /* with a pty master: the client leaves, keep the terminal alive. Implies
			      MON_EXEC_DONE */
	MON_QUERY, /* answered by MON_STATE */

	/* from the monitor */
	MON_HELLO = 64, /* struct mon_hello */
	MON_STDOUT, /* bytes; with a terminal everything comes here */
	MON_STDERR,
	MON_STDIN_ACK, /* the last MON_STDIN was taken */
	MON_LOST, /* uint64_t: so many bytes of output were not shown, as this client did not take
		     them in time */
	MON_STATE, /* struct mon_state_msg */
	MON_EXIT, /* int32_t: exit status; everything is settled. The last message */
	MON_REFUSED, /* text: why there is no session. The last message */
};

enum { MON_WANT_STDIN = 1, MON_WANT_STDOUT = 2, MON_WANT_STDERR = 4 };

struct mon_size {
	uint16_t rows, cols;
};

struct mon_hello {
	uint8_t protocol;
	uint8_t terminal;
	uint8_t takes_stdin;
};

struct mon_state_msg {
	uint64_t lost_records;
};
