#include <string.h>
#include "base/str.h"
#include "base/test.h"
#include "spec/image_manifest.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define DESC(type, more) "{\"mediaType\":\"" type "\",\"digest\":\"" D1 "\",\"size\":7" more "}"
#define CONFIG "\"config\":" DESC(IMAGE_TYPE_CONFIG, "")
#define LAYERS "\"layers\":[" DESC(IMAGE_TYPE_LAYER "+gzip", "") "]"

static int read_text(const char *text, struct image_manifest *m, struct err *e)
{
	return image_manifest_read(text, strlen(text), m, e);
}

TEST(manifests_and_indexes)
{
	struct image_manifest m;
	struct err e = ERR_NONE;
	enum image_pack pack;

	CHECK(read_text("{\"schemaVersion\":2," CONFIG "," LAYERS "}", &m, &e) == 0, "%s", e.msg);
	CHECK(m.kind == IMAGE_MEDIA_MANIFEST && m.n_layers == 1 && m.config.size == 7, "members");
	CHECK(image_media_of(m.layers[0].media_type, &pack) == IMAGE_MEDIA_LAYER && pack == IMAGE_PACK_GZIP, "gzip");
	image_manifest_done(&m);
	CHECK(read_text("{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_INDEX
			"\",\"manifests\":[" DESC(IMAGE_TYPE_MANIFEST,
				",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"},"
				"\"annotations\":{\"org.opencontainers.image.ref.name\":\"latest\"}") "]}",
		      &m, &e) == 0,
		"%s", e.msg);
	CHECK(m.kind == IMAGE_MEDIA_INDEX && m.n_manifests == 1, "members");
	CHECK(str_eq(image_annotation(&m.manifests[0].annotations, "org.opencontainers.image.ref.name"), "latest"),
		"name");
	CHECK(str_eq(m.manifests[0].platform.architecture, "arm64"), "platform");
	image_manifest_done(&m);
}

TEST(ambiguous_ones_are_refused)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "manifest" },
		{ "null", "must be an object" },
		{ "{}", "schemaVersion" },
		{ "{\"schemaVersion\":1," CONFIG "," LAYERS "}", "schemaVersion" },
		{ "{\"schemaVersion\":2," CONFIG "," LAYERS ",\"manifests\":[]}", "and of an index" },
		{ "{\"schemaVersion\":2," CONFIG "}", "/layers: is missing" },
		{ "{\"schemaVersion\":2," LAYERS "}", "/config: is missing" },
		{ "{\"schemaVersion\":2}", "neither" },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_INDEX "\"," CONFIG "," LAYERS "}", "/mediaType" },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_MANIFEST "\",\"manifests\":[]}", "/mediaType" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[" DESC("application/x", "") "]}",
			"/layers/0/mediaType" },
		{ "{\"schemaVersion\":2,\"config\":" DESC("application/x", "") "," LAYERS "}", "/config/mediaType" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"digest\":\"" D1 "\",\"size\":-1}]}",
			"/layers/0/size" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"digest\":\"sha256:12\",\"size\":1}]}",
			"/layers/0/digest" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"layers\":[]}", "in the object already" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_manifest m;
		struct err e = ERR_NONE;

		CHECK(read_text(cases[i].text, &m, &e) < 0, "took %s", cases[i].text);
		CHECK(strstr(e.msg, cases[i].words), "%s: %s", cases[i].text, e.msg);
	}
}

TEST(platforms)
{
	struct image_want w;
	struct err e = ERR_NONE;
	struct image_platform arm = { .os = "linux", .architecture = "arm64" };
	struct image_platform v8 = { .os = "linux", .architecture = "arm64", .variant = "v8" };
	struct image_platform v7 = { .os = "linux", .architecture = "arm", .variant = "v7" };
	struct image_platform windows = { .os = "windows", .architecture = "arm64" };

	CHECK(image_want_parse("linux/aarch64", &w, &e) == 0 && str_eq(w.architecture, "arm64"), "%s", e.msg);
	CHECK(image_want_match(&w, &arm) > 0 && image_want_match(&w, &v8) > 0, "arm64");
	CHECK(!image_want_match(&w, &v7) && !image_want_match(&w, &windows), "others");
	CHECK(image_want_parse("linux/arm/v7", &w, &e) == 0 && image_want_match(&w, &v7) > 0, "v7");
	CHECK(image_want_parse("linux/", &w, &e) < 0, "took half a platform");
}

TEST(docker_save)
{
	static const char text[] =
		"[{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[\"a/layer.tar\",\"b/layer.tar\"]}]";
	static const char *const broken[] = { "[]", "{}", "[{}]", "[{\"Config\":\"\"}]",
		"[{\"Config\":\"c\",\"Layers\":[1]}]" };
	struct image_archive a;
	struct err e = ERR_NONE;

	CHECK(image_archive_read(text, strlen(text), &a, &e) == 0, "%s", e.msg);
	CHECK(a.n == 1 && a.v[0].layers.n == 2 && a.v[0].repo_tags.n == 0, "members");
	image_archive_done(&a);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct err f = ERR_NONE;

		CHECK(image_archive_read(broken[i], strlen(broken[i]), &a, &f) < 0 && f.msg[0], "took %s", broken[i]);
	}
}

TEST_MAIN(T(manifests_and_indexes), T(ambiguous_ones_are_refused), T(platforms), T(docker_save))
