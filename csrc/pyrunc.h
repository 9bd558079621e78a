/* SPDX-License-Identifier: Apache-2.0 */
/* The C core's own header: what every file needs, on top of the declarations shared with Python. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pyrunc.cdef.h"

/* Puts errno and the step into *reterr and returns -1: `return pr_fail(reterr, PR_STEP_OPEN);`. A NULL reterr is fine. */
int pr_fail(struct pr_error *reterr, uint32_t step);

/* The same with an errno of our own choosing. */
int pr_fail_as(struct pr_error *reterr, uint32_t step, int errnum);

/* Copies at most 119 bytes of `text` into reterr->detail; returns -1 so that it can end a chain. */
int pr_detail(struct pr_error *reterr, const char *text);

/* Runs as the init stage until the user's program replaces it; never returns 0. */
int pr_init_main(int plan_fd, int sock_fd);

static inline const char *pr_plan_string(const struct pr_plan *plan, uint32_t offset)
{
	return offset ? (const char *)plan + plan->str_off + offset : NULL;
}

static inline const void *pr_plan_blob(const struct pr_plan *plan, uint32_t offset)
{
	return (const char *)plan + plan->str_off + offset;
}

static inline const struct pr_op *pr_plan_ops(const struct pr_plan *plan)
{
	return (const struct pr_op *)(plan + 1);
}
