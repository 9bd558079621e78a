/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a descriptor out of another process that may not be able to send it. */
#define _GNU_SOURCE
#include <poll.h>

#include "pyrunc.h"
#include "syscalls.h"

int pr_take_fd(int pidfd, int number, int sock, struct pr_error *reterr)
{
	bool last = false;
	for (;;) {
		int fd = (int)syscall(PR_NR_pidfd_getfd, pidfd, number, 0);
		if (fd >= 0)
			return fd;
		if (errno != EBADF && errno != ESRCH)
			return pr_fail(reterr, PR_STEP_PIDFD_GETFD);
		if (last)
			return pr_fail_as(reterr, PR_STEP_PEER_GONE, ECONNRESET);
		/* Nothing wakes us when it appears: that takes the stage one system call, so a look each millisecond is enough. */
		struct pollfd waits[2] = { { .fd = sock, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
		last = poll(waits, 2, 1) > 0;
	}
}
