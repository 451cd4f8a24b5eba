#include "spec/rc_test.h"

#define R(r) "{" V ", 'linux': {'resources': {" r "}}}"
#define AT "/linux/resources/"
#define CPUS_RULE " is not a list like \"0-3,7\" of rising ranges with numbers up to "

TEST(memory)
{
	static const struct rc_case cases[] = {
		{ R("'memory': {'limit': -1, 'reservation': 0, 'swap': -1, 'kernel': 5, "
		    "'kernelTCP': 6, 'swappiness': 100, "
		    "'disableOOMKiller': false, 'useHierarchy': true, 'checkBeforeUpdate': true}"),
			NULL },
		{ R("'memory': {'limit': 9223372036854775807}"), NULL },
		{ R("'memory': {'limit': -2}"),
			AT "memory/limit: -2 is out of range, allowed are -1 to 9223372036854775807" },
		{ R("'memory': {'limit': 9223372036854775808}"),
			AT "memory/limit: 9223372036854775808 is out of range, allowed are -1 to "
			   "9223372036854775807" },
		{ R("'memory': {'limit': 1e9}"),
			AT "memory/limit: 1e9 is not a whole number (no fraction, no exponent)" },
		{ R("'memory': {'limit': '1g'}"), AT "memory/limit: is a string, must be a whole number" },
		{ R("'memory': {'swappiness': 101}"),
			AT "memory/swappiness: 101 is out of range, allowed are 0 to 100" },
		{ R("'memory': {'limit': 100, 'swap': 50}"),
			AT "memory/swap: 50 is less than the memory limit 100, it limits memory "
			   "and swap together" },
		{ R("'memory': {'limit': 100, 'swap': 100}"), NULL },
		{ R("'memory': {'disableOOMKiller': 0}"),
			AT "memory/disableOOMKiller: is a number, must be true or false" },
	};

	RC_RUN(cases);
}

TEST(cpu)
{
	static const struct rc_case cases[] = {
		{ R("'cpu': {'shares': 1024, 'quota': 1000, 'burst': 1000, 'period': 1000000, "
		    "'realtimeRuntime': -1, "
		    "'realtimePeriod': 5, 'cpus': '0-3,7', 'mems': '0', 'idle': 1}"),
			NULL },
		{ R("'cpu': {'shares': 0, 'quota': 0, 'period': 0, 'realtimePeriod': 0, 'cpus': "
		    "'', 'mems': ''}"),
			NULL },
		{ R("'cpu': {'quota': -1}"), NULL },
		{ R("'cpu': {'quota': 1}"),
			AT "cpu/quota: 1 is out of range, allowed are -1 and 1000 to "
			   "17592186044415 microseconds" },
		{ R("'cpu': {'quota': 999}"),
			AT "cpu/quota: 999 is out of range, allowed are -1 and 1000 to "
			   "17592186044415 microseconds" },
		{ R("'cpu': {'quota': -2}"), AT "cpu/quota: -2 is out of range, allowed are -1 to 17592186044415" },
		{ R("'cpu': {'period': 999}"), AT "cpu/period: 999 is out of range, allowed are 1000 to 1000000" },
		{ R("'cpu': {'period': 1000001}"),
			AT "cpu/period: 1000001 is out of range, allowed are 1000 to 1000000" },
		{ R("'cpu': {'quota': 1000, 'burst': 1001}"), AT "cpu/burst: 1001 is more than the quota 1000" },
		{ R("'cpu': {'quota': -1, 'burst': 1001}"), NULL },
		{ R("'cpu': {'realtimeRuntime': 6, 'realtimePeriod': 5}"),
			AT "cpu/realtimeRuntime: 6 is more than the realtimePeriod 5" },
		{ R("'cpu': {'idle': 2}"), AT "cpu/idle: 2 is out of range, allowed are 0 to 1" },
		{ R("'cpu': {'cpus': '0-99999'}"), AT "cpu/cpus: \"0-99999\"" CPUS_RULE "8191" },
		{ R("'cpu': {'cpus': '99999999999999999999'}"),
			AT "cpu/cpus: \"99999999999999999999\"" CPUS_RULE "8191" },
		{ R("'cpu': {'cpus': '3-1'}"), AT "cpu/cpus: \"3-1\"" CPUS_RULE "8191" },
		{ R("'cpu': {'cpus': '1,'}"), AT "cpu/cpus: \"1,\"" CPUS_RULE "8191" },
		{ R("'cpu': {'cpus': ',1'}"), AT "cpu/cpus: \",1\"" CPUS_RULE "8191" },
		{ R("'cpu': {'cpus': '1-'}"), AT "cpu/cpus: \"1-\"" CPUS_RULE "8191" },
		{ R("'cpu': {'cpus': '-1'}"), AT "cpu/cpus: \"-1\"" CPUS_RULE "8191" },
		{ R("'cpu': {'cpus': '1 2'}"), AT "cpu/cpus: \"1 2\"" CPUS_RULE "8191" },
		{ R("'cpu': {'cpus': '1\\n'}"), AT "cpu/cpus: \"1\n\"" CPUS_RULE "8191" },
		{ R("'cpu': {'cpus': 'all'}"), AT "cpu/cpus: \"all\"" CPUS_RULE "8191" },
		{ R("'cpu': {'cpus': '00'}"), AT "cpu/cpus: \"00\"" CPUS_RULE "8191" },
		{ R("'cpu': {'mems': '1024'}"), AT "cpu/mems: \"1024\"" CPUS_RULE "1023" },
		{ R("'cpu': {'cpus': 3}"), AT "cpu/cpus: is a number, must be a string" },
	};

	RC_RUN(cases);
}

TEST(pids_blkio_hugepages)
{
	static const struct rc_case cases[] = {
		{ R("'pids': {'limit': -1}"), NULL },
		{ R("'pids': {'limit': 0}"), NULL },
		{ R("'pids': {}"), NULL },
		{ R("'pids': {'limit': -2}"), AT "pids/limit: -2 is out of range, allowed are -1 to 4194304" },
		{ R("'pids': {'limit': 4194305}"),
			AT "pids/limit: 4194305 is out of range, allowed are -1 to 4194304" },
		{ R("'blockIO': {'weight': 10, 'leafWeight': 1000}"), NULL },
		{ R("'blockIO': {'weight': 0, 'leafWeight': 0}"), NULL },
		{ R("'blockIO': {'weight': 9}"), AT "blockIO/weight: 9 is out of range, allowed are 10 to 1000" },
		{ R("'blockIO': {'leafWeight': 1001}"),
			AT "blockIO/leafWeight: 1001 is out of range, allowed are 10 to 1000" },
		{ R("'blockIO': {'weightDevice': [{'major': 8, 'minor': 0, 'weight': 10}]}"), NULL },
		{ R("'blockIO': {'weightDevice': [{'major': 8, 'minor': 0}]}"),
			AT "blockIO/weightDevice/0: needs weight, leafWeight or both" },
		{ R("'blockIO': {'weightDevice': [{'minor': 0, 'weight': 10}]}"),
			AT "blockIO/weightDevice/0/major: is missing and required" },
		{ R("'blockIO': {'throttleReadBpsDevice': [{'major': 8, 'minor': 0, 'rate': "
		    "18446744073709551615}]}"),
			NULL },
		{ R("'blockIO': {'throttleWriteBpsDevice': [{'major': 8, 'minor': 0}]}"),
			AT "blockIO/throttleWriteBpsDevice/0/rate: is missing and required" },
		{ R("'blockIO': {'throttleReadIOPSDevice': [{'major': -1, 'minor': 0, 'rate': "
		    "1}]}"),
			AT "blockIO/throttleReadIOPSDevice/0/major: -1 is out of range, allowed "
			   "are 0 to 4095" },
		{ R("'blockIO': {'throttleWriteIOPSDevice': {}}"),
			AT "blockIO/throttleWriteIOPSDevice: is an object, must be a list" },
		{ R("'hugepageLimits': [{'pageSize': '2MB', 'limit': 0}, {'pageSize': '64KB', "
		    "'limit': 1}]"),
			NULL },
		{ R("'hugepageLimits': [{'pageSize': '2M', 'limit': 0}]"),
			AT "hugepageLimits/0/pageSize: \"2M\" must be a size like 64KB, 2MB or 1GB" },
		{ R("'hugepageLimits': [{'pageSize': '../2MB', 'limit': 0}]"),
			AT "hugepageLimits/0/pageSize: \"../2MB\" must be a size like 64KB, 2MB or "
			   "1GB" },
		{ R("'hugepageLimits': [{'pageSize': '02MB', 'limit': 0}]"),
			AT "hugepageLimits/0/pageSize: \"02MB\" must be a size like 64KB, 2MB or "
			   "1GB" },
		{ R("'hugepageLimits': [{'pageSize': '2MB'}]"), AT "hugepageLimits/0/limit: is missing and required" },
	};

	RC_RUN(cases);
}

TEST(the_others)
{
	static const struct rc_case cases[] = {
		{ R("'network': {'classID': 4294967295, 'priorities': [{'name': 'eth0', "
		    "'priority': 1}]}"),
			NULL },
		{ R("'network': {'classID': 4294967296}"),
			AT "network/classID: 4294967296 is out of range, allowed are 0 to "
			   "4294967295" },
		{ R("'network': {'priorities': [{'name': 'eth0 1', 'priority': 1}]}"),
			AT "network/priorities/0/name: \"eth0 1\" is no name of a network interface" },
		{ R("'network': {'priorities': [{'name': '', 'priority': 1}]}"),
			AT "network/priorities/0/name: \"\" is no name of a network interface" },
		{ R("'network': {'priorities': [{'name': 'eth0'}]}"),
			AT "network/priorities/0/priority: is missing and required" },
		{ R("'rdma': {'mlx5_1': {'hcaHandles': 3, 'hcaObjects': 4}, 'b': {'hcaObjects': "
		    "1}}"),
			NULL },
		{ R("'rdma': {'mlx5_1': {}}"), AT "rdma/mlx5_1: needs hcaHandles, hcaObjects or both" },
		{ R("'rdma': {'a b': {'hcaHandles': 3}}"), AT "rdma/a b: is no name of an RDMA device" },
		{ R("'rdma': {'a': {'hcaHandles': 4294967296}}"),
			AT "rdma/a/hcaHandles: 4294967296 is out of range, allowed are 0 to "
			   "4294967295" },
		{ R("'unified': {'memory.max': 'max', 'io.max': 'a\\nb'}"), NULL },
		{ R("'unified': {'../memory.max': '1'}"),
			AT "unified/..~1memory.max: the key must be the name of one file, without "
			   "'/'" },
		{ R("'unified': {'/memory.max': '1'}"),
			AT "unified/~1memory.max: the key must be the name of one file, without '/'" },
		{ R("'unified': {'..': '1'}"), AT "unified/..: the key must be the name of one file, without '/'" },
		{ R("'unified': {'': '1'}"), AT "unified/: the key is empty" },
		{ R("'unified': {'a': 1}"), AT "unified/a: is a number, must be a string" },
		{ R("'devices': [{'allow': false, 'access': 'rwm'}, {'allow': true, 'type': 'c', "
		    "'major': -1, 'minor': 5}]"),
			NULL },
		{ R("'devices': [{'access': 'rwm'}]"), AT "devices/0/allow: is missing and required" },
		{ R("'devices': [{'allow': true, 'type': 'p'}]"),
			AT "devices/0/type: \"p\" is unknown, allowed are a, b, c" },
		{ R("'devices': [{'allow': true, 'major': -2}]"),
			AT "devices/0/major: -2 is out of range, allowed are -1 to 4095" },
		{ R("'devices': [{'allow': true, 'access': 'rx'}]"),
			AT "devices/0/access: \"rx\" must consist of r, w and m, each at most once" },
		{ R("'devices': [{'allow': true, 'access': 'rr'}]"),
			AT "devices/0/access: \"rr\" must consist of r, w and m, each at most once" },
		{ R("'devices': [{'allow': true, 'access': ''}]"),
			AT "devices/0/access: is empty, it consists of r, w and m" },
	};

	RC_RUN(cases);
}

TEST(values_arrive)
{
	struct runtime_config c = rc_must_read(R("'devices': [{'allow': false}, {'allow': true, 'type': 'b', "
						 "'major': 8, 'minor': 1, 'access': 'mr'}], 'memory': "
						 "{'limit': 7, 'disableOOMKiller': true}, 'cpu': {'quota': 0, "
						 "'shares': 9, 'cpus': '1'}, 'pids': {'limit': 0}, "
						 "'blockIO': {'weight': 20, 'weightDevice': [{'major': 1, 'minor': "
						 "2, 'leafWeight': 30}], "
						 "'throttleWriteIOPSDevice': [{'major': 3, 'minor': 4, 'rate': 5}]}, "
						 "'hugepageLimits': [{'pageSize': '2MB', 'limit': "
						 "6}], 'network': {'classID': 1, 'priorities': [{'name': 'e', "
						 "'priority': 2}]}, 'rdma': {'m': {'hcaObjects': 3}}, "
						 "'unified': {'a': 'b', 'c': 'd'}"));
	const struct rc_resources *r = c.linux_.resources;

	CHECK(r->n_devices == 2 && r->devices[0].type == 'a' && r->devices[0].major == -1, "rule 0");
	CHECK(!r->devices[0].allow && r->devices[0].read && r->devices[0].write && r->devices[0].mknod,
		"rule 0 access");
	CHECK(r->devices[1].allow && r->devices[1].read && !r->devices[1].write && r->devices[1].mknod, "rule 1");
	CHECK(r->memory->limit.v == 7 && r->memory->disable_oom_killer && r->memory->disable_oom_killer_opt.set,
		"memory");
	CHECK(!r->memory->swap.set && !r->memory->use_hierarchy.set, "absent numbers");
	CHECK(!r->cpu->quota.set && r->cpu->shares.v == 9 && strcmp(r->cpu->cpus, "1") == 0 && !r->cpu->mems, "cpu");
	CHECK(r->pids_limit.set && r->pids_limit.v == 0, "pids");
	CHECK(r->blkio->weight.v == 20 && r->blkio->weight_device.v[0].leaf_weight.v == 30, "weights");
	CHECK(r->blkio->write_iops.n == 1 && r->blkio->write_iops.v[0].rate == 5 && r->blkio->read_bps.n == 0, "rates");
	CHECK(r->n_hugepages == 1 && r->hugepages[0].limit == 6, "huge pages");
	CHECK(r->net_class_id.v == 1 && r->net_priorities[0].priority == 2, "network");
	CHECK(r->n_rdma == 1 && !r->rdma[0].handles.set && r->rdma[0].objects.v == 3, "rdma");
	CHECK(r->unified.n == 2 && strcmp(r->unified.v[1].key, "c") == 0, "unified");
	runtime_config_done(&c);
}

TEST(update_document)
{
	AUTO(arena) struct arena a = ARENA_INIT;
	auto_free char *zeros = rc_quotes("{'blockIO': {'weight': 0}, 'cpu': {'shares': 0, "
					  "'quota': 0, 'period': 0}, 'memory': "
					  "{'limit': 5}}");
	auto_free char *bad = rc_quotes("{'memory': {'limit': -5}}");
	struct rc_resources *r = NULL;
	struct err e = ERR_NONE;

	CHECK(rc_resources_read(zeros, strlen(zeros), &a, &r, &e) == 0, "%s", e.msg);
	CHECK(!r->blkio->weight.set && !r->cpu->shares.set && !r->cpu->quota.set && r->memory->limit.v == 5, "zeros");
	CHECK(rc_resources_read(bad, strlen(bad), &a, &r, &e) < 0, "accepted");
	CHECK(strstr(e.msg, "resources: /memory/limit: -5 is out of range") == e.msg, "%s", e.msg);
}

TEST_MAIN(T(memory), T(cpu), T(pids_blkio_hugepages), T(the_others), T(values_arrive), T(update_document))
