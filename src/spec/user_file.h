#pragma once
/* Lines of passwd(5) and group(5) as images have them. Pure. Lines that are not well-formed are
 * passed over: an empty id is no 0, a number has no sign, blank or leading zero, 4294967295 is
 * nobody's. Of lines beyond USER_LINE_MAX nothing is read. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USER_LINE_MAX = 64 << 10 };

/* A part of the file's text. */
struct user_text {
	const char *s;
	size_t n;
};

struct user_file {
	const char *at, *end;
};

struct user_passwd {
	struct user_text name, home, shell;
	uint32_t uid, gid;
};

struct user_group {
	struct user_text name, members; /* between commas */
	uint32_t gid;
};

/* user_file - over @n bytes of @text (NULL: none). user_file_passwd, user_file_group - the next
 * good line; false at the end. */
struct user_file user_file(const char *text, size_t n);
bool user_file_passwd(struct user_file *f, struct user_passwd *ret);
bool user_file_group(struct user_file *f, struct user_group *ret);

bool user_text_is(struct user_text t, const char *s);
/* user_list_has - is @name one of the words between commas? */
bool user_list_has(struct user_text list, const char *name);
