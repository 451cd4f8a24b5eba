#pragma once
/* The host's user files as text: passwd(5), subuid(5). Pure. */
#include <stdint.h>
#include "ns/idmap.h"

enum { NS_SUBID_MAX = 64 }; /* ranges of one user; further ones are not used */

/* ns_passwd_name - the login name of @uid in the text of a passwd file, which is cut up; NULL: none. */
const char *ns_passwd_name(char *passwd, uint32_t uid);
/* ns_subid_add - append the ranges of the user called @name (or NULL) or numbered @id in the text of a subuid file,
 * which is cut up, to @m, from container id 1 on. @m->v has room for NS_SUBID_MAX + 1. Malformed lines are skipped. */
void ns_subid_add(char *text, const char *name, uint32_t id, struct rc_id_maps *m);
