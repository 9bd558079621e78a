/* SPDX-License-Identifier: Apache-2.0 */
/* Ops for what a process inherits through exec: scheduling, memory policy, personality. */
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

#define IOPRIO_WHO_PGRP 2

/* sched_setattr(2); neither C library declares it. */
struct sched_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

int pr_op_sched(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	uint64_t times[3];
	memcpy(times, pr_plan_blob(init->plan, op->s[0]), sizeof(times));
	struct sched_attributes attributes = {
		.size = 48,
		.policy = (uint32_t)op->n[0],
		.flags = op->n[1],
		.nice = (int32_t)(uint32_t)op->n[2],
		.priority = (uint32_t)(op->n[2] >> 32),
		.runtime = times[0],
		.deadline = times[1],
		.period = times[2],
	};
	if (syscall(SYS_sched_setattr, 0, &attributes, 0) < 0)
		return pr_fail(reterr, PR_STEP_SCHED);
	return 0;
}

int pr_op_ioprio(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)init;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PGRP, 0, (int)op->n[0]) < 0)
		return pr_fail(reterr, PR_STEP_IOPRIO);
	return 0;
}

int pr_op_mempolicy(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	const void *mask = op->s[0] ? pr_plan_blob(init->plan, op->s[0]) : NULL;
	/* The kernel reads maxnode - 1 bits. set_mempolicy(2) NOTES. */
	if (syscall(SYS_set_mempolicy, (int)op->n[0], mask, op->n[1] ? op->n[1] + 1 : 0) < 0)
		return pr_fail(reterr, PR_STEP_MEMPOLICY);
	return 0;
}

int pr_op_personality(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)init;
	if (personality((unsigned long)op->n[0]) < 0)
		return pr_fail(reterr, PR_STEP_PERSONALITY);
	return 0;
}

int pr_op_affinity(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	if (syscall(SYS_sched_setaffinity, 0, (size_t)op->n[0], pr_plan_blob(init->plan, op->s[0])) < 0)
		return pr_fail(reterr, PR_STEP_AFFINITY);
	return 0;
}

int pr_op_umask(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)init;
	(void)reterr;
	(void)umask((mode_t)op->n[0]);
	return 0;
}
