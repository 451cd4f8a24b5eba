#pragma once
/* GVariant text ("uint64 5", "['a', 'b']", "true") as a D-Bus value: how org.systemd.property.* annotations are
 * written. Pure. GLib "GVariant Text Format", without dictionaries, variants and maybes. */
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

enum { GV_SIG_SIZE = 64 };

/* gv_encode - the one value in @text as D-Bus type into @ret_sig and marshalled for a variant's content: appended to
 * @b after alignment (@b must begin where the message body begins). The signature must be written before the
 * value, so call gv_type() first. ERR_CONFIG otherwise. */
int gv_type(const char *text, char ret_sig[static GV_SIG_SIZE], struct err *e) must_check;
int gv_encode(const char *text, const char *sig, struct buf *b, struct err *e) must_check;
/* gv_seconds - a number of seconds ("5", "uint64 5", "1.5") in µs. */
int gv_seconds(const char *text, uint64_t *ret_us, struct err *e) must_check;
