#pragma once
/* What the files of mon/ share. Theory of operation in loop.c. */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mon/logfile.h"
#include "mon/mon.h"
#include "mon/proto.h"
#include "sys/spawn.h"

enum {
	MON_MAX_CLIENTS = 64,
	/* How long a client that does not take output may keep the program waiting. The `run` in
	 * front is a part of its pipeline and may do so for ever. */
	MON_STALL_MS = 10000,
	MON_IDLE_MS = 1000, /* after so much quiet an unfinished line is logged and buffers go back
			       to the kernel */
};

enum client_kind {
	CLIENT_SESSION, /* of attach, run, logs -f, wait */
	CLIENT_EXEC, /* of exec: has a process */
	CLIENT_TERMINAL, /* no client any more: the master of a terminal whose exec has left */
};

struct client {
	int fd;
	enum client_kind kind;
	int pidfd; /* of an exec's process, or FD_NONE */
	uint8_t want; /* MON_WANT_… */
	bool founder; /* the `run` in front */
	bool behind; /* has not got the current chunk */
	bool lossy; /* stalled for too long: gets what fits, and how much did not */
	bool owes_ack; /* its MON_STDIN is in state.input */
	bool waits; /* its next message is input, and there is no room for that yet */
	bool tailing; /* gets what is in state.tail first */
	bool gone; /* close it when nobody iterates */
	int64_t behind_since;
	uint64_t lost;
	size_t tail; /* what it has yet to get of state.tail, from here on */
};

/* The piece of output that is on its way to clients. */
struct chunk {
	char *data; /* MON_DATA_MAX */
	size_t len;
	uint8_t type; /* MON_STDOUT or MON_STDERR */
};

/* Input on its way to the program. */
struct input {
	char *data; /* MON_DATA_MAX */
	size_t start, end;
};

struct probe {
	struct spawn_child child; /* pid 0: none runs */
	int64_t next; /* when the next one is due; 0: never */
	int64_t begun; /* when the program was started */
	bool was_healthy;
};

/* Output for clients that were behind when the program ended. */
struct mon_tail {
	size_t len, cap;
	char *data; /* struct tail_piece, its bytes, the next one … */
};
struct tail_piece {
	uint32_t n;
	uint8_t type;
};

struct state {
	struct mon *m;
	struct logfile log;
	struct chunk chunk;
	struct input input;
	struct probe probe;
	bool stdin_brought; /* a client with input was here: stdin_once */
	bool ended; /* the program has */
	bool used_buffers;
	int64_t now, last_output;
	int64_t kill_at; /* the time that was given is over then; 0: never */
	struct client clients[MON_MAX_CLIENTS];
	size_t n_clients;
	struct mon_tail tail; /* after the end: what clients have yet to get */
};

/* --- clients.c */
void clients_accept(struct state *s);
struct client *clients_add(struct state *s, int *take_fd);
void clients_receive(struct state *s, struct client *c);
/* clients_offer - give the current chunk to all who have not got it. */
void clients_offer(struct state *s);
/* clients_holding - does a client keep us from reading on? */
bool clients_holding(const struct state *s);
/* clients_stall - let go of those that stalled too long; the time of the next such decision, or 0.
 */
int64_t clients_stall(struct state *s);
void clients_sweep(struct state *s);
bool client_wants(const struct client *c, uint8_t type);
int client_send(int fd, uint8_t type, const void *data, size_t n);

/* clients_give - the chunk to everybody who wants it, but for those who have yet to get what is in the tail. */
void clients_give(struct state *s);

/* --- stream.c */
/* stream_read - one piece of output from @fd, to the log and to clients; false when there is none
 * now, and *fd becomes FD_NONE when there will be none. */
bool stream_read(struct state *s, int *fd, uint8_t type);
void input_write(struct state *s);
void input_end(struct state *s);
int *input_fd(struct state *s);

/* --- health.c */
void health_begin(struct state *s);
void health_tick(struct state *s);
void health_ended(struct state *s);
void health_stop(struct state *s);

/* --- end.c */
/* tail_begin - keep what is under way for those who have not got it. */
void tail_begin(struct state *s);
/* tail_give - the chunk, after the end, to all who want it. */
void tail_give(struct state *s);
/* tail_result - hand what is left to the caller of mon_loop(). */
int tail_result(struct state *s, struct mon_result *ret, struct err *e) must_check;
