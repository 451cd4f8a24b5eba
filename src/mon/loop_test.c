#include "mon/mon.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include "base/str.h"
#include "mon/test_container.h"

static void expect_text(int sock, uint8_t type, const char *text)
{
	char got[MON_DATA_MAX] = "";
	size_t len = strlen(text), have = 0;

	while (have < len) {
		ssize_t n = played_next(sock, type, got + have, sizeof(got) - have);

		CHECK(n > 0, "the session ended before \"%s\" came", text);
		have += (size_t)n;
	}
	CHECK(have == len && memcmp(got, text, len) == 0, "got \"%.*s\"", (int)have, got);
}

static int exit_code(int sock)
{
	char msg[MON_DATA_MAX + 1];
	int32_t code = -1;
	ssize_t n;

	while ((n = recv(sock, msg, sizeof(msg), 0)) > 0)
		if ((uint8_t)msg[0] == MON_EXIT)
			memcpy(&code, msg + 1, sizeof(code));
	return code;
}

TEST(passes_on_output_and_status)
{
	struct played p;
	struct mon m = played_mon(&p);

	played_start(&p, m, "echo out; echo err >&2; printf end; exit 7", false, false);
	CHECK(exit_code(p.client) == 7, "wrong exit status for the client");
	struct report r = played_end(&p);
	CHECK(r.result == 0 && WIFEXITED(r.wait_status) && WEXITSTATUS(r.wait_status) == 7, "status %d, %s",
		r.wait_status, r.msg);
	auto_free char *log = played_file(&p, "log.json");
	CHECK(strstr(log, "{\"log\":\"out\\n\",\"stream\":\"stdout\",\"time\":\"2"), "%s", log);
	CHECK(strstr(log, "{\"log\":\"err\\n\",\"stream\":\"stderr\",\"time\":\"2"), "%s", log);
	CHECK(strstr(log, "{\"log\":\"end\",\"stream\":\"stdout\",\"time\":\"2"), "%s", log);
	played_remove(&p);
}

TEST(gives_input_and_its_end)
{
	struct played p;
	struct mon m = played_mon(&p);
	uint8_t want = MON_WANT_STDIN | MON_WANT_STDOUT;

	m.stdin_once = true;
	played_start(&p, m, "cat; echo done", false, true);
	played_send(p.client, MON_ATTACH, &want, 1);
	played_send(p.client, MON_STDIN, "hello\n", 6);
	expect_text(p.client, MON_STDOUT, "hello\n");
	played_send(p.client, MON_STDIN_EOF, "", 0);
	expect_text(p.client, MON_STDOUT, "done\n");
	CHECK(exit_code(p.client) == 0, "wrong exit status");
	(void)played_end(&p);
	played_remove(&p);
}

TEST(input_ends_with_the_client_that_brought_it)
{
	struct played p;
	struct mon m = played_mon(&p);
	uint8_t want = MON_WANT_STDIN;

	m.stdin_once = true;
	played_start(&p, m, "cat >/dev/null", false, true);
	played_send(p.client, MON_ATTACH, &want, 1);
	fd_close(&p.client);
	struct report r = played_end(&p);
	CHECK(r.wait_status == 0, "status %d", r.wait_status);
	played_remove(&p);
}

TEST(input_goes_on_without_stdin_once)
{
	struct played p;
	struct mon m = played_mon(&p);
	struct err e = ERR_NONE;
	uint8_t want = MON_WANT_STDIN | MON_WANT_STDOUT;

	played_start(&p, m, "read a; echo $a; read b; echo $b", false, true);
	for (int i = 0; i < 2; i++) {
		auto_fd int sock = unix_connect_at(p.mon.dir_fd, MON_SOCKET, SOCK_SEQPACKET, &e);
		char hello[64];

		CHECK(sock >= 0, "%s", e.msg);
		played_send(sock, MON_ATTACH, &want, 1);
		CHECK(played_next(sock, MON_HELLO, hello, sizeof(hello)) == sizeof(struct mon_hello), "no greeting");
		played_send(sock, MON_STDIN, "x\n", 2);
		expect_text(sock, MON_STDOUT, "x\n");
		if (i == 0)
			played_send(sock, MON_STDIN_EOF, "", 0);
	}
	(void)played_end(&p);
	played_remove(&p);
}

TEST(signals_reach_the_program_that_does_not_read)
{
	struct played p;
	struct mon m = played_mon(&p);
	uint8_t want = MON_WANT_STDIN | MON_WANT_STDOUT, sig = SIGTERM;
	char ack[8];

	played_start(&p, m, "trap 'exit 5' TERM; echo ready; while :; do sleep 10 & wait $!; done", false, true);
	played_send(p.client, MON_ATTACH, &want, 1);
	expect_text(p.client, MON_STDOUT, "ready\n");
	/* Fills the pipe: the second one stays under way. */
	char data[MON_DATA_MAX] = { 0 };
	played_send(p.client, MON_STDIN, data, sizeof(data));
	CHECK(played_next(p.client, MON_STDIN_ACK, ack, sizeof(ack)) == 0, "not acknowledged");
	played_send(p.client, MON_STDIN, data, sizeof(data));
	played_send(p.client, MON_SIGNAL, &sig, 1);
	CHECK(exit_code(p.client) == 5, "the signal did not arrive");
	(void)played_end(&p);
	played_remove(&p);
}

TEST(terminal_has_one_stream_and_a_size)
{
	struct played p;
	struct mon m = played_mon(&p);
	uint8_t want = MON_WANT_STDIN | MON_WANT_STDOUT;
	struct mon_size size = { 33, 77 };

	played_start(&p, m, "read x; stty size", true, true);
	played_send(p.client, MON_ATTACH, &want, 1);
	played_send(p.client, MON_RESIZE, &size, sizeof(size));
	played_send(p.client, MON_STDIN, "\r", 1);
	expect_text(p.client, MON_STDOUT, "\r\n33 77\r\n");
	CHECK(exit_code(p.client) == 0, "wrong exit status");
	(void)played_end(&p);
	auto_free char *log = played_file(&p, "log.json");
	CHECK(strstr(log, "{\"log\":\"33 77\\r\\n\",\"stream\":\"stdout\""), "%s", log);
	played_remove(&p);
}

/* Nothing is lost for the `run` in front, however late it reads. */
TEST(founder_gets_everything_in_the_end)
{
	enum { TOTAL = 3 << 20 };
	struct played p;
	struct mon m = played_mon(&p);
	char msg[MON_DATA_MAX + 1];
	size_t got = 0;
	ssize_t n;

	m.log_driver = "none";
	played_start(&p, m, "head -c 3145728 /dev/zero; exit 3", false, false);
	int code = -1;
	while ((n = recv(p.client, msg, sizeof(msg), 0)) > 0) {
		if ((uint8_t)msg[0] == MON_STDOUT)
			got += (size_t)n - 1;
		else if ((uint8_t)msg[0] == MON_EXIT)
			code = msg[1];
	}
	CHECK(got == TOTAL && code == 3, "%zu bytes, status %d", got, code);
	(void)played_end(&p);
	played_remove(&p);
}

TEST(program_outlives_its_monitor)
{
	struct played p;
	struct mon m = played_mon(&p), again = MON_INIT;
	struct err e = ERR_NONE;
	char go[96], script[256];
	int status;

	played_start(&p, m, "", false, false);
	(void)played_end(&p);
	played_remove(&p);
	m = played_mon(&p);
	snprintf(go, sizeof(go), "%s/go", p.dir);
	CHECK(mkfifo(go, 0600) == 0, "no fifo");
	snprintf(script, sizeof(script), "echo one; read x <%s; echo two; echo three", go);
	played_start(&p, m, script, false, false);
	expect_text(p.client, MON_STDOUT, "one\n");
	int pidfd = sys_pidfd_open(p.program, 0);
	kill(p.monitor, SIGKILL);
	CHECK(waitpid(p.monitor, &status, 0) == p.monitor, "no monitor");
	int fifo = path_open_host(go, O_WRONLY, 0, &e);
	CHECK(fifo >= 0, "the program is not there any more: %s", e.msg);

	again = p.mon;
	again.pid = p.program;
	again.pidfd = pidfd;
	again.adopted = true;
	CHECK(mon_listen(&again, &e) == 0 && mon_reopen_streams(&again, false, &e) == 0, "%s", e.msg);
	/* Not earlier: what nobody has open any more is lost, as is a program's that ends before it is adopted. */
	CHECK(write(fifo, "\n", 1) == 1, "the program does not read");
	close(fifo);
	struct mon_result r;
	CHECK(mon_loop(&again, &r, &e) == 0, "%s", e.msg);
	mon_tell_exit(&r, 0);
	auto_free char *log = played_file(&p, "log.json");
	CHECK(strstr(log, "one\\n") && strstr(log, "two\\n") && strstr(log, "three\\n"), "%s", log);
	fd_close(&p.client);
	close(p.report);
	played_remove(&p);
}

TEST_MAIN(T(passes_on_output_and_status), T(gives_input_and_its_end), T(input_ends_with_the_client_that_brought_it),
	T(input_goes_on_without_stdin_once), T(signals_reach_the_program_that_does_not_read),
	T(terminal_has_one_stream_and_a_size), T(founder_gets_everything_in_the_end), T(program_outlives_its_monitor))
