#include "spec/runtime_config.h"

#include "spec/rc_test.h"

#define MOUNT(m) "{" V ", 'mounts': [" m "]}"
#define HOOK(h) "{" V ", 'hooks': {'poststart': [" h "]}}"
#define L64 "0123456789012345678901234567890123456789012345678901234567890123"
#define UTS ", 'linux': {'namespaces': [{'type': 'uts'}]}}"

TEST(top_level)
{
	static const struct rc_case cases[] = {
		{ "{" V "}", NULL },
		{ "[]", "/: is a list, must be an object" },
		{ "null", "/: is null, must be an object" },
		{ "{", "line 1, column 2: the document ends here, in the middle" },
		{ "{}", "/ociVersion: is missing and required" },
		{ "{'ociVersion': null}", "/ociVersion: is missing and required" },
		{ "{'ociVersion': 1}", "/ociVersion: is a number, must be a string" },
		{ "{'ociVersion': ''}", "/ociVersion: \"\" is not a version like 1.3.0" },
		{ "{'ociVersion': '1.0'}", "/ociVersion: \"1.0\" is not a version like 1.3.0" },
		{ "{'ociVersion': 'v1.0.0'}", "/ociVersion: \"v1.0.0\" is not a version like 1.3.0" },
		{ "{'ociVersion': '1.01.0'}", "/ociVersion: \"1.01.0\" is not a version like 1.3.0" },
		{ "{'ociVersion': '1.0.0-'}", "/ociVersion: \"1.0.0-\" is not a version like 1.3.0" },
		{ "{'ociVersion': '1.0.0-a..b'}", "/ociVersion: \"1.0.0-a..b\" is not a version like 1.3.0" },
		{ "{'ociVersion': '1.0.0-01'}", "/ociVersion: \"1.0.0-01\" is not a version like 1.3.0" },
		{ "{'ociVersion': '1.0.0 '}", "/ociVersion: \"1.0.0 \" is not a version like 1.3.0" },
		{ "{'ociVersion': '0.2.0'}", "/ociVersion: version 0.2.0 is not supported, every 1.x is" },
		{ "{'ociVersion': '2.0.0'}", "/ociVersion: version 2.0.0 is not supported, every 1.x is" },
		{ "{'ociVersion': '11.0.0'}", "/ociVersion: version 11.0.0 is not supported, every 1.x is" },
		{ "{'ociVersion': '1.0.0-rc5-dev'}", NULL },
		{ "{'ociVersion': '1.1.0+dev.01'}", NULL },
		{ "{'ociVersion': '1.99.7-rc.1+x'}", NULL },
		{ "{" V ", 'process': null, 'root': null, 'mounts': null, 'hooks': null, 'linux': null}", NULL },
		{ "{" V ", 'vm': {'x': 1.5}, 'zos': {}, 'windows': {'y': []}, 'solaris': {}, "
		  "'freebsd': {}}",
			NULL },
		{ "{" V ", 'root': {}}", "/root/path: is missing and required" },
		{ "{" V ", 'root': {'path': ''}}", "/root/path: is empty" },
		{ "{" V ", 'root': {'path': '/'}}", "/root/path: \"/\" is the root of the host, name a directory" },
		{ "{" V ", 'root': {'path': '//./..'}}",
			"/root/path: \"//./..\" is the root of the host, name a directory" },
		{ "{" V ", 'root': {'path': 'rootfs', 'readonly': 1}}",
			"/root/readonly: is a number, must be true or false" },
		{ "{" V ", 'root': {'path': '/...', 'readonly': true}}", NULL },
		{ "{" V ", 'hostname': '" L64 "'" UTS, NULL },
		{ "{" V ", 'hostname': '" L64 "x'" UTS, "/hostname: 65 bytes long, Linux allows 64" },
		{ "{" V ", 'domainname': '" L64 "x'" UTS, "/domainname: 65 bytes long, Linux allows 64" },
		{ "{" V ", 'hostname': ''}", NULL },
		{ "{" V ", 'hostname': 'a'}", "/hostname: needs a uts namespace, and /linux/namespaces has none" },
		{ "{" V ", 'annotations': {'': 'x'}}", "/annotations/: the key is empty" },
		{ "{" V ", 'annotations': {'a/b~c': 1}}", "/annotations/a~1b~0c: is a number, must be a string" },
		{ "{" V ", 'annotations': []}", "/annotations: is a list, must be an object" },
		{ "{" V ", 'annotations': {'a': ''}}", NULL },
		{ "{" V ", 'unknown': {'x': [1.5]}}", NULL },
	};

	RC_RUN(cases);
}

TEST(mounts)
{
	static const struct rc_case cases[] = {
		{ MOUNT("{'destination': '/proc', 'type': 'proc'}"), NULL },
		{ MOUNT("{'destination': '/a', 'source': '/b', 'options': ['rbind', 'ro']}"), NULL },
		{ MOUNT("{'destination': '/a', 'options': ['remount', 'ro']}"), NULL },
		{ MOUNT("{'destination': '/a', 'options': ['rshared']}"), NULL },
		{ MOUNT("{'destination': 'relative', 'type': 'tmpfs'}"), NULL },
		{ MOUNT("{'type': 'proc'}"), "/mounts/0/destination: is missing and required" },
		{ MOUNT("{'destination': '', 'type': 'proc'}"), "/mounts/0/destination: is empty" },
		{ MOUNT("{'destination': '/a', 'type': 'x'}, {'destination': '/b', 'options': "
			"['bind']}"),
			"/mounts/1/source: is missing, a bind mount needs one" },
		{ MOUNT("{'destination': '/a', 'source': 'x'}"),
			"/mounts/0/type: is missing and the options have neither bind nor rbind" },
		{ MOUNT("{'destination': '/a', 'type': 'x', 'options': 'ro'}"),
			"/mounts/0/options: is a string, must be a list" },
		{ MOUNT("{'destination': '/a', 'type': 'x', 'options': ['ro', 7]}"),
			"/mounts/0/options/1: is a number, must be a string" },
		{ MOUNT("{'destination': '/a', 'type': 'x', 'options': [null]}"),
			"/mounts/0/options/0: is null, must be a string" },
		{ MOUNT("{'destination': '/a', 'type': 'x', 'uidMappings': [{'containerID': 0, "
			"'hostID': 1, 'size': 1}]}"),
			"/mounts/0/gidMappings: is missing, uidMappings is given" },
		{ MOUNT("{'destination': '/a', 'type': 'x', 'gidMappings': [{'containerID': 0, "
			"'hostID': 1, 'size': 1}]}"),
			"/mounts/0/uidMappings: is missing, gidMappings is given" },
		{ MOUNT("{'destination': '/a', 'source': '/b', 'options': ['bind', 'idmap']}"),
			"/mounts/0/options: idmap needs mappings, and neither the mount nor the "
			"container has any" },
		{ MOUNT("7"), "/mounts/0: is a number, must be an object" },
		{ "{" V ", 'mounts': {}}", "/mounts: is an object, must be a list" },
	};

	RC_RUN(cases);
}

TEST(hooks)
{
	static const struct rc_case cases[] = {
		{ HOOK("{'path': '/bin/x', 'args': ['x'], 'env': ['A=1'], 'timeout': 5}"), NULL },
		{ HOOK("{'args': ['x']}"), "/hooks/poststart/0/path: is missing and required" },
		{ HOOK("{'path': 'x'}"), "/hooks/poststart/0/path: \"x\" must be an absolute path of the host" },
		{ HOOK("{'path': ''}"), "/hooks/poststart/0/path: \"\" must be an absolute path of the host" },
		{ HOOK("{'path': '/x'}, {'path': '/y', 'timeout': 0}"),
			"/hooks/poststart/1/timeout: 0 is out of range, allowed are 1 to "
			"2147483647" },
		{ HOOK("{'path': '/y', 'timeout': 1.5}"),
			"/hooks/poststart/0/timeout: 1.5 is not a whole number (no fraction, no "
			"exponent)" },
		{ HOOK("{'path': '/y', 'env': ['A']}"), "/hooks/poststart/0/env/0: has no '=', must be NAME=VALUE" },
		{ "{" V ", 'hooks': {'poststart': {'path': '/x'}}}", "/hooks/poststart: is an object, must be a list" },
		{ "{" V ", 'hooks': {'prestart': [], 'createRuntime': [], 'createContainer': [], "
		  "'startContainer': [], "
		  "'poststop': []}}",
			NULL },
	};
	struct runtime_config c;

	RC_RUN(cases);
	for (int i = 0; i < RC_N_HOOK_STAGES; i++) {
		char json[128];

		snprintf(json, sizeof(json), "{" V ", 'hooks': {'%s': [{'path': '/a'}, {'path': '/b', 'timeout': 3}]}}",
			rc_hook_stage_names[i]);
		c = rc_must_read(json);
		CHECK(c.hooks[i].n == 2 && c.hooks[i].v[1].timeout_s == 3, "%s", rc_hook_stage_names[i]);
		CHECK(strcmp(c.hooks[i].v[0].path, "/a") == 0 && c.hooks[i].v[0].args.n == 0, "%s",
			rc_hook_stage_names[i]);
		runtime_config_done(&c);
	}
}

TEST(values_arrive)
{
	struct runtime_config c = rc_must_read("{" V ", 'root': {'path': 'r', 'readonly': true}, 'hostname': 'h', "
					       "'domainname': 'd', 'annotations': {'k': 'v', "
					       "'k2': ''}, 'mounts': [{'destination': '/p', 'type': 'proc', "
					       "'source': 's', 'options': ['a', 'b']}]" UTS);

	CHECK(strcmp(c.oci_version, "1.3.0") == 0, "%s", c.oci_version);
	CHECK(c.has_root && c.root_readonly && strcmp(c.root_path, "r") == 0, "root");
	CHECK(strcmp(c.hostname, "h") == 0 && strcmp(c.domainname, "d") == 0, "names");
	CHECK(strcmp(rc_annotation(&c, "k"), "v") == 0 && rc_annotation(&c, "k2")[0] == '\0', "annotations");
	CHECK(!rc_annotation(&c, "k3"), "an annotation that is not there");
	CHECK(c.n_mounts == 1 && c.mounts[0].options.n == 2 && !c.mounts[0].options.v[2], "options end in NULL");
	CHECK(strcmp(c.mounts[0].options.v[1], "b") == 0 && strcmp(c.mounts[0].source, "s") == 0, "mount");
	CHECK(!c.process && c.has_linux && c.linux_.ns[RC_NS_UTS].present && !c.linux_.ns[RC_NS_UTS].path, "namespace");
	CHECK(!c.linux_.ns[RC_NS_PID].present, "pid namespace");
	runtime_config_done(&c);
	runtime_config_done(&c); /* harmless */
}

TEST(problems_are_collected)
{
	static const char json[] = "{'ociVersion': '9.0.0', 'extra': 1, 'root': {'path': ''}, 'hostname': 'h', "
				   "'process': {'cwd': 'x', 'args': [''], "
				   "'capabilities': {'bounding': ['CAP_NEW', 'CAP_KILL'], 'effective': ['CAP_NEW']}, "
				   "'user': {'uid': -1}}, "
				   "'linux': {'namespaces': [{'type': 'pid'}, {'type': 'pid'}, {'type': 'moon'}]}}";
	static const struct {
		enum rc_severity severity;
		const char *path, *cause;
	} wanted[] = {
		{ RC_ERROR, "/ociVersion", "version 9.0.0" },
		{ RC_WARNING, "/extra", "unknown field" },
		{ RC_ERROR, "/root/path", "is empty" },
		{ RC_ERROR, "/process/cwd", "\"x\" must be an absolute path" },
		{ RC_ERROR, "/process/args/0", "is empty" },
		{ RC_WARNING, "/process/capabilities/bounding/0", "\"CAP_NEW\"" },
		{ RC_WARNING, "/process/capabilities/effective/0", "\"CAP_NEW\"" },
		{ RC_ERROR, "/process/user/uid", "-1 is out of range" },
		{ RC_ERROR, "/process/user/gid", "is missing" },
		{ RC_ERROR, "/linux/namespaces/2/type", "\"moon\" is unknown" },
		{ RC_ERROR, "/linux/namespaces/1/type", "\"pid\" is entry 0 already" },
		{ RC_ERROR, "/hostname", "needs a uts namespace" },
	};
	auto_free char *text = rc_quotes(json);
	AUTO(rc_problems) struct rc_problems p = { .arena = ARENA_INIT };
	struct runtime_config c;
	struct err e = ERR_NONE;

	CHECK(runtime_config_read(text, strlen(text), &p, true, &c, &e) < 0, "accepted");
	CHECK(strstr(e.msg, "config.json: /ociVersion"), "%s", e.msg);
	CHECK(strstr(e.hint, "and 8 more errors"), "%s", e.hint);
	for (size_t i = 0; i < p.n && i < ARRAY_SIZE(wanted); i++) {
		CHECK(p.v[i].severity == wanted[i].severity, "%zu %s: %s", i, p.v[i].json_path, p.v[i].cause);
		CHECK(strcmp(p.v[i].json_path, wanted[i].path) == 0, "%zu %s: %s", i, p.v[i].json_path, p.v[i].cause);
		CHECK(strstr(p.v[i].cause, wanted[i].cause), "%zu %s: %s", i, p.v[i].json_path, p.v[i].cause);
	}
	CHECK(p.n == ARRAY_SIZE(wanted), "%zu problems", p.n);
	CHECK(p.v[p.n - 1].remedy && strstr(p.v[p.n - 1].remedy, "uts"), "remedy");
}

TEST(warnings_do_not_refuse)
{
	auto_free char *text =
		rc_quotes("{" V ", 'extra': 1, 'linux': {'a/b': 2}, 'annotations': {'run.oci.hooks.stderr': "
			  "'/x', 'run.oci.hook.stderr': '/x', 'a.b': 'c'}, 'mounts': [{'destination': 'd', "
			  "'type': 't'}]}");
	AUTO(rc_problems) struct rc_problems p = { .arena = ARENA_INIT };
	struct runtime_config c;
	struct err e = ERR_NONE;

	CHECK(runtime_config_read(text, strlen(text), &p, true, &c, &e) == 0, "%s", e.msg);
	CHECK(p.n == 4, "%zu problems", p.n);
	CHECK(strcmp(p.v[2].json_path, "/annotations/run.oci.hook.stderr") == 0, "%s", p.v[2].json_path);
	CHECK(strcmp(p.v[1].json_path, "/linux/a~1b") == 0, "%s", p.v[1].json_path);
	runtime_config_done(&c);
}

TEST(problems_are_bounded)
{
	enum { N = 5000 };
	auto_free char *text = malloc(N * 16);
	AUTO(rc_problems) struct rc_problems p = { .arena = ARENA_INIT };
	struct runtime_config c;
	struct err e = ERR_NONE;
	size_t n = (size_t)sprintf(text, "{\"ociVersion\":\"1.0.0\"");

	for (int i = 0; i < N; i++)
		n += (size_t)sprintf(text + n, ",\"x%d\":1", i);
	text[n++] = '}';
	CHECK(runtime_config_read(text, n, &p, true, &c, &e) == 0, "%s", e.msg);
	CHECK(p.n == 1000, "%zu problems", p.n);
	runtime_config_done(&c);
}

TEST(small_documents)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	auto_free char *mounts =
		rc_quotes("[{'destination': '/a', 'type': 'tmpfs'}, {'destination': '/b', 'type': 'proc'}]");
	auto_free char *bad = rc_quotes("[{'type': 'tmpfs'}]");
	struct err e = ERR_NONE;
	struct rc_mount *m;
	size_t n = 0;

	CHECK(rc_mounts_read(mounts, strlen(mounts), &a, &m, &n, &e) == 0 && n == 2, "%s", e.msg);
	CHECK(strcmp(m[1].destination, "/b") == 0, "%s", m[1].destination);
	CHECK(rc_mounts_read(bad, strlen(bad), &a, &m, &n, &e) < 0, "accepted");
	CHECK(strcmp(e.msg, "mounts: /0/destination: is missing and required") == 0, "%s", e.msg);
}

TEST_MAIN(T(top_level), T(mounts), T(hooks), T(values_arrive), T(problems_are_collected), T(warnings_do_not_refuse),
	T(problems_are_bounded), T(small_documents))
