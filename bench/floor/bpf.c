/* The device rules of a container without rules of its own, as a cgroup-v2 device program: everything is
 * refused but mknod and the nodes of runtime-spec config-linux.md "Default Devices". */
#include "floor.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSN(c, d, s, o, i) ((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define LOAD(reg, offset) INSN(BPF_LDX | BPF_MEM | BPF_W, reg, BPF_REG_1, offset, 0)
#define JNE(reg, value, skip) INSN(BPF_JMP | BPF_JNE | BPF_K, reg, 0, skip, value)
#define RETURN(value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value), INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* R2 type, R3 access, R4 major, R5 minor */
#define ALLOW_CHAR(major, minor) JNE(BPF_REG_4, major, 3), JNE(BPF_REG_5, minor, 2), RETURN(1)

static const struct bpf_insn rules[] = {
	LOAD(BPF_REG_3, 0), /* access << 16 | type */
	INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0),
	INSN(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff),
	INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16),
	LOAD(BPF_REG_4, 4),
	LOAD(BPF_REG_5, 8),
	JNE(BPF_REG_3, BPF_DEVCG_ACC_MKNOD, 2),
	RETURN(1),
	INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_2, 0, 2, BPF_DEVCG_DEV_CHAR),
	RETURN(0),
	ALLOW_CHAR(1, 3), /* null */
	ALLOW_CHAR(1, 5), /* zero */
	ALLOW_CHAR(1, 7), /* full */
	ALLOW_CHAR(1, 8), /* random */
	ALLOW_CHAR(1, 9), /* urandom */
	ALLOW_CHAR(5, 0), /* tty */
	ALLOW_CHAR(5, 1), /* console */
	ALLOW_CHAR(5, 2), /* ptmx */
	JNE(BPF_REG_4, 136, 2), /* pts */
	RETURN(1),
	RETURN(0),
};

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

void bpf_device_rules(int cgroup_fd)
{
	union bpf_attr load, attach;
	int prog;

	memset(&load, 0, sizeof(load));
	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insns = (uintptr_t)rules;
	load.insn_cnt = sizeof(rules) / sizeof(rules[0]);
	load.license = (uintptr_t) "Apache-2.0";
	prog = sys_bpf(BPF_PROG_LOAD, &load);
	if (prog < 0)
		die("load the device rules");
	memset(&attach, 0, sizeof(attach));
	attach.target_fd = (unsigned)cgroup_fd;
	attach.attach_bpf_fd = (unsigned)prog;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	if (sys_bpf(BPF_PROG_ATTACH, &attach) < 0)
		die("attach the device rules");
	close(prog);
}
