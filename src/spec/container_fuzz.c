/* A container's configuration from any bytes. What is taken must be written so that it can be taken
 * again, the same. */
#include "spec/container.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a list shows of it is the same. */
static void check_listed(const struct ct_config *c, const struct buf *written)
{
	AUTO(arena) struct arena arena = ARENA_INIT;
	AUTO(buf) struct buf text = BUF_INIT;
	struct ct_config listed;
	struct err e = ERR_NONE;

	buf_add(&text, written->data, written->len);
	if (ct_config_read_listed(&text, &arena, &listed, &e) < 0 || !str_eq(listed.name, c->name) ||
		!str_eq(listed.image, c->image) || !str_eq(listed.network, c->network) ||
		listed.n_mounts != c->n_mounts || listed.cmd.n != c->cmd.n || listed.labels.n != c->labels.n ||
		listed.health.retries != c->health.retries)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf) struct buf first = BUF_INIT;
	AUTO(buf) struct buf second = BUF_INIT;
	struct ct_config c, again;
	struct err e = ERR_NONE;

	if (ct_config_read((const char *)data, size, &c, &e) < 0) {
		if (!e.num || !e.msg[0])
			abort();
		return 0;
	}
	ct_config_write(&c, &first);
	check_listed(&c, &first);
	ct_config_done(&c);
	if (ct_config_read(first.data, first.len, &again, &e) < 0)
		abort();
	ct_config_write(&again, &second);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	ct_config_done(&again);
	return 0;
}
