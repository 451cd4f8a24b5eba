#pragma once
/* Parts of document.c, one file a subject. Each appends members with a comma behind, unless it says otherwise. */
#include "engine/document.h"

/* Where --init's program is bound: in /dev, which is a tmpfs of the container, so nothing of the image is touched. */
#define DOC_INIT_PATH "/dev/tare-init"

void doc_strings(struct buf *b, const char *key, const struct rc_str_list *l); /* without a comma */
struct stat;
/* doc_device - one entry of linux.devices. doc_host_devices - of all that the host has. Without a comma behind. A
 * container with ids of its own (@own_ids) gets what belongs to an id that it does not have as root's: it was given to
 * it. */
void doc_device(const struct stat *st, const char *path, bool own_ids, struct buf *b);
/* doc_each_device - of --device: @source itself, or each device in the directory @source. @told gets its place below
 * @destination. */
typedef void (*device_told)(void *ctx, const struct stat *st, const char *place);
int doc_each_device(const char *source, const char *destination, device_told told, void *ctx, struct err *e) must_check;
int doc_host_devices(bool rootless, struct buf *b, struct err *e) must_check;
void doc_rlimits(const struct ct_config *c, struct buf *b);
int doc_mounts(const struct ct_config *c, const struct document_facts *f, struct buf *b, struct err *e) must_check;
int doc_resources(const struct ct_config *c, const struct document_facts *f, struct buf *b, struct err *e) must_check;
