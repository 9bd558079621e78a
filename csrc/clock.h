/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that waits and traces go by: it does not jump. clock_gettime(2). */
#pragma once

#include <stdint.h>
#include <time.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t pr_now_ns(void)
{
	struct timespec now = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* Milliseconds of CLOCK_MONOTONIC, rounded down. */
static inline int64_t pr_now_ms(void)
{
	return (int64_t)(pr_now_ns() / 1000000U);
}
