/* criu's answer from any bytes; its texts end in time. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "runtime/criupb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct criu_answer a;

	if (criu_answer_parse(data, size, &a) &&
		(!a.type || strnlen(a.script, sizeof(a.script)) == sizeof(a.script) ||
			strnlen(a.message, sizeof(a.message)) == sizeof(a.message)))
		abort();
	return 0;
}
