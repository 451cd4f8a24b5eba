#pragma once
/* Sizes and times in docker's words. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { HUMAN_SIZE = 40 };

/* human_bytes - "12.3MB": three digits, units of 1000. human_binary - "1.5GiB": four digits, units
 * of 1024. */
void human_bytes(uint64_t n, char dst[static HUMAN_SIZE]);
void human_binary(uint64_t n, char dst[static HUMAN_SIZE]);
/* human_duration - "2 hours", "About a minute". */
void human_duration(int64_t seconds, char dst[static HUMAN_SIZE]);
/* human_parse_time - seconds since 1970 of RFC 3339 text with Z or an offset; false for anything
 * else. */
bool human_parse_time(const char *text, int64_t *ret);
/* human_time - "2006-01-02 15:04:05 +0000 UTC". No time zone file is read. */
void human_time(int64_t seconds, char dst[static HUMAN_SIZE]);
