/* A message of a hostile bus from any bytes: parsed, and its body walked by its own signature. */
#include <stdint.h>
#include "cg/dbus_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dbus_msg m;
	struct err e = ERR_NONE;

	if (dbus_parse(data, size, &m, &e) < 0)
		return 0;
	struct dbus_in in = dbus_in_body(&m);
	dbus_skip(&in, m.signature);
	if (in.at > in.len)
		abort();
	in = dbus_in_body(&m);
	(void)dbus_get_u32(&in);
	for (int i = 0; i < 3; i++)
		(void)dbus_get_str(&in);
	return 0;
}
