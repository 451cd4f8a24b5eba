#pragma once
/* Text for eyes: UTF-8 and the columns it takes on a terminal. No locale. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* utf8_next - the code point at *@s, which moves behind it; U+FFFD (one byte taken) for what is no
 * UTF-8; 0 at the end. */
uint32_t utf8_next(const char **s);
/* utf8_valid - documents hold nothing else. */
bool utf8_valid(const char *s);
/* utf8_columns - how wide @s is: combining marks 0, East Asian wide characters and emoji 2, control
 * characters 0. */
size_t utf8_columns(const char *s);
/* utf8_prefix - how many bytes of @s fit into @columns. */
size_t utf8_prefix(const char *s, size_t columns);
