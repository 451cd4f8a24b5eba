/* Values of `run`: what is taken, into what, and what is refused in which words. */
#include "cli/runopts.h"

#include <string.h>
#include <sys/resource.h>
#include "base/str.h"
#include "base/test.h"

struct result {
	struct run_opts o;
	struct arena arena;
	struct err e;
	int n, r;
};

/* @line: arguments with a blank between each; "%" stands for a blank within one. */
static void parse(struct result *res, const char *line)
{
	static char text[512];
	char *argv[24];
	size_t n = 0;

	*res = (struct result){ .o = run_defaults, .arena = ARENA_INIT };
	snprintf(text, sizeof(text), "%s", line);
	for (char *w = text; *w;) {
		char *blank = strchr(w, ' ');

		argv[n++] = w;
		if (!blank)
			break;
		*blank = '\0';
		w = blank + 1;
	}
	argv[n] = NULL;
	for (size_t i = 0; i < n; i++)
		for (char *c = argv[i]; *c; c++)
			*c = *c == '%' ? ' ' : *c;
	struct opt_parse p = {
		.table = run_table, .dest = &res->o, .arena = &res->arena, .docker = true, .stop_at_operand = true
	};
	res->r = opt_parse(&p, argv, &res->n, &res->e);
	if (res->r == 0)
		res->r = runopts_finish(&res->o, &res->e);
}

static void done(struct result *res)
{
	ct_config_done(&res->o.c);
	arena_done(&res->arena);
}

#define TAKES(line, condition) \
	do { \
		struct result res; \
		parse(&res, line); \
		const struct ct_config *c = &res.o.c; \
		CHECK(res.r == 0, "%s: %s", line, res.e.msg); \
		CHECK(condition, "%s", line); \
		done(&res); \
	} while (0)

TEST(resources)
{
	TAKES("-m 64m --memory-swap -1 img", c->memory == 64 << 20 && c->memory_swap == -1);
	TAKES("--cpus 1.5 img", c->nano_cpus == 1500000000);
	TAKES("--cpus=.5 img", c->nano_cpus == 500000000);
	TAKES("-v /a:/b -v /a:/b -v /c -v /c img", c->n_mounts == 2);
	TAKES("--cpu-period 100000 --cpu-quota 50000 img", c->cpu_period == 100000 && c->cpu_quota == 50000);
	TAKES("--ulimit nofile=5:unlimited --ulimit nofile=6 img",
		c->n_ulimits == 1 && c->ulimits[0].soft == 6 && c->ulimits[0].hard == 6 &&
			c->ulimits[0].resource == RLIMIT_NOFILE);
	TAKES("--pids-limit 0 img", c->pids_limit == -1);
	TAKES("--oom-score-adj -5 img", c->oom_score_adj.set && c->oom_score_adj.v == -5);
	TAKES("--device-read-bps /dev/sda:1m --blkio-weight-device /dev/sdb:10 img",
		c->n_throttles == 2 && c->throttles[0].rate == 1 << 20 && c->throttles[1].kind == CT_WEIGHT_DEVICE);
	TAKES("--shm-size 1g --cpuset-cpus 0-3,7 img", c->shm_size == 1 << 30 && str_eq(c->cpuset_cpus, "0-3,7"));
	TAKES("--memory-swappiness -1 img", !c->memory_swappiness.set);
}

TEST(identity_and_program)
{
	TAKES("-itd --rm --name web -h box -w /srv -u 1:2 img sh -c x",
		c->tty && c->open_stdin && c->auto_remove && str_eq(c->name, "web") && res.o.detach && res.n == 4);
	TAKES("-l a=1 -l b -l a=2 img",
		c->labels.n == 2 && str_eq(c->labels.v[0].value, "2") && str_eq(c->labels.v[1].value, ""));
	TAKES("-e A=1 -e B= -e NOT_SET_ANYWHERE img", c->env.n == 3 && str_eq(c->env.v[2], "NOT_SET_ANYWHERE"));
	TAKES("--entrypoint /x img",
		res.o.merge.entrypoint_given && c->entrypoint.n == 1 && str_eq(c->entrypoint.v[0], "/x"));
	TAKES("--entrypoint= img", res.o.merge.entrypoint_given && !c->entrypoint.n);
	TAKES("--restart on-failure:3 img", c->restart == CT_RESTART_ON_FAILURE && c->restart_max == 3);
	TAKES("--restart unless-stopped img", c->restart == CT_RESTART_UNLESS_STOPPED);
	TAKES("--stop-signal INT --stop-timeout 3 --umask 027 img",
		str_eq(c->stop_signal, "INT") && c->stop_timeout_s == 3 && c->umask.set && c->umask.v == 027);
	TAKES("-a stdout img", c->attach_stdout && !c->attach_stderr && !c->attach_stdin);
	TAKES("-a stdin img", c->attach_stdin && c->open_stdin && !c->attach_stdout);
	TAKES("img", c->attach_stdout && c->attach_stderr && !c->attach_stdin);
	TAKES("-d img", !c->attach_stdout && !c->attach_stdin);
}

TEST(network_health_and_logs)
{
	TAKES("--network host -p 127.0.0.1:80:80/udp img",
		str_eq(c->network, "host") && str_eq(c->exposed_ports.v[0], "80/udp"));
	TAKES("--net none --expose 8000-8002 img",
		c->exposed_ports.n == 3 && str_eq(c->exposed_ports.v[2], "8002/tcp"));
	TAKES("--network container:x img", str_eq(c->network, "container:x"));
	TAKES("--dns 1.1.1.1 --dns ::1 --add-host a:1.2.3.4 --add-host b=[::1] img",
		c->dns.n == 2 && str_eq(c->extra_hosts.v[1], "b:::1"));
	TAKES("--network host --add-host h:host-gateway img", str_eq(c->extra_hosts.v[0], "h:127.0.0.1"));
	TAKES("--health-cmd true%x --health-interval 1m30s --health-retries 2 img",
		str_eq(c->health.test.v[0], "CMD-SHELL") && str_eq(c->health.test.v[1], "true x") &&
			c->health.interval_ms == 90000 && c->health.retries == 2);
	TAKES("--on-unhealthy restart img", c->on_unhealthy == CT_UNHEALTHY_RESTART);
	TAKES("--log-driver none --log-opt max-size=1m --log-opt max-size=2m img",
		str_eq(c->log_driver, "none") && c->log_opts.n == 1 && str_eq(c->log_opts.v[0].value, "2m"));
	TAKES("--pid host --ipc shareable --uts private img",
		str_eq(c->pid_mode, "host") && str_eq(c->ipc_mode, "shareable") && !c->uts_mode);
}

TEST(refusals)
{
	static const struct {
		const char *line, *msg;
	} cases[] = {
		{ "-m 1m img",
			"invalid argument \"1m\" for \"-m, --memory\" flag: Minimum memory limit "
			"allowed is 6MB" },
		{ "-m lots img", "invalid argument \"lots\" for \"-m, --memory\" flag: a size is needed" },
		{ "--memory-swap 1g img", "You should always set the Memory limit when using Memoryswap limit" },
		{ "-m 64m --memory-swap 32m img", "Minimum memoryswap limit should be larger than memory limit" },
		{ "-m 64m --memory-reservation 128m img",
			"Minimum memory limit can not be less than memory reservation limit" },
		{ "--cpus 1.5x img", "invalid argument \"1.5x\" for \"--cpus\" flag" },
		{ "--cpus 0.001 img", "0.01 CPUs are the least" },
		{ "--cpus 1 --cpu-quota 5000 img", "Nano CPUs and CPU Quota cannot both be set" },
		{ "--cpuset-cpus 3-1 img", "a list such as 0-3,7 is needed" },
		{ "--cpuset-cpus 1, img", "a list such as 0-3,7 is needed" },
		{ "--ulimit nofile img", "NAME=SOFT[:HARD] is needed" },
		{ "--ulimit files=1 img", "invalid ulimit type: files" },
		{ "--ulimit nofile=5:3 img", "soft limit must be less than or equal to hard limit: 5 > 3" },
		{ "--oom-score-adj 1001 img", "the range is -1000 to 1000" },
		{ "--blkio-weight 5 img", "Range of blkio weight is from 10 to 1000" },
		{ "--device-read-bps sda:1m img", "with DEVICE below /dev" },
		{ "--name a/b img", "invalid container name (a/b)" },
		{ "-w srv img", "it needs to be an absolute path" },
		{ "--umask 9 img", "an octal number is needed" },
		{ "--restart daily img", "unknown policy" },
		{ "--restart always:3 img", "a maximum count is for on-failure only" },
		{ "--restart always --rm img", "Conflicting options: --restart and --rm" },
		{ "--stop-signal LOUD img", "LOUD" },
		{ "--pid box img", "pid: invalid mode; use private host or container:NAME" },
		{ "--runtime runc img", "calls no other runtime" },
		{ "--network bridge img", "--network bridge: this build has no bridge networks yet" },
		{ "-p 80:80 img", "--publish: this build has no bridge networks yet" },
		{ "-P img", "--publish: this build has no bridge networks yet" },
		{ "-p 80:x img", "invalid containerPort: x" },
		{ "-p 99999:80 img", "invalid hostPort: 99999" },
		{ "-p 1.2.3:80:80 img", "invalid IP address: 1.2.3" },
		{ "-p 80/icmp img", "invalid proto" },
		{ "--network-alias x img", "--network-alias: this build has no bridge networks yet" },
		{ "--gpus all img", "--gpus: this build has no devices of CDI yet" },
		{ "--dns one img", "an IP address is needed" },
		{ "--add-host a img", "NAME:ADDRESS is needed" },
		{ "--add-host a:b img", "invalid IP address in add-host: \"b\"" },
		{ "--add-host a:host-gateway img", "so no gateway" },
		{ "--health-interval soon img", "a time is needed" },
		{ "--no-healthcheck --health-cmd x img", "--no-healthcheck conflicts with --health-* options" },
		{ "--log-driver syslog img", "use one of json-file local journald none" },
		{ "-d -a stdout img", "Conflicting options: -a and -d" },
		{ "--network container:x -h y img", "conflicting options: hostname and the network mode" },
		{ "--uts host -h y img", "conflicting options: hostname and the UTS mode" },
		{ "--pull always img", "this build has no registries yet" },
		{ "-l =x img", "the key is empty" },
		{ "-e =x img", "invalid environment variable: =x" },
		{ "--env-file /nonexistent/x img", "/nonexistent/x" },
		{ "--detatch img", "unknown flag: --detatch" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct result res;

		parse(&res, cases[i].line);
		CHECK(res.r < 0, "took %s", cases[i].line);
		CHECK(strstr(res.e.msg, cases[i].msg), "%s: %s", cases[i].line, res.e.msg);
		done(&res);
	}
}

TEST_MAIN(T(resources), T(identity_and_program), T(network_health_and_logs), T(refusals))
