/* SPDX-License-Identifier: Apache-2.0 */
/* System calls newer than a profile: a C library tries those first and falls back when they are not there (ENOSYS), but not when they are
 * forbidden (EPERM). A profile that forbids by default cannot have meant what it could not know. seccomp(2), bpf(4). */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "seccomp_newer.h"

#define X32_BIT 0x40000000U
/* ARM keeps private calls from here on, and no table has so many entries: what is above is not newer but something else. */
enum { NUMBERS = 0x0f0000, INSTRUCTIONS = 6 };

/* The highest number that the rules name on this architecture, 0 when none is known there. */
static uint32_t newest(uint32_t architecture, const char *names, const struct pr_seccomp_rule *rules, uint32_t count)
{
	uint32_t base = architecture == SCMP_ARCH_X32 ? X32_BIT : 0, highest = 0;
	for (uint32_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name_arch(architecture, names + rules[i].name);
		/* Negative: unknown here, or one of libseccomp's stand-ins for calls that this architecture lacks. */
		if (number >= 0 && (uint32_t)number > highest && (uint32_t)number < base + NUMBERS)
			highest = (uint32_t)number;
	}
	return highest;
}

static struct sock_filter *add_architecture(struct sock_filter *at, uint32_t architecture, uint32_t highest, uint32_t action)
{
	bool x32 = architecture == SCMP_ARCH_X32;
	uint32_t audit = x32 ? SCMP_ARCH_X86_64 : architecture; /* the kernel's word for both */
	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, audit, 0, 4);
	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, highest, 0, 2);
	*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (x32 ? X32_BIT : 0) + NUMBERS, 1, 0);
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	return at;
}

uint32_t pr_seccomp_newer(const uint32_t *architectures, uint32_t architecture_count, const char *names,
                          const struct pr_seccomp_rule *rules, uint32_t rule_count, uint32_t action, void *ret_program, uint32_t room)
{
	struct sock_filter *start = ret_program, *at = start;
	uint32_t native = seccomp_arch_native();
	bool listed = false;
	for (uint32_t i = 0; i <= architecture_count; i++) {
		uint32_t architecture = i < architecture_count ? architectures[i] : native;
		if (i == architecture_count && listed)
			break;
		listed = listed || architecture == native;
		uint32_t highest = newest(architecture, names, rules, rule_count);
		if (highest && (uint32_t)((char *)(at + INSTRUCTIONS) - (char *)start) <= room)
			at = add_architecture(at, architecture, highest, action);
	}
	return (uint32_t)((char *)at - (char *)start);
}
