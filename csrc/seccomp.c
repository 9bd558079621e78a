/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles a seccomp profile to BPF by libseccomp; runs in the parent only. seccomp_init(3) and its family. */
#define _GNU_SOURCE
#include <linux/memfd.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "pyrunc.h"
#include "seccomp_newer.h"

static void release(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

/* libseccomp returns negative errnos. */
static int failed(int result, struct pr_error *reterr)
{
	return pr_fail_as(reterr, PR_STEP_SECCOMP, -result);
}

static int add_architectures(scmp_filter_ctx filter, const uint32_t *architectures, uint32_t count, uint32_t *ret_failed,
                             struct pr_error *reterr)
{
	for (uint32_t i = 0; i < count; i++) {
		int result = seccomp_arch_add(filter, architectures[i]);
		if (result < 0 && result != -EEXIST) {
			*ret_failed = i;
			return failed(result, reterr);
		}
	}
	return 0;
}

static int add_rule(scmp_filter_ctx filter, const struct pr_seccomp_rule *rule, const struct pr_seccomp_arg *args, int number)
{
	struct scmp_arg_cmp comparisons[6];
	if (rule->arg_count > sizeof(comparisons) / sizeof(*comparisons))
		return -EINVAL;
	for (uint32_t i = 0; i < rule->arg_count; i++) {
		const struct pr_seccomp_arg *arg = &args[rule->first_arg + i];
		comparisons[i] = (struct scmp_arg_cmp){
			.arg = arg->index,
			.op = (enum scmp_compare)arg->op,
			.datum_a = arg->value,
			.datum_b = arg->value_two,
		};
	}
	return seccomp_rule_add_array(filter, rule->action, number, rule->arg_count, rule->arg_count ? comparisons : NULL);
}

/* The program as the kernel wants it. libseccomp before 2.6 exports to a file only. */
static int export_program(scmp_filter_ctx filter, void *program, uint32_t *size, struct pr_error *reterr)
{
	auto_fd fd = memfd_create("pyrunc-bpf", MFD_CLOEXEC);
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_MEMFD);
	int result = seccomp_export_bpf(filter, fd);
	if (result < 0)
		return failed(result, reterr);
	off_t length = lseek(fd, 0, SEEK_END);
	if (length < 0 || length > *size)
		return pr_fail_as(reterr, PR_STEP_SECCOMP, E2BIG);
	if (pread(fd, program, (size_t)length, 0) != length)
		return pr_fail_as(reterr, PR_STEP_READ, EIO);
	*size = (uint32_t)length;
	return 0;
}

uint32_t pr_seccomp_version(void)
{
	const struct scmp_version *version = seccomp_version();
	return version ? version->major << 16 | version->minor << 8 | version->micro : 0;
}

int pr_seccomp_compile(uint32_t default_action, uint32_t newer_action, const uint32_t *architectures, uint32_t architecture_count,
                       const char *names, const struct pr_seccomp_rule *rules, uint32_t rule_count, const struct pr_seccomp_arg *args,
                       uint8_t *ret_unknown, void *ret_program, uint32_t *size, uint32_t *ret_failed, struct pr_error *reterr)
{
	__attribute__((cleanup(release))) scmp_filter_ctx filter = seccomp_init(default_action);
	*ret_failed = UINT32_MAX;
	if (!filter)
		return pr_fail_as(reterr, PR_STEP_SECCOMP, EINVAL);
	/* Whether no_new_privs is set is the config's word, not libseccomp's. */
	int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	/* A tree of comparisons instead of a list: each system call passes a handful of instructions, not hundreds. */
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (result < 0)
		return failed(result, reterr);
	if (add_architectures(filter, architectures, architecture_count, ret_failed, reterr) < 0) {
		*ret_failed += rule_count;
		return -1;
	}
	for (uint32_t i = 0; i < rule_count; i++) {
		int number = seccomp_syscall_resolve_name(names + rules[i].name);
		ret_unknown[i] = number == __NR_SCMP_ERROR;
		if (ret_unknown[i] || rules[i].action == default_action)
			continue;
		result = add_rule(filter, &rules[i], args, number);
		if (result < 0 && result != -EEXIST) {
			*ret_failed = i;
			return failed(result, reterr);
		}
	}
	/* libseccomp's program jumps by relative offsets only: it may stand behind other instructions. */
	uint32_t room = *size;
	uint32_t prefix = newer_action ? pr_seccomp_newer(architectures, architecture_count, names, rules, rule_count, newer_action,
	                                                  ret_program, room)
	                               : 0;
	*size = room - prefix;
	if (export_program(filter, (uint8_t *)ret_program + prefix, size, reterr) < 0)
		return -1;
	*size += prefix;
	return 0;
}
