#include "spec/rc_test.h"

#define L(l) "{" V ", 'linux': {" l "}}"
#define NS(n) L("'namespaces': [" n "]")
#define USERNS "'namespaces': [{'type': 'user'}], "
#define MAPS(m) L(USERNS "'uidMappings': [" m "]")
#define DEV(d) L("'devices': [{'path': '/dev/x', " d "}]")
#define SYSCTL(s) L("'namespaces': [{'type': 'network'}, {'type': 'ipc'}, {'type': 'uts'}], 'sysctl': {" s "}")
#define NET(d) L("'namespaces': [{'type': 'network'}], 'netDevices': {" d "}")
#define POLICY(p) L("'memoryPolicy': {" p "}")
#define RDT(i) L("'intelRdt': {" i "}")
#define NAME_RULE "no name of a network device (1 to 15 bytes, no blank, '/' or ':')"

TEST(namespaces)
{
	static const struct rc_case cases[] = {
		{ NS("{'type': 'pid'}, {'type': 'network', 'path': '/run/x'}, {'type': 'mount', "
		     "'path': ''}, {'type': 'ipc'}, "
		     "{'type': 'uts'}, {'type': 'user'}, {'type': 'cgroup'}, {'type': 'time'}"),
			NULL },
		{ NS("{'type': 'pid'}, {'type': 'ipc'}, {'type': 'pid', 'path': '/x'}"),
			"/linux/namespaces/2/type: \"pid\" is entry 0 already" },
		{ NS("{'type': 'net'}"),
			"/linux/namespaces/0/type: \"net\" is unknown, allowed are pid, network, "
			"mount, ipc, uts, user, cgroup, time" },
		{ NS("{'path': '/x'}"), "/linux/namespaces/0/type: is missing and required" },
		{ NS("{'type': 1}"), "/linux/namespaces/0/type: is a number, must be a string" },
		{ NS("{'type': 'pid', 'path': 'x'}"),
			"/linux/namespaces/0/path: \"x\" must be an absolute path of the host" },
		{ NS("'pid'"), "/linux/namespaces/0: is a string, must be an object" },
		{ L("'timeOffsets': {'boottime': {'secs': 1}}"),
			"/linux/timeOffsets: needs a time namespace, and /linux/namespaces has "
			"none" },
		{ L("'namespaces': [{'type': 'time', 'path': '/x'}], 'timeOffsets': {'boottime': "
		    "{'secs': 1}}"),
			"/linux/timeOffsets: cannot change the time namespace joined by path" },
		{ L("'namespaces': [{'type': 'time'}], 'timeOffsets': {'boottime': {'secs': -1, "
		    "'nanosecs': 999999999}}"),
			NULL },
		{ L("'namespaces': [{'type': 'time'}], 'timeOffsets': {'monotonic': {'nanosecs': "
		    "1000000000}}"),
			"/linux/timeOffsets/monotonic/nanosecs: 1000000000 is out of range, "
			"allowed are 0 to 999999999" },
		{ L("'namespaces': [{'type': 'time'}], 'timeOffsets': {'realtime': {'secs': 1}}"),
			"/linux/timeOffsets/realtime: is no clock with an offset, allowed are "
			"boottime and monotonic" },
	};

	RC_RUN(cases);
}

TEST(id_maps)
{
	static const struct rc_case cases[] = {
		{ MAPS("{'containerID': 0, 'hostID': 1000, 'size': 1}, {'containerID': 1, "
		       "'hostID': 1001, 'size': 5}"),
			NULL },
		{ MAPS("{'containerID': 0, 'hostID': 0, 'size': 4294967295}"), NULL },
		{ MAPS(""), NULL },
		{ L("'uidMappings': []"), NULL },
		{ L("'uidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}]"),
			"/linux/uidMappings: needs a user namespace, and /linux/namespaces has "
			"none" },
		{ L("'gidMappings': [{'containerID': 0, 'hostID': 1, 'size': 1}]"),
			"/linux/gidMappings: needs a user namespace, and /linux/namespaces has "
			"none" },
		{ MAPS("{'containerID': 0, 'hostID': 0, 'size': 0}"),
			"/linux/uidMappings/0/size: 0 is out of range, allowed are 1 to "
			"4294967295" },
		{ MAPS("{'hostID': 0, 'size': 1}"), "/linux/uidMappings/0/containerID: is missing and required" },
		{ MAPS("{'containerID': 0, 'size': 1}"), "/linux/uidMappings/0/hostID: is missing and required" },
		{ MAPS("{'containerID': 0, 'hostID': 1}"), "/linux/uidMappings/0/size: is missing and required" },
		{ MAPS("{'containerID': 1, 'hostID': 0, 'size': 4294967295}"),
			"/linux/uidMappings/0: containerID 1 with size 4294967295 passes the last "
			"id 4294967294" },
		{ MAPS("{'containerID': 0, 'hostID': 4294967294, 'size': 2}"),
			"/linux/uidMappings/0: hostID 4294967294 with size 2 passes the last id "
			"4294967294" },
		{ MAPS("{'containerID': 4294967295, 'hostID': 0, 'size': 1}"),
			"/linux/uidMappings/0/containerID: 4294967295 is out of range, allowed are "
			"0 to 4294967294" },
		{ MAPS("{'containerID': 0, 'hostID': 1, 'size': 9}, {'containerID': 100, 'hostID': "
		       "50, 'size': 9}, "
		       "{'containerID': 8, 'hostID': 70, 'size': 2}"),
			"/linux/uidMappings/2: overlaps entry 0 in container ids: 8, size 2, and "
			"0, size 9" },
		{ MAPS("{'containerID': 0, 'hostID': 10, 'size': 9}, {'containerID': 100, "
		       "'hostID': 5, 'size': 6}"),
			"/linux/uidMappings/1: overlaps entry 0 in host ids: 5, size 6, and 10, "
			"size 9" },
	};

	RC_RUN(cases);
}

static int read_n_maps(int n_maps, struct err *e)
{
	auto_free char *text = malloc((size_t)n_maps * 64 + 256);
	struct runtime_config c;
	size_t n = (size_t)sprintf(text,
		"{\"ociVersion\":\"1.0.0\",\"linux\":{\"namespaces\":[{\"type\":\"user\"}],"
		"\"gidMappings\":[");

	for (int i = 0; i < n_maps; i++)
		n += (size_t)sprintf(
			text + n, "%s{\"containerID\":%d,\"hostID\":%d,\"size\":1}", i ? "," : "", i, i + 5);
	n += (size_t)sprintf(text + n, "]}}");
	int rc = runtime_config_read(text, n, NULL, false, &c, e);
	if (rc == 0)
		runtime_config_done(&c);
	return rc;
}

TEST(id_maps_are_counted)
{
	struct err e = ERR_NONE;

	CHECK(read_n_maps(340, &e) == 0, "%s", e.msg);
	CHECK(read_n_maps(5000, &e) < 0, "5000 entries");
	CHECK(strcmp(e.msg, "config.json: /linux/gidMappings: has 5000 entries, Linux allows 340") == 0, "%s", e.msg);
}

TEST(devices)
{
	static const struct rc_case cases[] = {
		{ DEV("'type': 'c', 'major': 4095, 'minor': 1048575, 'fileMode': 438, 'uid': 0, "
		      "'gid': 4294967294"),
			NULL },
		{ DEV("'type': 'p'"), NULL },
		{ DEV("'type': 'c', 'major': 1, 'minor': 3, 'fileMode': 8630"), NULL },
		{ DEV("'type': 'b', 'major': 1, 'minor': 3, 'fileMode': 8630"),
			"/linux/devices/0/fileMode: 8630 (octal 20666) is the mode of another type "
			"of file than \"b\"" },
		{ DEV("'type': 'b', 'major': 1, 'minor': 3, 'fileMode': 65536"),
			"/linux/devices/0/fileMode: 65536 is out of range, allowed are 0 to "
			"65535" },
		{ DEV("'type': 'x', 'major': 1, 'minor': 3"),
			"/linux/devices/0/type: \"x\" is unknown, allowed are c, b, u, p" },
		{ DEV("'major': 1, 'minor': 3"), "/linux/devices/0/type: is missing and required" },
		{ DEV("'type': 'c', 'minor': 3"), "/linux/devices/0/major: is missing, type \"c\" needs it" },
		{ DEV("'type': 'u', 'major': 3"), "/linux/devices/0/minor: is missing, type \"u\" needs it" },
		{ DEV("'type': 'c', 'major': -1, 'minor': 3"),
			"/linux/devices/0/major: -1 is out of range, allowed are 0 to 4095" },
		{ DEV("'type': 'c', 'major': 4096, 'minor': 3"),
			"/linux/devices/0/major: 4096 is out of range, allowed are 0 to 4095" },
		{ DEV("'type': 'c', 'major': 1, 'minor': 1048576"),
			"/linux/devices/0/minor: 1048576 is out of range, allowed are 0 to "
			"1048575" },
		{ DEV("'type': 'c', 'major': 1, 'minor': 1, 'uid': 4294967295"),
			"/linux/devices/0/uid: 4294967295 is out of range, allowed are 0 to "
			"4294967294" },
		{ L("'devices': [{'type': 'p'}]"), "/linux/devices/0/path: is missing and required" },
		{ L("'devices': [{'type': 'p', 'path': '/opt/pipe'}]"), NULL },
		{ L("'devices': [{'type': 'p', 'path': 'dev/x'}]"),
			"/linux/devices/0/path: \"dev/x\" must be an absolute path of the "
			"container" },
		{ L("'devices': [{'type': 'p', 'path': '/dev/../etc/x'}]"),
			"/linux/devices/0/path: \"/dev/../etc/x\" has a \"..\"" },
		{ L("'devices': [{'type': 'p', 'path': '/dev/..'}]"),
			"/linux/devices/0/path: \"/dev/..\" has a \"..\"" },
		{ L("'devices': [{'type': 'p', 'path': '/dev/..x'}]"), NULL },
		{ L("'devices': [{'type': 'p', 'path': '//'}]"), "/linux/devices/0/path: \"//\" names no file" },
	};

	RC_RUN(cases);
}

TEST(net_devices)
{
	static const struct rc_case cases[] = {
		{ NET("'eth0': {'name': 'a0'}, 'eth1': {}, 'eth2': {'name': 'x%d'}, 'eth3': "
		      "{'name': 'x%d'}"),
			NULL },
		{ L("'netDevices': {'eth0': {}}"),
			"/linux/netDevices: needs a network namespace, and /linux/namespaces has "
			"none" },
		{ NET("'eth0': {'name': 'a b'}"), "/linux/netDevices/eth0/name: \"a b\" is " NAME_RULE },
		{ NET("'eth0': {'name': '..'}"), "/linux/netDevices/eth0/name: \"..\" is " NAME_RULE },
		{ NET("'eth0': {'name': '0123456789abcdef'}"),
			"/linux/netDevices/eth0/name: \"0123456789abcdef\" is " NAME_RULE },
		{ NET("'eth0': {'name': '%s'}"), "/linux/netDevices/eth0/name: \"%s\" is " NAME_RULE },
		{ NET("'eth0': {'name': '%d%d'}"), "/linux/netDevices/eth0/name: \"%d%d\" is " NAME_RULE },
		{ NET("'a/b': {}"), "/linux/netDevices/a~1b: is " NAME_RULE },
		{ NET("'x%d': {}"), "/linux/netDevices/x%d: is " NAME_RULE },
		{ NET("'a': {'name': 'c'}, 'b': {'name': 'c'}"),
			"/linux/netDevices/b/name: \"c\" is the name of a in the container "
			"already" },
		{ NET("'a': {'name': 'b'}, 'b': {}"),
			"/linux/netDevices/b/name: \"b\" is the name of a in the container "
			"already" },
		{ NET("'a': 1"), "/linux/netDevices/a: is a number, must be an object" },
	};

	RC_RUN(cases);
}

TEST(sysctls)
{
	static const char not_namespaced[] =
		"belongs to no namespace, so it would change the host; allowed are net.*, user.*, "
		"fs.mqueue.* and the ipc and uts keys of kernel.*";
	static const char alphabet[] = "the key may consist of letters, digits and _ . @ / - only";
	static const char empty_part[] = "the key has an empty part or \"..\"";
	static const struct {
		const char *member, *path, *error;
	} cases[] = {
		{ "'net.ipv4.ip_forward': '1'", NULL, NULL },
		{ "'net/ipv4/conf/eth0.1/forwarding': '+='", NULL, NULL },
		{ "'kernel.shmmax': ''", NULL, NULL },
		{ "'kernel/msgmax': '1'", NULL, NULL },
		{ "'fs.mqueue.msg_max': '1'", NULL, NULL },
		{ "'kernel.domainname': 'x'", NULL, NULL },
		{ "'kernel.core_pattern': '|/x'", "kernel.core_pattern", not_namespaced },
		{ "'kernel.shmmaxx': '1'", "kernel.shmmaxx", not_namespaced },
		{ "'kernel': '1'", "kernel", not_namespaced },
		{ "'networks.x': '1'", "networks.x", not_namespaced },
		{ "'net.a b': '1'", "net.a b", alphabet },
		{ "'net.a+b': '1'", "net.a+b", alphabet },
		{ "'net.a=b': '1'", "net.a=b", alphabet },
		{ "'net/../kernel/core_pattern': '1'", "net~1..~1kernel~1core_pattern", empty_part },
		{ "'net..x': '1'", "net..x", empty_part },
		{ "'/net.x': '1'", "~1net.x", empty_part },
		{ "'net.x.': '1'", "net.x.", empty_part },
		{ "'net.x': '1\\n2'", "net.x", "the value has a line break" },
		{ "'net.x': 1", "net.x", "is a number, must be a string" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char json[512], error[512];

		snprintf(json, sizeof(json), SYSCTL("%s"), cases[i].member);
		if (cases[i].error)
			snprintf(error, sizeof(error), "/linux/sysctl/%s: %s", cases[i].path, cases[i].error);
		rc_run(&(struct rc_case){ json, cases[i].error ? error : NULL }, 1);
	}
}

TEST(sysctls_need_their_namespace)
{
	static const struct rc_case cases[] = {
		{ L("'sysctl': {'net.x': '1'}"),
			"/linux/sysctl/net.x: needs a network namespace, and /linux/namespaces has "
			"none" },
		{ L("'sysctl': {'kernel.sem': '1'}"),
			"/linux/sysctl/kernel.sem: needs a ipc namespace, and /linux/namespaces "
			"has none" },
		{ L("'sysctl': {'kernel.domainname': '1'}"),
			"/linux/sysctl/kernel.domainname: needs a uts namespace, and "
			"/linux/namespaces has none" },
		{ L("'sysctl': {'user.max_user_namespaces': '1'}"),
			"/linux/sysctl/user.max_user_namespaces: needs a user namespace, and "
			"/linux/namespaces has none" },
		{ L(USERNS "'sysctl': {'user.max_user_namespaces': '1'}"), NULL },
	};

	RC_RUN(cases);
}

TEST(paths_and_words)
{
	static const struct rc_case cases[] = {
		{ L("'cgroupsPath': '/a/b'"), NULL },
		{ L("'cgroupsPath': 'a.slice:prefix:name'"), NULL },
		{ L("'cgroupsPath': ''"), NULL },
		{ L("'cgroupsPath': '/a/../../b'"), "/linux/cgroupsPath: \"/a/../../b\" has a \"..\"" },
		{ L("'cgroupsPath': '..'"), "/linux/cgroupsPath: \"..\" has a \"..\"" },
		{ L("'maskedPaths': ['/a'], 'readonlyPaths': []"), NULL },
		{ L("'maskedPaths': ['/a', 'b']"),
			"/linux/maskedPaths/1: \"b\" must be an absolute path of the container" },
		{ L("'readonlyPaths': ['']"),
			"/linux/readonlyPaths/0: \"\" must be an absolute path of the container" },
		{ L("'rootfsPropagation': 'rslave'"), NULL },
		{ L("'rootfsPropagation': ''"), NULL },
		{ L("'rootfsPropagation': 'bind'"),
			"/linux/rootfsPropagation: \"bind\" is unknown, allowed are shared, slave, "
			"private, unbindable, rshared, rslave, "
			"rprivate, runbindable" },
		{ L("'personality': {'domain': 'LINUX32', 'flags': []}"), NULL },
		{ L("'personality': {'domain': 'LINUX64'}"),
			"/linux/personality/domain: \"LINUX64\" is unknown, allowed are LINUX, "
			"LINUX32" },
		{ L("'personality': {}"), "/linux/personality/domain: is missing and required" },
		{ L("'personality': {'domain': 'LINUX', 'flags': ['ADDR_NO_RANDOMIZE']}"),
			"/linux/personality/flags/0: \"ADDR_NO_RANDOMIZE\" is unknown, allowed are "
			"none" },
	};

	RC_RUN(cases);
}

TEST(memory_policy_and_rdt)
{
	static const struct rc_case cases[] = {
		{ POLICY("'mode': 'MPOL_INTERLEAVE', 'nodes': '2-3', 'flags': "
			 "['MPOL_F_STATIC_NODES']"),
			NULL },
		{ POLICY("'mode': 'MPOL_PREFERRED'"), NULL },
		{ POLICY("'mode': 'MPOL_BIND', 'nodes': '0', 'flags': ['MPOL_F_NUMA_BALANCING']"), NULL },
		{ POLICY("'nodes': '0'"), "/linux/memoryPolicy/mode: is missing and required" },
		{ POLICY("'mode': 'MPOL_X'"),
			"/linux/memoryPolicy/mode: \"MPOL_X\" is unknown, allowed are "
			"MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, "
			"MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED_MANY, "
			"MPOL_LOCAL" },
		{ POLICY("'mode': 'MPOL_LOCAL', 'nodes': '0'"),
			"/linux/memoryPolicy/nodes: MPOL_DEFAULT and MPOL_LOCAL take none" },
		{ POLICY("'mode': 'MPOL_DEFAULT', 'flags': ['MPOL_F_STATIC_NODES']"),
			"/linux/memoryPolicy/flags: MPOL_DEFAULT and MPOL_LOCAL take none" },
		{ POLICY("'mode': 'MPOL_BIND'"),
			"/linux/memoryPolicy/nodes: is missing, this mode needs at least one" },
		{ POLICY("'mode': 'MPOL_BIND', 'nodes': '1024'"),
			"/linux/memoryPolicy/nodes: \"1024\" is not a list like \"0-3,7\" of "
			"rising ranges with numbers up to 1023" },
		{ POLICY("'mode': 'MPOL_BIND', 'nodes': '1', 'flags': ['MPOL_F_STATIC_NODES', "
			 "'MPOL_F_RELATIVE_NODES']"),
			"/linux/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES "
			"exclude each other" },
		{ POLICY("'mode': 'MPOL_INTERLEAVE', 'nodes': '1', 'flags': "
			 "['MPOL_F_NUMA_BALANCING']"),
			"/linux/memoryPolicy/flags: MPOL_F_NUMA_BALANCING goes with MPOL_BIND and "
			"MPOL_PREFERRED_MANY only" },
		{ RDT("'closID': '/', 'l3CacheSchema': 'L3:0=f', 'memBwSchema': 'MB:0=20', "
		      "'schemata': ['L3:0=f'], "
		      "'enableMonitoring': true, 'enableCMT': false, 'enableMBM': true"),
			NULL },
		{ RDT("'closID': '..'"),
			"/linux/intelRdt/closID: \"..\" must be \"/\" or the name of one "
			"directory" },
		{ RDT("'closID': '.'"),
			"/linux/intelRdt/closID: \".\" must be \"/\" or the name of one "
			"directory" },
		{ RDT("'closID': 'a/b'"),
			"/linux/intelRdt/closID: \"a/b\" must be \"/\" or the name of one "
			"directory" },
		{ RDT("'l3CacheSchema': 'L3:0=f\\nMB:0=1'"),
			"/linux/intelRdt/l3CacheSchema: has a line break, one line is allowed" },
		{ RDT("'memBwSchema': 'L3:0=1'"), "/linux/intelRdt/memBwSchema: \"L3:0=1\" must begin with MB:" },
		{ RDT("'memBwSchema': 'MB:0=1\\n'"),
			"/linux/intelRdt/memBwSchema: has a line break, one line is allowed" },
		{ RDT("'schemata': ['a', 'b\\nc']"),
			"/linux/intelRdt/schemata/1: has a line break, each entry is one line" },
	};

	RC_RUN(cases);
}

TEST(values_arrive)
{
	struct runtime_config c = rc_must_read(L("'namespaces': [{'type': 'time'}, {'type': 'user'}, {'type': "
						 "'network', 'path': '/n'}], 'uidMappings': "
						 "[{'containerID': 1, 'hostID': 2, 'size': 3}], 'timeOffsets': "
						 "{'boottime': {'secs': -7, 'nanosecs': 9}}, "
						 "'devices': [{'path': '/dev/f', 'type': 'u', 'major': 10, 'minor': "
						 "229, 'fileMode': 8630, 'uid': 1, 'gid': 2}], "
						 "'netDevices': {'eth0': {}, 'eth1': {'name': 'c0'}}, 'cgroupsPath': "
						 "'/c', 'rootfsPropagation': 'rshared', "
						 "'sysctl': {'net.a': 'b'}, 'maskedPaths': ['/m'], 'readonlyPaths': "
						 "['/r', '/s'], 'mountLabel': 'x', "
						 "'intelRdt': {'closID': 'g', 'schemata': ['L2:0=f'], "
						 "'enableMonitoring': true}, 'memoryPolicy': {'mode': "
						 "'MPOL_BIND', 'nodes': '0', 'flags': ['MPOL_F_STATIC_NODES']}, "
						 "'personality': {'domain': 'LINUX32'}"));
	const struct rc_linux *l = &c.linux_;

	CHECK(l->ns[RC_NS_NET].present && strcmp(l->ns[RC_NS_NET].path, "/n") == 0, "network");
	CHECK(l->uid_maps.n == 1 && l->uid_maps.v[0].container == 1 && l->uid_maps.v[0].host == 2, "map");
	CHECK(l->uid_maps.v[0].size == 3 && l->gid_maps.n == 0, "map size");
	CHECK(l->boottime.set && l->boottime.secs == -7 && l->boottime.nanosecs == 9 && !l->monotonic.set, "time");
	CHECK(l->n_devices == 1 && l->devices[0].type == 'u' && l->devices[0].minor == 229, "device");
	CHECK(l->devices[0].file_mode.set && l->devices[0].file_mode.v == 0666, "mode %o",
		(unsigned)l->devices[0].file_mode.v);
	CHECK(l->devices[0].uid.v == 1 && l->devices[0].gid.v == 2, "owner");
	CHECK(l->n_net_devices == 2 && !l->net_devices[0].container_name, "net device");
	CHECK(strcmp(l->net_devices[1].container_name, "c0") == 0, "net device name");
	CHECK(strcmp(l->cgroups_path, "/c") == 0 && strcmp(l->mount_label, "x") == 0, "strings");
	CHECK(l->rootfs_propagation == RC_PROP_SHARED && l->rootfs_propagation_recursive, "propagation");
	CHECK(l->sysctl.n == 1 && strcmp(l->sysctl.v[0].value, "b") == 0, "sysctl");
	CHECK(l->masked_paths.n == 1 && l->readonly_paths.n == 2, "paths");
	CHECK(strcmp(l->intel_rdt->clos_id, "g") == 0 && l->intel_rdt->enable_monitoring, "rdt");
	CHECK(l->memory_policy->mode == 2 && l->memory_policy->mode_flags == 1u << 15, "policy");
	CHECK(l->personality.set && l->personality.v == 8, "personality");
	runtime_config_done(&c);
}

TEST_MAIN(T(namespaces), T(id_maps), T(id_maps_are_counted), T(devices), T(net_devices), T(sysctls),
	T(sysctls_need_their_namespace), T(paths_and_words), T(memory_policy_and_rdt), T(values_arrive))
