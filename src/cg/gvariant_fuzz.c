/* An annotation's value from any text: what is accepted must be a value that a D-Bus reader takes. */
#include <stdint.h>
#include <string.h>
#include "cg/dbus_msg.h"
#include "cg/gvariant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = malloc(size + 1);
	AUTO(buf) struct buf b = BUF_INIT;
	struct err e = ERR_NONE;
	char sig[GV_SIG_SIZE];
	uint64_t us;

	if (!text || size > 4096)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	(void)!gv_seconds(text, &us, &e);
	err_clear(&e);
	if (gv_type(text, sig, &e) < 0 || gv_encode(text, sig, &b, &e) < 0)
		return 0;
	struct dbus_in in = { .data = (const uint8_t *)b.data, .len = b.len };
	dbus_skip(&in, sig);
	if (in.bad || in.at != in.len)
		abort();
	return 0;
}
