#pragma once
/* What a config.json asks of this host and this caller, looked up without changing anything: the
 * second half of `tare-oci check`. A finding is a problem with JSON path, cause and remedy;
 * warnings are things that may be meant (a program that a mount will bring), errors are things that
 * make create fail. */
#include "spec/runtime_config.h"

struct hostcheck {
	const struct runtime_config *config;
	int bundle_fd; /* O_PATH of the bundle; borrowed */
	bool plain_user; /* no privilege outside a user namespace of its own */
	struct rc_problems *problems; /* with those of the document, which are why some things are
					 not looked at */
	size_t n_document; /* how many those are */
};

/* hostcheck_run - everything below. An error is one that ended the checking, not a finding. */
int hostcheck_run(const struct hostcheck *h, struct err *e) must_check;

/* hostcheck_add - one finding; @remedy may be NULL, json_path is @path with @index put in place of
 * its '#'. */
struct hostcheck_where {
	const char *path;
	size_t index;
};
void hostcheck_add(const struct hostcheck *h, enum rc_severity severity, struct hostcheck_where where,
	const char *remedy, const char *format, ...) printf_like(5, 6);

/* hostcheck_sound - the reader found no error at, above or below @path: what it read there can be
 * used. */
bool hostcheck_sound(const struct hostcheck *h, const char *path);

/* The parts: limits and identities are in hostcheck_limits.c. */
void hostcheck_limits(const struct hostcheck *h);
void hostcheck_security(const struct hostcheck *h);
void hostcheck_ids(const struct hostcheck *h);
