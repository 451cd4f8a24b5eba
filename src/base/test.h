#pragma once
/* The few words our unit tests are written in, on top of cmocka. A test file is a program of its own:
 *   TEST(parse_refuses_signs) { CHECK(!parse_u64("-1", 9, &v), "took a sign"); }
 *   TEST_MAIN(parse_refuses_signs, ...)
 * SKIP("why") ends a test that lacks a kernel feature or privilege. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/cleanup.h"

#define TEST(name) static void name(void **test_state_ __attribute__((unused)))
#define CHECK(cond, ...) \
	do { \
		if (!(cond)) { \
			print_error("%s:%d: %s: ", __FILE__, __LINE__, #cond); \
			print_error(__VA_ARGS__); \
			print_error("\n"); \
			fail(); \
		} \
	} while (0)
#define SKIP(why) \
	do { \
		print_message("SKIP %s: %s\n", __func__, why); \
		skip(); \
	} while (0)
#define TEST_CASE_1(t) { #t, t, NULL, NULL, NULL },
#define TEST_MAIN(...) \
	int main(void) \
	{ \
		const struct CMUnitTest tests_[] = { __VA_ARGS__ }; \
		return cmocka_run_group_tests(tests_, NULL, NULL); \
	}
#define T(t) cmocka_unit_test(t)
