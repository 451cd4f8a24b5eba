#pragma once
/* What -v, --mount and --tmpfs have in common. */
#include <stddef.h>
#include "engine/mountopt.h"

#define FORM_VOLUME "[SOURCE:]DESTINATION[:ro|rw|z|Z|U|nocopy|idmap|PROPAGATION,...]"
#define FORM_MOUNT "type=bind|volume|tmpfs,source=SOURCE,destination=DESTINATION[,readonly,...]"
#define FORM_TMPFS "DESTINATION[:size=SIZE,mode=MODE,ro,noexec,...]"

/* mountopt_destination - @text (@n bytes) as the place inside the container: absolute, not the
 * root, "." and ".." worked out; "..", as a process whose root it is would see it, does not leave.
 */
int mountopt_destination(struct arena *a, const char *text, size_t n, char **ret, struct err *e) must_check;
/* mountopt_propagation - "rprivate" and kin, or NULL when @word is none. */
const char *mountopt_propagation(const char *word);
/* mountopt_tmpfs_word - one option of a tmpfs. */
int mountopt_tmpfs_word(struct arena *a, const char *word, struct ct_mount *m, struct err *e) must_check;
/* mountopt_anonymous - give @m, which has no source, a name of its own. */
int mountopt_anonymous(struct arena *a, struct ct_mount *m, struct err *e) must_check;
/* mountopt_volume_name - what docker calls so: [a-zA-Z0-9][a-zA-Z0-9_.-]+ */
int mountopt_volume_name(const char *name, struct err *e) must_check;
