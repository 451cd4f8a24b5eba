/* What clients have yet to get when the program has ended. */
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/test.h"
#include "mon/internal.h"

enum { PIECE = 4096 };

static void say(struct state *s, char *data, unsigned char number)
{
	memset(data, number, PIECE);
	s->chunk = (struct chunk){ .data = data, .len = PIECE, .type = MON_STDOUT };
}

/* Reads to the end; exit status: how many pieces came, 255 when one was not behind its predecessor. */
static void read_all(int sock, unsigned char next)
{
	char msg[PIECE + 1];
	ssize_t n;

	while ((n = recv(sock, msg, sizeof(msg), 0)) > 0 && msg[0] == MON_STDOUT)
		if ((unsigned char)msg[1] != next++)
			_exit(255);
	_exit(n > 0 && msg[0] == MON_EXIT ? next : 254);
}

TEST(what_comes_after_the_end_does_not_overtake_what_came_before)
{
	static struct state s;
	static struct mon m = MON_INIT;
	struct mon_result r = { .n_clients = 0 };
	struct err e = ERR_NONE;
	unsigned char number = 0;
	char data[PIECE], msg[PIECE + 1];
	int pair[2], status = 0;

	s.m = &m;
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
	struct client *c = clients_add(&s, &pair[0]);
	c->want = MON_WANT_STDOUT;
	c->founder = true;
	while (!clients_holding(&s)) {
		say(&s, data, number++);
		clients_give(&s);
	}
	/* It ends, the client takes two pieces, and two more are found in the pipe. */
	s.ended = true;
	tail_begin(&s);
	for (int i = 0; i < 2; i++)
		CHECK(recv(pair[1], msg, sizeof(msg), 0) == sizeof(msg) && msg[1] == i, "piece %d", i);
	for (int i = 0; i < 2; i++) {
		say(&s, data, number++);
		tail_give(&s);
	}
	CHECK(tail_result(&s, &r, &e) == 0, "%s", e.msg);
	pid_t reader = fork();
	if (reader == 0)
		read_all(pair[1], 2);
	close(pair[1]);
	mon_tell_exit(&r, 0);
	CHECK(waitpid(reader, &status, 0) == reader, "reader");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == number, "%d, not %d", WEXITSTATUS(status), number);
}

TEST_MAIN(T(what_comes_after_the_end_does_not_overtake_what_came_before))
