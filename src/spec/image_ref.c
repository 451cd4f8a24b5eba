/* Names by the grammar of distribution/reference and docker's normalisation. */
#include "spec/image_ref.h"

#include <errno.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define HEX "0123456789abcdef"

static const char docker_domain[] = "docker.io";
static const char docker_library[] = "library/";

/* --- digests ---------------------------------------------------------------------------------------------- */

bool image_is_hex(const char *text)
{
	size_t n = strspn(text, HEX);

	return n > 0 && text[n] == '\0';
}

bool image_digest_ok(const char *text)
{
	const char *hex;
	size_t want = 64;

	if (!text)
		return false;
	hex = str_after(text, "sha256:");
	if (!hex) {
		hex = str_after(text, "sha512:");
		want = 128;
	}
	return hex && strlen(hex) == want && image_is_hex(hex);
}

int image_digest_check(const char *what, const char *text, struct err *e)
{
	if (image_digest_ok(text))
		return 0;
	return err_set(e, ERR_CONFIG, EINVAL,
		"%s: \"%.*s\" is not a digest: sha256: and 64 or sha512: and 128 lower-case hex digits", what, 160,
		text);
}

const char *image_digest_hex(const char *digest)
{
	return digest + 7;
}

void image_digest_from(const uint8_t *bytes, size_t n, char dst[static IMAGE_DIGEST_SIZE])
{
	size_t at = fmt_to(dst, IMAGE_DIGEST_SIZE, n == 64 ? "sha512:" : "sha256:");

	for (size_t i = 0; i < n; i++) {
		dst[at++] = HEX[bytes[i] >> 4];
		dst[at++] = HEX[bytes[i] & 15];
	}
	dst[at] = '\0';
}

/* --- references ------------------------------------------------------------------------------------------- */

struct parse {
	const char *text; /* the whole of it, for columns */
	struct err *e;
};

static int fail(const struct parse *p, const char *at, const char *why)
{
	return err_set(p->e, ERR_USAGE, EINVAL, "invalid reference format: \"%.*s\": column %zu: %s", 300, p->text,
		(size_t)(at - p->text) + 1, why);
}

/* [a-z0-9]+ separated by one ".", one or two "_", or any number of "-". */
static int check_path(const struct parse *p, const char *at, const char *end)
{
	while (at < end) {
		size_t n = strspn(at, LOWER DIGITS);

		if (n == 0 && *at && strchr(UPPER, *at))
			return fail(p, at, "repository name must be lowercase");
		if (n == 0)
			return fail(p, at, "a name has letters a-z and digits, with . _ __ or - between them");
		at += n;
		if (at >= end)
			return 0;
		if (*at == '/' || *at == '.')
			n = 1;
		else if (*at == '_')
			n = at[1] == '_' ? 2 : 1;
		else
			n = strspn(at, "-");
		if (n == 0)
			continue; /* told by the next turn */
		at += n;
	}
	return fail(p, end, "a name ends in a letter or digit");
}

static int check_domain(const struct parse *p, const char *at, const char *end)
{
	uint64_t port;
	size_t n;

	if (*at == '[') {
		n = strspn(at + 1, HEX "ABCDEF:");
		if (n < 2 || at[1 + n] != ']')
			return fail(p, at, "an IPv6 address is written [2001:db8::1]");
		at += n + 2;
	}
	for (; at < end && *at != ':'; at += at[n] == '.' ? n + 1 : n) {
		n = strspn(at, LOWER UPPER DIGITS "-");
		if (n == 0 || *at == '-' || at[n - 1] == '-' || (at[n] == '.' && at + n + 1 >= end))
			return fail(p, at, "a registry is a host name with an optional :PORT");
	}
	if (at < end && !parse_u64_n(at + 1, (size_t)(end - at - 1), 65535, &port))
		return fail(p, at + 1, "a port is a number from 1 to 65535");
	return 0;
}

/* Where the domain ends, or NULL when @text has none: docker takes the first part for one if it looks like a host. */
static const char *domain_end(const char *text, const char *end)
{
	const char *slash = memchr(text, '/', (size_t)(end - text));
	size_t n = slash ? (size_t)(slash - text) : 0;

	if (!slash)
		return NULL;
	if (memchr(text, '.', n) || memchr(text, ':', n) || (n == 9 && strncmp(text, "localhost", n) == 0))
		return slash;
	return strcspn(text, UPPER) < n ? slash : NULL;
}

/* "sha256:HEX" and 64 digits name an image by its id: no archive gets to call another one so. */
static bool looks_like_id(const char *path, const char *end)
{
	size_t n = (size_t)(end - path);

	return (n == 6 && (memcmp(path, "sha256", n) == 0 || memcmp(path, "sha512", n) == 0)) ||
		(n == 64 && strspn(path, HEX) == n);
}

static int parse_name(const struct parse *p, const char *end, struct image_ref *ret)
{
	const char *path = p->text, *slash = domain_end(p->text, end);
	int n = slash ? (int)(slash - p->text) : 0;
	bool docker = !slash, one_part;

	if (slash) {
		if (check_domain(p, p->text, slash) < 0)
			return -p->e->num;
		path = slash + 1;
		docker = (n == 9 && strncmp(p->text, docker_domain, 9) == 0) ||
			(n == 15 && strncmp(p->text, "index.docker.io", 15) == 0);
	}
	if (check_path(p, path, end) < 0)
		return -p->e->num;
	one_part = !memchr(path, '/', (size_t)(end - path));
	if (!slash && one_part && looks_like_id(path, end))
		return fail(p, path, "it would be taken for the id of an image");
	ret->bare = !slash;
	if (!fmt_fits(ret->name, sizeof(ret->name), "%.*s/%s%.*s", docker ? 9 : n, docker ? docker_domain : p->text,
		    docker && one_part ? docker_library : "", (int)(end - path), path))
		return fail(p, end, "the name is too long");
	return 0;
}

static int parse_tag(const struct parse *p, const char *at, const char *end, struct image_ref *ret)
{
	size_t n = strspn(at, LOWER UPPER DIGITS "_.-");

	if (n == 0 || *at == '.' || *at == '-')
		return fail(p, at, "a tag begins with a letter, a digit or _");
	if (at + n < end)
		return fail(p, at + n, "a tag has letters, digits, _ . and -");
	if (n > IMAGE_TAG_MAX)
		return fail(p, at + IMAGE_TAG_MAX, "a tag has at most 128 characters");
	memcpy(ret->tag, at, n);
	ret->tag[n] = '\0';
	return 0;
}

int image_ref_parse(const char *text, struct image_ref *ret, struct err *e)
{
	const struct parse p = { text, e };
	struct image_ref r = { .tag = "" };
	const char *at = strchr(text, '@'), *end = at ? at : text + strlen(text), *colon;

	if (!*text)
		return fail(&p, text, "it is empty");
	if (at && !image_digest_ok(at + 1))
		return fail(&p, at + 1, "a digest is sha256: and 64 or sha512: and 128 lower-case hex digits");
	if (at)
		fmt_to(r.digest, sizeof(r.digest), "%s", at + 1);
	colon = memrchr(text, ':', (size_t)(end - text));
	if (colon && memchr(colon, '/', (size_t)(end - colon)))
		colon = NULL; /* of a port */
	if (parse_name(&p, colon ? colon : end, &r) < 0 || (colon && parse_tag(&p, colon + 1, end, &r) < 0))
		return -e->num;
	if (at)
		r.tag[0] = '\0'; /* as docker: the digest decides */
	else if (!colon)
		memcpy(r.tag, "latest", 7);
	if (strlen(r.name) + 1 + strlen(at ? r.digest : r.tag) > IMAGE_REF_MAX)
		return fail(&p, end, "name and tag are longer than 255 characters together");
	*ret = r;
	return 0;
}

void image_ref_full(const struct image_ref *r, char dst[static IMAGE_REF_MAX + 1])
{
	fmt_to(dst, IMAGE_REF_MAX + 1, "%s%s%s", r->name, r->digest[0] ? "@" : ":", r->digest[0] ? r->digest : r->tag);
}

const char *image_ref_familiar(const char *full)
{
	const char *path = str_after(full, "docker.io/"), *leaf;

	if (!path)
		return full;
	leaf = str_after(path, docker_library);
	return leaf && !strchr(leaf, '/') ? leaf : path;
}

bool image_ref_localhost(const struct image_ref *r, struct image_ref *ret)
{
	char full[IMAGE_REF_MAX + 1];

	if (!r->bare)
		return false;
	*ret = *r;
	image_ref_full(r, full);
	const char *familiar = image_ref_familiar(full);
	return fmt_fits(ret->name, sizeof(ret->name), "localhost/%.*s", (int)strcspn(familiar, ":@"), familiar);
}
