/* RUN/ids/N is a symlink to the id of the container that holds slot N: claiming is one symlinkat(2). */
#include "engine/idrange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fmt.h"
#include "base/str.h"
#include "engine/idlink.h"
#include "spec/container.h"

static uint32_t first_try(const char *id)
{
	uint32_t h = 0;

	for (int i = 0; i < 8; i++) /* the id is random: its first digits do */
		h = h << 4 | (uint32_t)(id[i] <= '9' ? id[i] - '0' : id[i] - 'a' + 10);
	return h % IDRANGE_SLOTS;
}

static bool try_slot(const struct engine *en, uint32_t slot, const char *id)
{
	char name[24];

	fmt_to(name, sizeof(name), "ids/%u", slot);
	if (idlink_make(en->run_fd, name, id) == 0)
		return true;
	if (errno == ENOENT && (mkdirat(en->run_fd, "ids", 0700) == 0 || errno == EEXIST))
		return idlink_make(en->run_fd, name, id) == 0;
	return false;
}

/* Of an earlier start that was cut short: whoever claims has the container's lock. */
static bool is_ours(const struct engine *en, uint32_t slot, const char *id)
{
	char name[24];

	fmt_to(name, sizeof(name), "ids/%u", slot);
	return idlink_is(en->run_fd, name, id);
}

int idrange_claim(const struct engine *en, const char *id, struct err *e)
{
	uint32_t slot = first_try(id);

	for (int i = 0; i < IDRANGE_SLOTS; i++, slot = (slot + 1) % IDRANGE_SLOTS) {
		errno = 0;
		if (try_slot(en, slot, id))
			return (int)slot;
		if (errno != EEXIST)
			return err_sys(e, "claim a range of ids in %s", en->run_path);
		if (is_ours(en, slot, id))
			return (int)slot;
	}
	err_set(e, ERR_SYSTEM, ENOSPC, "all %d ranges of user ids are in use by running containers", IDRANGE_SLOTS);
	return err_hint(e, "\"--userns host\" runs a container without one");
}

void idrange_release(const struct engine *en, int32_t slot, const char *id)
{
	char name[24];

	if (slot < 0)
		return;
	fmt_to(name, sizeof(name), "ids/%d", slot);
	if (idlink_is(en->run_fd, name, id))
		(void)unlinkat(en->run_fd, name, 0); /* a leftover is found by system check */
}

/* Claims go on from the first try to the next free slot, so the container's own comes before the first hole. */
void idrange_forget(const struct engine *en, const char *id)
{
	uint32_t slot = first_try(id);
	char name[24], holder[CT_ID_LEN + 1];

	for (int i = 0; i < IDRANGE_SLOTS; i++, slot = (slot + 1) % IDRANGE_SLOTS) {
		fmt_to(name, sizeof(name), "ids/%u", slot);
		if (!idlink_read(en->run_fd, name, holder))
			return;
		if (!str_eq(holder, id))
			continue;
		(void)unlinkat(en->run_fd, name, 0); /* a leftover is found by system check */
		return;
	}
}
