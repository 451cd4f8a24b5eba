/* The command line of floor. */
#include "floor.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct word {
	const char *name;
	uint64_t bit;
};

static const struct word ns_words[] = {
	{ "pid", CLONE_NEWPID },
	{ "mnt", CLONE_NEWNS },
	{ "uts", CLONE_NEWUTS },
	{ "ipc", CLONE_NEWIPC },
	{ "net", CLONE_NEWNET },
	{ "cgroup", CLONE_NEWCGROUP },
	{ "user", CLONE_NEWUSER },
	{ "none", 0 },
	{ NULL, 0 },
};

static const struct word mount_words[] = {
	{ "proc", FM_PROC },
	{ "dev", FM_DEV },
	{ "pts", FM_PTS },
	{ "shm", FM_SHM },
	{ "mqueue", FM_MQUEUE },
	{ "sys", FM_SYS },
	{ "cgroup", FM_CGROUP },
	{ "all", FM_ALL },
	{ "none", 0 },
	{ NULL, 0 },
};

static const struct word do_words[] = {
	{ "devices", offsetof(struct floor_opt, devices) },
	{ "device-rules", offsetof(struct floor_opt, device_rules) },
	{ "masks", offsetof(struct floor_opt, masks) },
	{ "caps", offsetof(struct floor_opt, caps) },
	{ "keyring", offsetof(struct floor_opt, keyring) },
	{ "loopback", offsetof(struct floor_opt, loopback) },
	{ NULL, 0 },
};

static const char usage[] =
	"usage: floor [OPTION…] --rootfs DIR [--] PROGRAM [ARG…]     a container, begun and waited for\n"
	"       floor [OPTION…] --exec PID [--] PROGRAM [ARG…]       a process in an existing container\n"
	"       floor [OPTION…] --create ID --rootfs DIR PROGRAM …   then --start ID, --state ID, --delete ID\n"
	"PROGRAM is a path in the container.\n"
	"  --ns LIST         pid,mnt,uts,ipc,net,cgroup,user or none (default pid,mnt,uts,ipc,net)\n"
	"  --mounts LIST     proc,dev,pts,shm,mqueue,sys,cgroup, all or none (default all)\n"
	"  --overlay DIR     the root is an overlay over the rootfs; upper and work are made in DIR, and removed\n"
	"  --idmap BASE      with a user namespace: its ids are BASE and up on the host, the root shows them from 0 "
	"(idmapped)\n"
	"  --cgroup NAME     a cgroup of that name in every hierarchy; with --exec: the one to enter\n"
	"  --no LIST         leave out: devices,device-rules,masks,caps,keyring,loopback\n"
	"  --seccomp FILE    a compiled filter (array of struct sock_filter)\n"
	"  --veth BRIDGE     a veth pair into that bridge;  --veth-addr A.B.C.D/LEN its address\n"
	"  --pinned FILE     start from an almost empty mount namespace kept alive by FILE (made if it is none), so "
	"that\n"
	"                    the host's mounts are not copied\n"
	"  --fork            copy the address space instead of borrowing it until execve\n"
	"  --breakdown       print the time of each step, --repeat N times, --gap MS apart\n";

static uint64_t parse_words(const struct word *words, const char *list, const char *option)
{
	uint64_t bits = 0;
	char buf[128], *save = NULL;

	snprintf(buf, sizeof(buf), "%s", list);
	for (char *w = strtok_r(buf, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		const struct word *k = words;

		while (k->name && strcmp(k->name, w) != 0)
			k++;
		errno = 0;
		if (!k->name)
			die("--%s: no such word: %s", option, w);
		bits |= k->bit;
	}
	return bits;
}

static void leave_out(struct floor_opt *o, const char *list)
{
	char buf[128], *save = NULL;

	snprintf(buf, sizeof(buf), "%s", list);
	for (char *w = strtok_r(buf, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		const struct word *k = do_words;

		while (k->name && strcmp(k->name, w) != 0)
			k++;
		errno = 0;
		if (!k->name)
			die("--no: no such word: %s", w);
		*(bool *)((char *)o + k->bit) = false;
	}
}

static int parse_number(const char *text, const char *option)
{
	char *end;
	long n = strtol(text, &end, 10);

	errno = 0;
	if (*text == '\0' || *end != '\0' || n < 0 || n > 10000000)
		die("--%s: want a number: %s", option, text);
	return (int)n;
}

enum {
	OPT_NS = 1,
	OPT_MOUNTS,
	OPT_ROOTFS,
	OPT_OVERLAY,
	OPT_CGROUP,
	OPT_NO,
	OPT_SECCOMP,
	OPT_VETH,
	OPT_VETH_ADDR,
	OPT_PINNED,
	OPT_IDMAP,
	OPT_FORK,
	OPT_BREAKDOWN,
	OPT_REPEAT,
	OPT_GAP,
	OPT_EXEC,
	OPT_CREATE,
	OPT_START,
	OPT_DELETE,
	OPT_STATE,
	OPT_HELP,
};

static const struct option options[] = {
	{ "ns", 1, NULL, OPT_NS },
	{ "mounts", 1, NULL, OPT_MOUNTS },
	{ "rootfs", 1, NULL, OPT_ROOTFS },
	{ "overlay", 1, NULL, OPT_OVERLAY },
	{ "cgroup", 1, NULL, OPT_CGROUP },
	{ "no", 1, NULL, OPT_NO },
	{ "seccomp", 1, NULL, OPT_SECCOMP },
	{ "veth", 1, NULL, OPT_VETH },
	{ "veth-addr", 1, NULL, OPT_VETH_ADDR },
	{ "pinned", 1, NULL, OPT_PINNED },
	{ "idmap", 1, NULL, OPT_IDMAP },
	{ "fork", 0, NULL, OPT_FORK },
	{ "breakdown", 0, NULL, OPT_BREAKDOWN },
	{ "repeat", 1, NULL, OPT_REPEAT },
	{ "gap", 1, NULL, OPT_GAP },
	{ "exec", 1, NULL, OPT_EXEC },
	{ "create", 1, NULL, OPT_CREATE },
	{ "start", 1, NULL, OPT_START },
	{ "delete", 1, NULL, OPT_DELETE },
	{ "state", 1, NULL, OPT_STATE },
	{ "help", 0, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static void set_mode(struct floor_opt *o, int opt, const char *value)
{
	static const enum floor_mode modes[] = { FLOOR_EXEC, FLOOR_CREATE, FLOOR_START, FLOOR_DELETE, FLOOR_STATE };

	o->mode = modes[opt - OPT_EXEC];
	if (o->mode == FLOOR_EXEC)
		o->target = parse_number(value, "exec");
	else
		o->id = value;
}

static void set_text(struct floor_opt *o, int opt, const char *value)
{
	const char **const places[] = {
		[OPT_ROOTFS] = &o->rootfs,
		[OPT_OVERLAY] = &o->overlay_scratch,
		[OPT_CGROUP] = &o->cgroup,
		[OPT_SECCOMP] = &o->seccomp,
		[OPT_VETH] = &o->veth_bridge,
		[OPT_VETH_ADDR] = &o->veth_addr,
		[OPT_PINNED] = &o->pinned,
	};

	*places[opt] = value;
}

static void set_option(struct floor_opt *o, int opt, const char *value)
{
	if (opt == OPT_NS)
		o->ns = parse_words(ns_words, value, "ns");
	else if (opt == OPT_MOUNTS)
		o->mounts = (unsigned)parse_words(mount_words, value, "mounts");
	else if (opt == OPT_NO)
		leave_out(o, value);
	else if (opt == OPT_IDMAP)
		o->idmap_base = parse_number(value, "idmap");
	else if (opt == OPT_FORK)
		o->fork = true;
	else if (opt == OPT_BREAKDOWN)
		o->breakdown = true;
	else if (opt == OPT_REPEAT)
		o->repeat = parse_number(value, "repeat");
	else if (opt == OPT_GAP)
		o->gap_ms = parse_number(value, "gap");
	else if (opt >= OPT_EXEC && opt <= OPT_STATE)
		set_mode(o, opt, value);
	else
		set_text(o, opt, value);
}

void floor_options(struct floor_opt *o, int argc, char **argv)
{
	bool runs;
	int opt;

	*o = (struct floor_opt){
		.ns = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET,
		.mounts = FM_ALL,
		.hostname = "floor",
		.repeat = 1,
		.devices = true,
		.device_rules = true,
		.masks = true,
		.caps = true,
		.keyring = true,
		.loopback = true,
	};
	while ((opt = getopt_long_only(argc, argv, "+", options, NULL)) != -1) {
		if (opt == OPT_HELP || opt == '?') {
			dprintf(opt == '?' ? 2 : 1, "%s", usage);
			_exit(opt == '?' ? 2 : 0);
		}
		set_option(o, opt, optarg);
	}
	o->argv = argv + optind;
	errno = 0;
	runs = o->mode == FLOOR_RUN || o->mode == FLOOR_CREATE;
	if ((runs || o->mode == FLOOR_EXEC) && !o->argv[0])
		die("no program given; see --help");
	if (runs && (o->ns & CLONE_NEWNS) && !o->rootfs)
		die("no --rootfs given; see --help");
	if (o->idmap_base && (!(o->ns & CLONE_NEWUSER) || !(o->ns & CLONE_NEWNS) || o->mode != FLOOR_RUN))
		die("--idmap: want a container to run, with --ns user and mnt");
	if (o->overlay_scratch && o->mode != FLOOR_RUN)
		die("--overlay: want a container to run: its end removes the layer");
	if (o->repeat < 1 || o->repeat > 100000)
		die("--repeat: want 1 to 100000");
}
