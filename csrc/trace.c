/* SPDX-License-Identifier: Apache-2.0 */
/* Notes of the init stage's ops in memory that it shares with the parent, which reads them when the verb is done. */
#define _GNU_SOURCE
#include "trace.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct pr_trace_op *pr_trace_notes;

uint64_t pr_trace_now(void)
{
	struct timespec now = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void pr_trace_open(int fd, uint32_t op_count)
{
	void *memory = mmap(NULL, op_count * sizeof(*pr_trace_notes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED)
		pr_trace_notes = memory;
	(void)close(fd);
}
