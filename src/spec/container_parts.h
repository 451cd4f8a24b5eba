#pragma once
/* How the tables of container_config.c, container_host.c and container_own.c work: one row a member, for both
 * directions, so that what is written can be read again. */
#include "spec/container.h"
#include "spec/reader.h"

typedef void part_writer(const struct ct_config *c, struct buf *b);

enum part_kind {
	PART_TEXT, /* char *: "" is NULL */
	PART_BOOL, /* bool */
	PART_U32, /* uint32_t */
	PART_U64, /* uint64_t */
	PART_I64, /* int64_t */
	PART_LIST, /* struct rc_str_list */
	PART_PAIRS, /* struct rc_kv_list */
	PART_SET, /* struct rc_str_list: {"80/tcp":{}} */
	PART_OPT_U64, /* struct rc_opt_u64: null when not set */
	PART_LITERAL, /* @empty, always; not read */
	PART_OWN, /* @write and @read */
	PART_DERIVED, /* @write: said again from other members, for docker's sake; not read */
};

struct part {
	const char *key;
	enum part_kind kind;
	size_t offset;
	const char *empty; /* the JSON of an empty value; NULL: the key is left out */
	part_writer *write;
	rd_reader *read; /* gets the whole struct ct_config */
};

struct part_table {
	const struct part *v;
	size_t n;
};

#define PART(k, kind, member, empty) \
	{ \
		k, PART_##kind, offsetof(struct ct_config, member), empty, NULL, NULL \
	}
#define PART_FIXED(k, json) \
	{ \
		k, PART_LITERAL, 0, json, NULL, NULL \
	}
#define PART_FN(k, writer, reader) \
	{ \
		k, PART_OWN, 0, NULL, writer, reader \
	}
#define PART_AGAIN(k, writer) \
	{ \
		k, PART_DERIVED, 0, NULL, writer, NULL \
	}

/* parts_write - the object of @t. A PART_OWN that writes nothing is left out. */
void parts_write(const struct part_table *t, const struct ct_config *c, struct buf *b);
/* parts_store - the same without what reading it would not tell: literals, what is derived, and what is empty. */
void parts_store(const struct part_table *t, const struct ct_config *c, struct buf *b);
/* parts_read - its members into @c; unknown ones are passed over. */
int parts_read(struct rd *r, const struct json *v, const struct part_table *t, struct ct_config *c);

extern const struct part_table parts_config, parts_host, parts_tare;

part_writer ct_write_mounts;
rd_reader ct_read_mounts;
