#pragma once
/* What is sent to systemd: names and properties. Pure. */
#include "base/buf.h"
#include "cg/scope.h"

enum { UNIT_NAME_SIZE = 256 };

/* scope_names - the slice and the unit of "slice:prefix:name" (NULL: the default ones). */
int scope_names(const struct cg_scope_new *n, char ret_slice[static UNIT_NAME_SIZE],
	char ret_unit[static UNIT_NAME_SIZE], struct err *e) must_check;

/* A list a(sv) under construction in a message body. */
void prop_begin(struct buf *b, const char *name, const char *sig);
void prop_bool(struct buf *b, const char *name, bool v);
void prop_u64(struct buf *b, const char *name, uint64_t v);
void prop_str(struct buf *b, const char *name, const char *v);

/* scope_resources - the properties that follow from @res on a v2 (@v2) or v1 machine. systemd.resource-control(5). */
int scope_resources(struct buf *b, const struct rc_resources *res, bool v2, struct err *e) must_check;
/* scope_annotations - the org.systemd.property.* among @v. */
int scope_annotations(struct buf *b, const struct rc_kv *v, size_t n, struct err *e) must_check;
