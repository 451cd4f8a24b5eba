/* What is written can be read, it has docker's shape, and nothing else is taken. */
#include "spec/container.h"

#include <string.h>
#include <sys/resource.h>
#include "base/str.h"
#include "base/test.h"
#include "spec/json.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LIST(...) \
	{ \
		(char *[]){ __VA_ARGS__, NULL }, sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *) \
	}
/* The same within a function, where a compound literal would end with its block. */
#define STRINGS(...) \
	({ \
		static char *list_[] = { __VA_ARGS__, NULL }; \
		(struct rc_str_list){ list_, ARRAY_SIZE(list_) - 1 }; \
	})
#define PAIRS(...) \
	({ \
		static struct rc_kv list_[] = { __VA_ARGS__ }; \
		(struct rc_kv_list){ list_, ARRAY_SIZE(list_) }; \
	})

static void put(const struct ct_config *c, struct buf *b)
{
	struct err e = ERR_NONE;

	ct_config_write(c, b);
	CHECK(buf_err(b, &e) == 0, "%s", e.msg);
}

/* Writing what was read gives the same bytes: then every member that is written is read. */
static void round_trip(const struct ct_config *c)
{
	AUTO(buf) struct buf first = BUF_INIT;
	AUTO(buf) struct buf second = BUF_INIT;
	struct ct_config got;
	struct err e = ERR_NONE;

	put(c, &first);
	CHECK(ct_config_read(first.data, first.len, &got, &e) == 0, "%s: %s", e.msg, first.data);
	put(&got, &second);
	CHECK(str_eq(first.data, second.data), "\n%s\n%s", first.data, second.data);
	ct_config_done(&got);
}

static struct ct_config small(void)
{
	struct ct_config c;

	ct_default_config(&c);
	c.id = (char *)ID;
	c.name = (char *)"web";
	c.created = (char *)"2026-01-02T03:04:05.000000006Z";
	return c;
}

static struct ct_mount mounts[] = {
	{ .type = CT_MOUNT_BIND,
		.source = (char *)"/srv",
		.destination = (char *)"/data",
		.propagation = (char *)"rshared",
		.read_only = true,
		.recursive_read_only = true,
		.non_recursive = true,
		.idmap = true,
		.create_source = true,
		.chown = true,
		.relabel = 'Z' },
	{ .type = CT_MOUNT_VOLUME, .source = (char *)ID, .destination = (char *)"/anon", .anonymous = true },
	{ .type = CT_MOUNT_VOLUME, .source = (char *)"db", .destination = (char *)"/db", .no_copy = true },
	{ .type = CT_MOUNT_TMPFS,
		.destination = (char *)"/tmp",
		.tmpfs_size = 1 << 20,
		.tmpfs_mode = 01777,
		.tmpfs_options = LIST((char *)"noexec", (char *)"uid=3") },
};
static struct ct_ulimit ulimits[] = { { (char *)"nofile", RLIMIT_NOFILE, 1024, UINT64_MAX } };
static struct ct_device devices[] = { { (char *)"/dev/fuse", (char *)"/dev/fuse", (char *)"rw" } };
static struct ct_throttle throttles[] = { { CT_WEIGHT_DEVICE, (char *)"/dev/sda", 300 },
	{ CT_READ_BPS, (char *)"/dev/sda", 1 << 20 }, { CT_WRITE_IOPS, (char *)"/dev/sdb", UINT64_MAX } };

static void fill_isolation(struct ct_config *c)
{
	c->network = (char *)"container:x";
	c->pid_mode = (char *)"host";
	c->ipc_mode = (char *)"shareable";
	c->uts_mode = (char *)"host";
	c->userns_mode = (char *)"host";
	c->cgroupns_mode = (char *)"host";
	c->cgroup_parent = (char *)"/p";
	c->privileged = c->read_only = c->no_new_privs = c->systempaths_unconfined = true;
	c->cap_add = STRINGS((char *)"NET_ADMIN");
	c->cap_drop = STRINGS((char *)"ALL");
	c->security_opt = STRINGS((char *)"no-new-privileges");
	c->seccomp = (char *)"/p.json";
	c->apparmor = (char *)"unconfined";
	c->selinux_label = (char *)"level:s0";
	c->masked_paths = STRINGS((char *)"/proc/a", (char *)"/proc/b");
	c->readonly_paths = STRINGS((char *)"/proc/c");
	c->unmasked_paths = STRINGS((char *)"ALL");
	c->sysctls = PAIRS({ (char *)"net.ipv4.ip_forward", (char *)"1" });
	c->dns = STRINGS((char *)"1.1.1.1");
	c->dns_search = STRINGS((char *)"lan");
	c->dns_options = STRINGS((char *)"ndots:1");
	c->extra_hosts = STRINGS((char *)"a:1.2.3.4");
	c->userns_lifted = (char *)"--privileged";
}

static void fill_resources(struct ct_config *c)
{
	c->memory = 64 << 20;
	c->memory_swap = -1;
	c->memory_reservation = 32 << 20;
	c->memory_swappiness = (struct rc_opt_u64){ true, 0 };
	c->nano_cpus = 1500000000;
	c->cpu_shares = 512;
	c->cpu_period = 100000;
	c->cpu_quota = -1;
	c->cpuset_cpus = (char *)"0-1";
	c->cpuset_mems = (char *)"0";
	c->pids_limit = -1;
	c->shm_size = 1 << 20;
	c->blkio_weight = 500;
	c->oom_kill_disable = true;
	c->oom_score_adj = (struct rc_opt_i64){ true, -500 };
	c->throttles = throttles;
	c->n_throttles = ARRAY_SIZE(throttles);
	c->ulimits = ulimits;
	c->n_ulimits = ARRAY_SIZE(ulimits);
	c->devices = devices;
	c->n_devices = ARRAY_SIZE(devices);
	c->device_cgroup_rules = STRINGS((char *)"c 1:3 rwm");
}

static struct ct_config full(void)
{
	struct ct_config c = small();

	c.rootfs_kind = CT_ROOTFS_DIR;
	c.image = (char *)"debian:12";
	c.image_id = (char *)"sha256:" ID;
	c.rootfs = (char *)"/r";
	c.cidfile = (char *)"/c";
	c.pidfile = (char *)"/p";
	c.layers = STRINGS((char *)"sha256:" ID);
	c.platform = (char *)"linux/amd64";
	c.entrypoint = STRINGS((char *)"/init", (char *)"--");
	c.cmd = STRINGS((char *)"sh", (char *)"-c", (char *)"echo \"x\"\n");
	c.env = STRINGS((char *)"A=1", (char *)"B=");
	c.user = (char *)"1:2";
	c.group_add = STRINGS((char *)"video");
	c.working_dir = (char *)"/w";
	c.umask = (struct rc_opt_u64){ true, 027 };
	c.timezone = (char *)"Europe/Berlin";
	c.timeout_s = 9;
	c.hostname = (char *)"h";
	c.domainname = (char *)"d";
	c.tty = c.open_stdin = c.stdin_once = c.attach_stdin = c.attach_stdout = c.attach_stderr = true;
	c.init = c.auto_remove = true;
	c.labels = PAIRS({ (char *)"k", (char *)"v" }, { (char *)"empty", (char *)"" });
	c.annotations = PAIRS({ (char *)"a", (char *)"b" });
	c.exposed_ports = STRINGS((char *)"80/tcp", (char *)"53/udp");
	c.stop_signal = (char *)"SIGINT";
	c.stop_timeout_s = 3;
	c.health = (struct ct_health){ STRINGS((char *)"CMD", (char *)"true"), 1000, 2000, 3000, 4000, 5 };
	c.on_unhealthy = CT_UNHEALTHY_KILL;
	c.restart = CT_RESTART_ON_FAILURE;
	c.restart_max = 4;
	c.mounts = mounts;
	c.n_mounts = ARRAY_SIZE(mounts);
	c.log_driver = (char *)"journald";
	c.log_opts = PAIRS({ (char *)"max-size", (char *)"10m" });
	fill_isolation(&c);
	fill_resources(&c);
	return c;
}

TEST(every_member_survives)
{
	struct ct_config s = small(), f = full();

	round_trip(&s);
	round_trip(&f);
}

TEST(values_come_back)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct ct_config c = full(), got;
	struct err e = ERR_NONE;

	put(&c, &b);
	CHECK(ct_config_read(b.data, b.len, &got, &e) == 0, "%s", e.msg);
	CHECK(str_eq(got.name, "web") && str_eq(got.hostname, "h"), "name %s", got.name);
	CHECK(got.ulimits[0].resource == RLIMIT_NOFILE && got.ulimits[0].hard == UINT64_MAX, "ulimit");
	CHECK(got.mounts[0].relabel == 'Z' && got.mounts[3].tmpfs_mode == 01777, "mounts");
	CHECK(got.n_throttles == 3 && got.throttles[2].kind == CT_WRITE_IOPS && got.throttles[2].rate == UINT64_MAX,
		"throttles");
	CHECK(got.health.retries == 5 && got.health.start_interval_ms == 4000, "health");
	CHECK(got.rootfs_kind == CT_ROOTFS_DIR && got.on_unhealthy == CT_UNHEALTHY_KILL, "words");
	CHECK(got.memory_swappiness.set && got.memory_swappiness.v == 0 && got.oom_score_adj.v == -500, "optional");
	ct_config_done(&got);
}

TEST(a_list_reads_what_it_shows)
{
	AUTO(buf) struct buf b = BUF_INIT;
	AUTO(buf) struct buf cut = BUF_INIT;
	AUTO(arena) struct arena arena = ARENA_INIT;
	struct ct_config c = full(), got;
	struct err e = ERR_NONE;

	put(&c, &b);
	buf_add(&cut, b.data, b.len);
	CHECK(ct_config_read_listed(&cut, &arena, &got, &e) == 0, "%s", e.msg);
	CHECK(!got.id && str_eq(got.name, "web") && str_eq(got.created, c.created), "id, name, time");
	CHECK(str_eq(got.image, "debian:12") && str_eq(got.image_id, "sha256:" ID) && str_eq(got.rootfs, "/r"),
		"image");
	CHECK(got.rootfs_kind == CT_ROOTFS_DIR && str_eq(got.platform, "linux/amd64"), "what it is made of");
	CHECK(got.entrypoint.n == 2 && got.cmd.n == 3 && str_eq(got.cmd.v[2], "echo \"x\"\n"), "program");
	CHECK(got.labels.n == 2 && got.exposed_ports.n == 2 && got.n_mounts == 4, "lists");
	CHECK(str_eq(got.network, "container:x") && got.health.retries == 5, "network, health");
	CHECK(!got.env.n && !got.privileged && !got.user && !got.n_ulimits, "more was read than is shown");
	CHECK(!got.arena.head, "it lives elsewhere");
	/* Wherever it ends, the reader notices. */
	for (size_t n = 0; n < b.len; n++) {
		err_clear(&e);
		cut.len = 0;
		buf_add(&cut, b.data, n);
		CHECK(ct_config_read_listed(&cut, &arena, &got, &e) < 0, "cut after %zu bytes: taken", n);
	}
}

TEST(nothing_said_is_told_from_zero)
{
	AUTO(buf) struct buf b = BUF_INIT;
	struct ct_config c = small(), got;
	struct err e = ERR_NONE;

	c.oom_score_adj = (struct rc_opt_i64){ true, 0 };
	put(&c, &b);
	CHECK(ct_config_read(b.data, b.len, &got, &e) == 0, "%s", e.msg);
	CHECK(got.oom_score_adj.set && got.oom_score_adj.v == 0, "an asked-for 0 was lost");
	CHECK(got.stop_timeout_s == -1 && !got.hostname && !got.network, "defaults");
	ct_config_done(&got);
}

/* Programs that read docker's JSON rely on these. */
TEST(the_shape_is_dockers)
{
	static const char *const has[] = { "\"Volumes\":{\"/anon\":{}}", "\"Entrypoint\":[\"/init\",\"--\"]",
		"\"Cmd\":[\"sh\",\"-c\",\"echo \\\"x\\\"\\u000a\"]", "\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}",
		"\"Interval\":1000000000", "\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":4}",
		"\"LogConfig\":{\"Type\":\"journald\",\"Config\":{\"max-size\":\"10m\"}}",
		"\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":-1,\"Soft\":1024}]",
		"\"Binds\":[\"/srv:/data:ro,Z,U,idmap,rshared\",\"db:/db:nocopy\"]",
		"\"Tmpfs\":{\"/tmp\":\"noexec,uid=3,size=1048576,mode=1777\"}", "\"PidsLimit\":-1",
		"\"MemorySwappiness\":0",
		"\"Devices\":[{\"PathOnHost\":\"/dev/fuse\",\"PathInContainer\":\"/dev/"
		"fuse\",\"CgroupPermissions\":\"rw\"}]",
		"\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/sda\",\"Rate\":1048576}]" };
	static const char *const small_has[] = { "\"Hostname\":\"0123456789ab\"", "\"Cmd\":null", "\"Binds\":null",
		"\"PidsLimit\":null", "\"OomKillDisable\":null", "\"Labels\":{}", "\"NetworkMode\":\"default\"",
		"\"ShmSize\":67108864", "\"CgroupnsMode\":\"private\"" };
	AUTO(buf) struct buf f = BUF_INIT;
	AUTO(buf) struct buf s = BUF_INIT;
	struct ct_config c = full(), little = small();

	ct_write_config(&c, &f);
	ct_write_host(&c, &f);
	ct_write_config(&little, &s);
	ct_write_host(&little, &s);
	for (size_t i = 0; i < ARRAY_SIZE(has); i++)
		CHECK(strstr(f.data, has[i]), "%s not in %s", has[i], f.data);
	for (size_t i = 0; i < ARRAY_SIZE(small_has); i++)
		CHECK(strstr(s.data, small_has[i]), "%s not in %s", small_has[i], s.data);
	CHECK(!strstr(s.data, "Healthcheck") && !strstr(s.data, "StopTimeout"), "%s", s.data);
}

/* It is read for each line of `ps`, and fits where the target of a symlink goes. */
TEST(what_is_empty_is_not_stored)
{
	static const char *const hasnt[] = { "null", "[]", "\"\"", "false", ":0,", "Binds", "Volumes", "Runtime" };
	AUTO(buf) struct buf b = BUF_INIT;
	struct ct_config c = small();

	put(&c, &b);
	for (size_t i = 0; i < ARRAY_SIZE(hasnt); i++)
		CHECK(!strstr(b.data, hasnt[i]), "%s in %s", hasnt[i], b.data);
	CHECK(b.len < 512, "%zu bytes: %s", b.len, b.data);
}

/* As an earlier build of tare wrote it: docker's whole schema. */
TEST(the_whole_schema_is_read)
{
	AUTO(buf) struct buf all = BUF_INIT;
	AUTO(buf) struct buf tare = BUF_INIT;
	AUTO(buf) struct buf stored = BUF_INIT;
	AUTO(buf) struct buf again = BUF_INIT;
	struct ct_config c = full(), got;
	struct err e = ERR_NONE;

	put(&c, &stored);
	buf_str(&tare, strstr(stored.data, "\"Tare\":"));
	buf_printf(&all,
		"{\"Id\":\"%s\",\"Created\":\"%s\",\"Path\":\"/init\",\"Args\":[],\"Image\":\"%s\",\"Name\":\"/web\",",
		c.id, c.created, c.image_id);
	buf_str(&all, "\"HostConfig\":");
	ct_write_host(&c, &all);
	buf_str(&all, ",\"Config\":");
	ct_write_config(&c, &all);
	buf_printf(&all, ",%s\n", tare.data);
	CHECK(ct_config_read(all.data, all.len, &got, &e) == 0, "%s", e.msg);
	put(&got, &again);
	CHECK(str_eq(stored.data, again.data), "\n%s\n%s", stored.data, again.data);
	ct_config_done(&got);
}

TEST(broken_ones_are_refused)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "empty" },
		{ "[]", "/Tare/Format: missing" },
		{ "{}", "/Tare/Format: missing" },
		{ "{\"Tare\":{\"Format\":2}}", "newer release" },
		{ "{\"Tare\":{\"Format\":1}}", "/Id" },
		{ "{\"Id\":\"" ID "\",\"Tare\":{\"Format\":1}}", "/Name" },
		{ "{\"Id\":7,\"Tare\":{\"Format\":1}}", "/Id: is a number" },
		{ "{\"Tare\":{\"Format\":1,\"RootfsKind\":\"cd\"}}", "/Tare/RootfsKind" },
		{ "{\"Tare\":{\"Format\":1,\"Mounts\":[{}]}}", "/Tare/Mounts/0/Type: is missing" },
		{ "{\"HostConfig\":{\"Ulimits\":[{\"Name\":\"x\",\"Hard\":1,\"Soft\":1}]},\"Tare\":"
		  "{\"Format\":1}}",
			"no resource limit" },
		{ "{\"HostConfig\":{\"Memory\":1.5},\"Tare\":{\"Format\":1}}", "/HostConfig/Memory" },
		{ "{\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"daily\"}},\"Tare\":{\"Format\":1}"
		  "}",
			"RestartPolicy" },
		{ "{\"Config\":{\"Env\":{}},\"Tare\":{\"Format\":1}}", "/Config/Env" },
		{ "{\"Config\":{\"ExposedPorts\":[]},\"Tare\":{\"Format\":1}}", "/Config/ExposedPorts" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ct_config got;
		struct err e = ERR_NONE;

		CHECK(ct_config_read(cases[i].text, strlen(cases[i].text), &got, &e) < 0, "%s", cases[i].text);
		CHECK(strstr(e.msg, cases[i].says), "%s: %s", cases[i].text, e.msg);
		CHECK(e.kind == ERR_CORRUPT || e.kind == ERR_UNSUPPORTED, "%s: kind %d", cases[i].text, e.kind);
	}
}

TEST_MAIN(T(every_member_survives), T(values_come_back), T(a_list_reads_what_it_shows),
	T(nothing_said_is_told_from_zero), T(the_shape_is_dockers), T(what_is_empty_is_not_stored),
	T(the_whole_schema_is_read), T(broken_ones_are_refused))
