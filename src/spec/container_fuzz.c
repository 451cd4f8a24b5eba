/* A container's configuration from any bytes. What is taken must be written so that it can be taken
 * again, the same. */
#include "spec/container.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	ct_config_done(&c);
	if (ct_config_read(first.data, first.len, &again, &e) < 0)
		abort();
	ct_config_write(&again, &second);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	ct_config_done(&again);
	return 0;
}
