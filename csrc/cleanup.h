/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors and memory that close and free themselves at the end of their scope. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* open(2), close-on-exec. By openat, since musl's open() sets FD_CLOEXEC by a second system call as well (for kernels before 2.6.23). */
static inline int pr_open(const char *path, int flags)
{
	return openat(AT_FDCWD, path, flags | O_CLOEXEC);
}

/* Closes *fd when it is one and keeps errno; close(2) is never retried on Linux. */
static inline void pr_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		(void)close(*fd);
		errno = saved;
	}
	*fd = -EBADF;
}

static inline void pr_free(void *memory)
{
	free(*(void **)memory);
	*(void **)memory = NULL;
}

/* Hands the descriptor over: the variable no longer owns it. */
static inline int pr_steal(int *fd)
{
	int taken = *fd;
	*fd = -EBADF;
	return taken;
}

#define auto_fd __attribute__((cleanup(pr_close))) int
#define auto_free __attribute__((cleanup(pr_free)))
