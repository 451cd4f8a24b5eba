#pragma once
/* What the program says, as records of its log. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "mon/jsonlog.h"
#include "mon/mon.h"

enum {
	LOG_LINE_MAX = 16384, /* docker's: a longer line becomes several records */
	LOG_OUT_SIZE = 262144,
};

enum log_driver { LOG_DRIVER_NONE, LOG_DRIVER_JSON, LOG_DRIVER_JOURNALD };

/* A line without its end yet. */
struct log_part {
	char *data; /* LOG_LINE_MAX */
	size_t len;
	bool continues; /* pieces of the same line were logged: this one has their time */
	char time[JSONLOG_TIME_SIZE];
};

struct logfile {
	enum log_driver driver;
	int dir_fd; /* borrowed */
	int fd; /* log.json, or the socket to the journal */
	uint64_t size, max_size; /* UINT64_MAX: no end */
	unsigned max_files;
	const char *attrs; /* JSON object, or NULL */
	const char *fields; /* journald: "NAME=VALUE\n…" in its native protocol */
	struct log_part part[2]; /* stdout, stderr */
	char *out; /* LOG_OUT_SIZE: records on their way to the file */
	size_t out_len, out_records;
	bool out_notice; /* the first one tells of lost ones */
	char time[JSONLOG_TIME_SIZE]; /* of what is fed now */
	struct jsonlog_tail tail[2]; /* of that moment, by stream */
	bool has_tail[2];
	uint64_t lost, lost_told; /* records that could not be written */
	int lost_num; /* errno of the last loss */
};

/* logfile_open - by the settings of @m; @l->out and @l->part[].data are the caller's memory. */
int logfile_open(struct logfile *l, const struct mon *m, struct err *e) must_check;
/* logfile_feed - @n bytes that came now. @stream 0: stdout, 1: stderr. */
void logfile_feed(struct logfile *l, unsigned stream, const char *data, size_t n);
/* logfile_flush - what is batched goes to the file. A full disk loses records, which are counted.
 */
void logfile_flush(struct logfile *l);
/* logfile_parts - log unfinished lines as pieces: nothing came for a while, or nothing comes any
 * more. */
void logfile_parts(struct logfile *l);
bool logfile_has_parts(const struct logfile *l);
void logfile_close(struct logfile *l);

/* journal.c */
int journal_open(struct err *e) must_check;
struct journal_record {
	const char *fields; /* of the container */
	unsigned stream;
	const char *line;
	size_t n;
	bool partial;
};
/* journal_send - false: the journal did not take it. */
bool journal_send(int fd, const struct journal_record *r);
