/* Docker's rules for what an image and a command line say together. */
#include "engine/merge.h"

#include <errno.h>
#include <string.h>
#include "base/str.h"
#include "base/test.h"

static struct rc_str_list split(char *const *words, size_t n)
{
	return (struct rc_str_list){ (char **)words, n };
}

#define WORDS(...) split((char *[]){ __VA_ARGS__ }, sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *))
#define NO_ASK (&(struct merge_ask){ 0 })

static void same(const struct rc_str_list *l, const char *want, const char *what)
{
	char text[256] = "";

	for (size_t i = 0; i < l->n; i++) {
		strncat(text, i ? " " : "", sizeof(text) - strlen(text) - 1);
		strncat(text, l->v[i], sizeof(text) - strlen(text) - 1);
	}
	CHECK(str_eq(text, want), "%s: \"%s\", not \"%s\"", what, text, want);
}

static struct ct_config merged(struct ct_config c, const struct image_run *image, const struct merge_ask *ask)
{
	struct err e = ERR_NONE;

	c.stop_timeout_s = -1;
	CHECK(merge_image(&c, image, ask, &e) == 0, "%s", e.msg);
	return c;
}

TEST(which_program_runs)
{
	struct image_run image = { .entrypoint = WORDS("ep", "x"), .cmd = WORDS("c", "d") };
	struct merge_ask given = { .entrypoint_given = true };
	struct ct_config c = merged((struct ct_config){ 0 }, &image, NO_ASK);

	same(&c.entrypoint, "ep x", "image");
	same(&c.cmd, "c d", "image");
	arena_done(&c.arena);
	c = merged((struct ct_config){ .cmd = WORDS("mine") }, &image, NO_ASK);
	same(&c.entrypoint, "ep x", "command given");
	same(&c.cmd, "mine", "command given");
	arena_done(&c.arena);
	c = merged((struct ct_config){ .entrypoint = WORDS("e") }, &image, &given);
	same(&c.entrypoint, "e", "--entrypoint");
	same(&c.cmd, "", "--entrypoint drops the image's command");
	arena_done(&c.arena);
	c = merged((struct ct_config){ .cmd = WORDS("mine") }, &image, &given);
	same(&c.entrypoint, "", "--entrypoint ''");
	same(&c.cmd, "mine", "--entrypoint '' with a command");
	arena_done(&c.arena);
}

TEST(nothing_to_run)
{
	struct ct_config c = { .arena = ARENA_INIT };
	struct image_run image = { .cmd = WORDS("c") };
	struct merge_ask given = { .entrypoint_given = true };
	struct err e = ERR_NONE, e2 = ERR_NONE;

	CHECK(merge_image(&c, NULL, NO_ASK, &e) < 0 && str_eq(e.msg, "no command specified"), "%s", e.msg);
	CHECK(merge_image(&c, &image, &given, &e2) < 0, "an emptied entrypoint");
	arena_done(&c.arena);
}

TEST(environment)
{
	struct image_run image = { .cmd = WORDS("c"), .env = WORDS("PATH=/bin", "A=image", "B=image", "C=image") };
	struct ct_config c = merged((struct ct_config){ .env = WORDS("A=1", "NEW=2", "A=3", "B") }, &image, NO_ASK);

	same(&c.env, "NEW=2 A=3 PATH=/bin C=image", "the user's first, the last of each, B taken away");
	arena_done(&c.arena);
	c = merged((struct ct_config){ 0 }, &image, &(struct merge_ask){ .unset = WORDS("A", "PATH") });
	same(&c.env, "B=image C=image", "--unsetenv");
	arena_done(&c.arena);
	c = merged((struct ct_config){ .env = WORDS("X=") }, &image, &(struct merge_ask){ .unset_all = true });
	same(&c.env, "X=", "--unsetenv-all");
	arena_done(&c.arena);
}

TEST(single_values)
{
	struct image_run image = { .cmd = WORDS("c"),
		.user = (char *)"www",
		.working_dir = (char *)"/srv",
		.stop_signal = (char *)"SIGQUIT" };
	struct ct_config c = merged((struct ct_config){ 0 }, &image, NO_ASK);

	CHECK(str_eq(c.user, "www") && str_eq(c.working_dir, "/srv") && str_eq(c.stop_signal, "SIGQUIT"), "image");
	arena_done(&c.arena);
	c = merged((struct ct_config){ .user = (char *)"0", .working_dir = (char *)"/", .stop_signal = (char *)"9" },
		&image, NO_ASK);
	CHECK(str_eq(c.user, "0") && str_eq(c.working_dir, "/") && str_eq(c.stop_signal, "9"), "given");
	arena_done(&c.arena);
}

TEST(labels_and_ports)
{
	struct rc_kv of_image[] = { { (char *)"a", (char *)"image" }, { (char *)"b", (char *)"image" } };
	struct rc_kv given[] = { { (char *)"b", (char *)"mine" }, { (char *)"c", (char *)"" } };
	struct image_run image = {
		.cmd = WORDS("c"), .labels = { of_image, 2 }, .exposed_ports = WORDS("80/tcp", "53/udp")
	};
	struct ct_config c =
		merged((struct ct_config){ .labels = { given, 2 }, .exposed_ports = WORDS("80/tcp") }, &image, NO_ASK);

	CHECK(c.labels.n == 3, "%zu labels", c.labels.n);
	CHECK(str_eq(c.labels.v[0].value, "image") && str_eq(c.labels.v[1].value, "mine"), "the user's win");
	same(&c.exposed_ports, "80/tcp 53/udp", "ports");
	arena_done(&c.arena);
}

TEST(volumes_of_the_image)
{
	struct ct_mount mine[] = { { .type = CT_MOUNT_BIND, .source = (char *)"/x", .destination = (char *)"/data" } };
	struct image_run image = { .cmd = WORDS("c"), .volumes = WORDS("/data/", "/logs") };
	struct ct_config c = merged((struct ct_config){ .mounts = mine, .n_mounts = 1 }, &image, NO_ASK);

	CHECK(c.n_mounts == 2, "%zu mounts", c.n_mounts);
	CHECK(c.mounts[0].type == CT_MOUNT_BIND && str_eq(c.mounts[1].destination, "/logs"), "taken places stay");
	CHECK(c.mounts[1].anonymous && c.mounts[1].type == CT_MOUNT_VOLUME && strlen(c.mounts[1].source) == 64,
		"anonymous");
	arena_done(&c.arena);
}

TEST(no_volume_over_the_root)
{
	static char *const places[] = { "/", "//", "/." };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct image_run image = { .cmd = WORDS("c"), .volumes = WORDS("/data", places[i]) };
		struct ct_config c = { .arena = ARENA_INIT };
		struct err e = ERR_NONE;

		CHECK(merge_image(&c, &image, NO_ASK, &e) == -EINVAL && strstr(e.msg, "can't be '/'"), "%s: %s",
			places[i], e.msg);
		arena_done(&c.arena);
	}
}

TEST(health_checks)
{
	struct image_run image = { .cmd = WORDS("c"),
		.health = { .test = WORDS("CMD", "img"), .interval_ms = 5000, .retries = 7 } };
	struct ct_config c = merged((struct ct_config){ .health = { .retries = 2 } }, &image, NO_ASK);

	same(&c.health.test, "CMD img", "the image's test");
	CHECK(c.health.retries == 2 && c.health.interval_ms == 5000, "what was given wins");
	arena_done(&c.arena);
	c = merged((struct ct_config){ .health = { .test = WORDS("CMD-SHELL", "mine") } }, &image, NO_ASK);
	same(&c.health.test, "CMD-SHELL mine", "--health-cmd");
	arena_done(&c.arena);
	c = merged((struct ct_config){ 0 }, &image, &(struct merge_ask){ .no_healthcheck = true });
	same(&c.health.test, "NONE", "--no-healthcheck");
	CHECK(!c.health.interval_ms, "nothing of the image's");
	arena_done(&c.arena);
}

TEST_MAIN(T(which_program_runs), T(nothing_to_run), T(environment), T(single_values), T(labels_and_ports),
	T(volumes_of_the_image), T(no_volume_over_the_root), T(health_checks))
