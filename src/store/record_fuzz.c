/* Any bytes as the file of an image, or ("r" first) as a name that becomes the file of a link. What was read can be
 * written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "store/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void record(const char *text, size_t n)
{
	struct store_image image, again;
	struct err e = ERR_NONE;
	AUTO(buf) struct buf out = BUF_INIT;
	AUTO(buf) struct buf twice = BUF_INIT;

	if (store_record_read(text, n, &image, &e) < 0) {
		if (e.num == 0)
			abort();
		return;
	}
	store_record_write(&image, &out);
	if (store_record_read(out.data, out.len, &again, &e) < 0)
		abort();
	store_record_write(&again, &twice);
	if (!str_eq(out.data, twice.data))
		abort();
	store_image_done(&image);
	store_image_done(&again);
}

static void name(const char *text)
{
	char full[IMAGE_REF_MAX + 1], file[IMAGE_REF_MAX + 1];
	struct err e = ERR_NONE;
	struct image_ref ref;

	if (image_ref_parse(text, &ref, &e) < 0)
		return;
	image_ref_full(&ref, full);
	store_ref_file(full, file);
	if (strchr(file, '/') || file[0] == '.' || !*file || strlen(file) != strlen(full))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = malloc(size + 1);

	if (!text || size == 0)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (text[0] == 'r')
		name(text + 1);
	else
		record(text, size);
	return 0;
}
