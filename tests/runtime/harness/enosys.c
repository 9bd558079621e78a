/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the kernel look older: enosys GROUP,GROUP... PROGRAM ARGS runs PROGRAM with the system calls of these groups answered by ENOSYS
 * ("all": every group). The group setns is the kernels that have pidfds and do not take them there: EINVAL for what only a pidfd can mean,
 * several kinds of namespaces at once. The filter needs CAP_SYS_ADMIN instead of no_new_privs, which therefore stays off for
 * root; the container inherits it. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

/* The C library may be older than these calls; their numbers are the same on all architectures from 424 on. */
static const struct {
	const char *group;
	unsigned int number;
} calls[] = {
	{ "pidfd", 424 /* pidfd_send_signal */ },
	{ "pidfd", 434 /* pidfd_open */ },
	{ "pidfd", 438 /* pidfd_getfd */ },
	{ "mount", 428 /* open_tree */ },
	{ "mount", 429 /* move_mount */ },
	{ "mount", 430 /* fsopen */ },
	{ "mount", 431 /* fsconfig */ },
	{ "mount", 432 /* fsmount */ },
	{ "mount", 433 /* fspick */ },
	{ "mount", 442 /* mount_setattr */ },
	{ "mount_setattr", 442 },
	{ "clone3", 435 },
	{ "close_range", 436 },
	{ "openat2", 437 },
	{ "faccessat2", 439 },
	{ "fchmodat2", 452 },
	{ "statx", SYS_statx },
};

enum { COUNT = sizeof(calls) / sizeof(calls[0]) };

static const struct sock_filter several_kinds[] = {
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setns, 0, 6),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])), /* both architectures are little-endian */
	BPF_STMT(BPF_MISC | BPF_TAX, 0),
	BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 1),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_X, 0), /* more than one bit is left of it */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
};

enum { SEVERAL = sizeof(several_kinds) / sizeof(several_kinds[0]) };

/* Whether `name` is one of the words of a list with commas. */
static int listed(const char *list, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		size_t word = strcspn(at, ",");
		if ((word == length && strncmp(at, name, length) == 0) || (word == 3 && strncmp(at, "all", 3) == 0))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sock_filter program[2 * COUNT + SEVERAL + 5];
	unsigned short used = 0;
	if (argc < 3)
		return 125;
	program[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	program[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	program[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	unsigned short before = used;
	for (int i = 0; i < COUNT; i++) {
		if (!listed(argv[1], calls[i].group))
			continue;
		program[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1);
		program[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	}
	if (listed(argv[1], "setns")) {
		memcpy(&program[used], several_kinds, sizeof(several_kinds));
		used += SEVERAL;
	}
	if (used == before) {
		(void)fprintf(stderr, "enosys: no such group: %s\n", argv[1]);
		return 125;
	}
	program[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (geteuid() != 0)
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	struct sock_fprog filter = { .len = used, .filter = program };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0) {
		perror("enosys: seccomp");
		return 125;
	}
	(void)execv(argv[2], argv + 2);
	perror(argv[2]);
	return 125;
}
