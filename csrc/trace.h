/* SPDX-License-Identifier: Apache-2.0 */
/* When the init stage's ops began and ended, for `--trace`; nothing but a test of a pointer without it. */
#pragma once

#include "clock.h"
#include "pyrunc.h"

/* Where the notes go: one struct pr_trace_op for each op of the plan, NULL when nobody wants them. */
extern struct pr_trace_op *pr_trace_notes;

/* Maps the shared memory that the plan names for the notes of `op_count` ops and closes its descriptor. */
void pr_trace_open(int fd, uint32_t op_count);

/* Notes that this moment of the op has come. */
static inline void pr_trace(uint32_t op, enum pr_trace_moment moment)
{
	if (__builtin_expect(pr_trace_notes != NULL, 0))
		pr_trace_notes[op].at[moment] = pr_now_ns();
}
