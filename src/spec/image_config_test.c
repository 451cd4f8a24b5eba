#include <string.h>
#include "base/str.h"
#include "base/test.h"
#include "spec/image_config.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D1 "\"]}"

static int read_text(const char *text, struct image_config *c, struct err *e)
{
	return image_config_read(text, strlen(text), c, e);
}

TEST(what_docker_writes_is_read)
{
	static const char text[] =
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2026-01-02T03:04:05Z\",\"container\":\"x\","
		"\"config\":{\"User\":\"33:33\",\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}},\"Env\":[\"A=b\"],"
		"\"Entrypoint\":[\"nginx\"],\"Cmd\":\"old\",\"Volumes\":{\"/data\":{}},\"WorkingDir\":\"/srv\","
		"\"Labels\":{\"k\":\"v\",\"\":\"nameless\"},\"StopSignal\":\"SIGQUIT\",\"OnBuild\":null,\"Hostname\":"
		"\"\","
		"\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],\"Interval\":5000000000,\"Retries\":2}}," ROOTFS
		",\"history\":[{\"created_by\":\"/bin/sh -c x\"},{\"empty_layer\":true}]}";
	struct image_config c;
	struct err e = ERR_NONE;

	CHECK(read_text(text, &c, &e) == 0, "%s", e.msg);
	CHECK(str_eq(c.run.user, "33:33") && c.run.exposed_ports.n == 2 && c.run.env.n == 1, "members");
	CHECK(c.run.cmd.n == 1 && str_eq(c.run.cmd.v[0], "old"), "a string for a list");
	CHECK(c.run.volumes.n == 1 && str_eq(c.run.volumes.v[0], "/data") && c.run.labels.n == 1, "maps");
	CHECK(c.run.health.interval_ms == 5000 && c.run.health.retries == 2, "health");
	CHECK(c.diff_ids.n == 1 && c.n_history == 2 && c.history[1].empty_layer, "layers");
	image_config_done(&c);
}

TEST(writing_and_reading_are_inverse)
{
	static const char text[] =
		"{\"created\":\"c\",\"author\":\"a\",\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\","
		"\"config\":{\"ExposedPorts\":{\"1/tcp\":{},\"2/"
		"tcp\":{}},\"Env\":[\"A=\\\"\"],\"Labels\":{\"a\":\"1\",\"b\":\"2\"},"
		"\"Healthcheck\":{\"Test\":[\"NONE\"],\"Timeout\":1000000}}," ROOTFS
		",\"history\":[{\"comment\":\"x\"}]}";
	AUTO(buf) struct buf out = BUF_INIT;
	struct image_config c;
	struct err e = ERR_NONE;

	CHECK(read_text(text, &c, &e) == 0, "%s", e.msg);
	image_config_write(&c, &out);
	CHECK(str_eq(out.data, text), "%s", out.data);
	image_config_done(&c);
}

TEST(order_does_not_change_the_digest)
{
	static const char *const same[] = {
		"{\"config\":{\"Labels\":{\"a\":\"1\",\"b\":\"2\"},\"Volumes\":{\"/x\":{},\"/y\":{}}}," ROOTFS "}",
		"{" ROOTFS ",\"config\":{\"Volumes\":{\"/y\":{},\"/x\":{}},\"Labels\":{\"b\":\"2\",\"a\":\"1\"}}}",
	};
	AUTO(buf) struct buf one = BUF_INIT;
	AUTO(buf) struct buf two = BUF_INIT;
	struct image_config c;
	struct err e = ERR_NONE;

	CHECK(read_text(same[0], &c, &e) == 0, "%s", e.msg);
	image_config_write(&c, &one);
	image_config_done(&c);
	CHECK(read_text(same[1], &c, &e) == 0, "%s", e.msg);
	image_config_write(&c, &two);
	image_config_done(&c);
	CHECK(str_eq(one.data, two.data), "%s\n%s", one.data, two.data);
}

TEST(what_is_not_allowed_is_named)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "[]", "must be an object" },
		{ "{}", "/rootfs: is missing" },
		{ "{\"rootfs\":{\"type\":\"zfs\",\"diff_ids\":[]}}", "/rootfs/type" },
		{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:../../x\"]}}", "/rootfs/diff_ids/0" },
		{ "{\"config\":{\"Env\":[\"=x\"]}," ROOTFS "}", "/config/Env/0" },
		{ "{\"config\":{\"Env\":[\"A\"]}," ROOTFS "}", "/config/Env/0" },
		{ "{\"config\":{\"Env\":\"A=b\"}," ROOTFS "}", "/config/Env" },
		{ "{\"config\":{\"ExposedPorts\":{\"70000/tcp\":{}}}," ROOTFS "}", "/config/ExposedPorts/70000~1tcp" },
		{ "{\"config\":{\"ExposedPorts\":{\"80/icmp\":{}}}," ROOTFS "}", "80~1icmp" },
		{ "{\"config\":{\"Volumes\":{\"data\":{}}}," ROOTFS "}", "/config/Volumes/data" },
		{ "{\"config\":{\"Volumes\":{\"/a/../../etc\":{}}}," ROOTFS "}", "not an absolute path" },
		{ "{\"config\":{\"WorkingDir\":\"srv\"}," ROOTFS "}", "/config/WorkingDir" },
		{ "{\"config\":{\"WorkingDir\":\"/proc/self/fd/7\"}," ROOTFS "}", "lies in /proc" },
		{ "{\"config\":{\"StopSignal\":\"SIGNOPE\"}," ROOTFS "}", "/config/StopSignal" },
		{ "{\"config\":{\"User\":7}," ROOTFS "}", "/config/User" },
		{ "{\"config\":{\"User\":\"a\",\"User\":\"b\"}," ROOTFS "}", "in the object already" },
		{ "{\"config\":{\"Healthcheck\":{\"Interval\":-1}}," ROOTFS "}", "/config/Healthcheck/Interval" },
		{ "{" ROOTFS "} x", "image config" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_config c;
		struct err e = ERR_NONE;

		CHECK(read_text(cases[i].text, &c, &e) < 0, "took %s", cases[i].text);
		CHECK(strstr(e.msg, cases[i].words), "%s: %s", cases[i].text, e.msg);
	}
}

TEST(more_layers_than_linux_stacks)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct image_config c;
	struct err e = ERR_NONE;

	buf_str(&b, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D1 "\"");
	for (int i = 0; i < IMAGE_MAX_LAYERS; i++)
		buf_str(&b, ",\"" D1 "\"");
	buf_str(&b, "]}}");
	CHECK(image_config_read(b.data, b.len, &c, &e) < 0 && strstr(e.msg, "501 layers"), "%s", e.msg);
}

TEST_MAIN(T(what_docker_writes_is_read), T(writing_and_reading_are_inverse), T(order_does_not_change_the_digest),
	T(what_is_not_allowed_is_named), T(more_layers_than_linux_stacks))
