/* SPDX-License-Identifier: Apache-2.0 */
/* Notes of the init stage's ops in memory that it shares with the parent, which reads them when the verb is done. */
#define _GNU_SOURCE
#include "trace.h"

#include <sys/mman.h>
#include <unistd.h>

struct pr_trace_op *pr_trace_notes;

void pr_trace_open(int fd, uint32_t op_count)
{
	void *memory = mmap(NULL, op_count * sizeof(*pr_trace_notes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED)
		pr_trace_notes = memory;
	(void)close(fd);
}
