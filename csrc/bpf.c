/* SPDX-License-Identifier: Apache-2.0 */
/* The device program of a v2 cgroup: loading it and putting it in the place of the one before. bpf(2). */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "pyrunc.h"

enum { PROGRAMS_MAX = 64 }; /* the kernel's own bound for one cgroup and attach type */

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

int pr_bpf_device_load(const void *instructions, uint32_t count, struct pr_error *reterr)
{
	static const char name[] = "pyrunc_devices", license[] = "Apache-2.0";
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)instructions;
	attr.insn_cnt = count;
	attr.license = (uint64_t)(uintptr_t)license;
	memcpy(attr.prog_name, name, sizeof(name));
	int fd = bpf(BPF_PROG_LOAD, &attr);
	return fd < 0 ? pr_fail(reterr, PR_STEP_OPEN) : fd;
}

int pr_bpf_device_query(int cgroup_fd, uint32_t *ret_ids, uint32_t size, struct pr_error *reterr)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_cnt = size;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ret_ids;
	if (bpf(BPF_PROG_QUERY, &attr) < 0)
		return pr_fail(reterr, PR_STEP_READ);
	return (int)attr.query.prog_cnt;
}

static int detach(int cgroup_fd, uint32_t id, struct pr_error *reterr)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	auto_fd prog_fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	if (prog_fd < 0)
		return errno == ENOENT ? 0 : pr_fail(reterr, PR_STEP_OPEN);
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)prog_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	if (bpf(BPF_PROG_DETACH, &attr) < 0 && errno != ENOENT)
		return pr_fail(reterr, PR_STEP_WRITE);
	return 0;
}

int pr_bpf_device_attach(int cgroup_fd, int prog_fd, struct pr_error *reterr)
{
	uint32_t before[PROGRAMS_MAX];
	int count = pr_bpf_device_query(cgroup_fd, before, PROGRAMS_MAX, reterr);
	if (count < 0)
		return -1;
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)prog_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (bpf(BPF_PROG_ATTACH, &attr) < 0)
		return pr_fail(reterr, PR_STEP_WRITE);
	/* All attached programs must agree, so between the two steps the group is stricter than it will be, never laxer. */
	for (int i = 0; i < count; i++)
		if (detach(cgroup_fd, before[i], reterr) < 0)
			return -1;
	return 0;
}
