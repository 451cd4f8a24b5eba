#pragma once
/* Names of images, and digests. A name is always kept whole (docker.io/library/debian:12), however short it was
 * written; docker's rules make the one from the other. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum {
	IMAGE_REF_MAX = 255, /* bytes of a whole name with its tag or digest: a file name must hold it */
	IMAGE_TAG_MAX = 128,
	IMAGE_DIGEST_MAX = 7 + 128, /* "sha512:" and its digits */
	IMAGE_DIGEST_SIZE = IMAGE_DIGEST_MAX + 1,
};

struct image_ref {
	char name[IMAGE_REF_MAX + 1]; /* domain and path: "docker.io/library/debian" */
	char tag[IMAGE_TAG_MAX + 1]; /* "latest" when neither tag nor digest was written; "" beside a digest */
	char digest[IMAGE_DIGEST_SIZE]; /* "sha256:…" or "" */
	bool bare; /* written without a domain: "debian", not "docker.io/library/debian" */
};

/* image_ref_parse - ERR_USAGE names the column and what is allowed there. */
int image_ref_parse(const char *text, struct image_ref *ret, struct err *e) must_check;
/* image_ref_full - "docker.io/library/debian:12" or "…/debian@sha256:…". */
void image_ref_full(const struct image_ref *r, char dst[static IMAGE_REF_MAX + 1]);
/* image_ref_familiar - the part of the whole name @full that docker shows: "debian:12". Points into @full. */
const char *image_ref_familiar(const char *full);
/* image_ref_localhost - the same name in the domain localhost, where podman keeps what was never pulled. */
bool image_ref_localhost(const struct image_ref *r, struct image_ref *ret) must_check;

/* image_digest_ok - "sha256:" and 64, or "sha512:" and 128, lower-case hex digits; nothing else. */
bool image_digest_ok(const char *text);
/* image_digest_check - the same as an error that shows what is wrong. @what is for the message. */
int image_digest_check(const char *what, const char *text, struct err *e) must_check;
/* image_digest_hex - the digits of a digest that is known to be one. */
const char *image_digest_hex(const char *digest);
/* image_digest_from - the text for @n bytes of SHA-256 (32) or SHA-512 (64). */
void image_digest_from(const uint8_t *bytes, size_t n, char dst[static IMAGE_DIGEST_SIZE]);
/* image_is_hex - all of @text is lower-case hex digits, and there is some. */
bool image_is_hex(const char *text);
