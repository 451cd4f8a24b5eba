#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/test.h"
#include "runtime/sync.h"

/* A child that fails has not read what the parent has sent meanwhile. */
TEST(last_word_of_one_who_did_not_listen)
{
	struct err e = ERR_NONE, word = ERR_NONE;
	struct sync_msg m;
	int pair[2];

	CHECK(sync_pair(pair, &e) == 0, "%s", e.msg);
	CHECK(sync_send(pair[0], SYNC_GO, 0, FD_NONE, &e) == 0, "%s", e.msg);
	err_set(&word, ERR_NOT_FOUND, ENOENT, "no such program");
	sync_send_err(pair[1], &word);
	close(pair[1]);
	CHECK(sync_expect(pair[0], SYNC_READY, NULL, NULL, &e) == -ENOENT && !strcmp(e.msg, "no such program"), "%s",
		e.msg);
	err_clear(&e);
	CHECK(sync_receive(pair[0], &m, NULL, &e) == 0 && m.type == SYNC_EOF, "%d %s", m.type, e.msg);
	close(pair[0]);
}

TEST_MAIN(T(last_word_of_one_who_did_not_listen))
