/* The documents of an image from any bytes; the first byte chooses which. What was read can be written and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "spec/image_manifest.h"
#include "spec/image_ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void config(const char *text, size_t n)
{
	struct image_config c, again;
	struct err e = ERR_NONE;
	AUTO(buf) struct buf out = BUF_INIT;
	AUTO(buf) struct buf twice = BUF_INIT;

	if (image_config_read(text, n, &c, &e) < 0)
		return;
	image_config_write(&c, &out);
	if (image_config_read(out.data, out.len, &again, &e) < 0)
		abort();
	image_config_write(&again, &twice);
	if (!str_eq(out.data, twice.data))
		abort();
	image_config_done(&c);
	image_config_done(&again);
}

static void reference(const char *text)
{
	struct image_ref r, again;
	struct err e = ERR_NONE;
	char full[IMAGE_REF_MAX + 1], twice[IMAGE_REF_MAX + 1];

	if (image_ref_parse(text, &r, &e) < 0)
		return;
	image_ref_full(&r, full);
	/* A whole name means itself, and has no part that could leave a directory; a tag may have dots in a row. */
	if (image_ref_parse(full, &again, &e) < 0 || strstr(full, "../") || strstr(full, "/..") || strchr(full, '%'))
		abort();
	image_ref_full(&again, twice);
	if (!str_eq(full, twice))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_manifest m;
	struct image_archive a;
	struct err e = ERR_NONE;

	if (size == 0)
		return 0;
	auto_free char *text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] == 'c')
		config(text, size - 1);
	else if (data[0] == 'r')
		reference(text);
	else if (data[0] == 'm' && image_manifest_read(text, size - 1, &m, &e) == 0)
		image_manifest_done(&m);
	else if (data[0] == 'd' && image_archive_read(text, size - 1, &a, &e) == 0)
		image_archive_done(&a);
	return 0;
}
