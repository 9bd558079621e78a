/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed memory files: the executable that enters containers, and the plan it executes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "pyrunc.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

/* memfd_create(2) with a flag that kernels before 6.3 do not know; EINVAL means to ask again without it. */
static int create(const char *name, unsigned int exec_flag)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | exec_flag);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static int seal(int fd, struct pr_error *reterr)
{
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return pr_fail(reterr, PR_STEP_SEAL);
	return 0;
}

int pr_seal_executable(int exe_fd, struct pr_error *reterr)
{
	struct stat st;
	if (fstat(exe_fd, &st) < 0)
		return pr_fail(reterr, PR_STEP_STAT);
	auto_fd fd = create("pyrunc", MFD_EXEC);
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_MEMFD);
	off_t offset = 0;
	while (offset < st.st_size) {
		ssize_t sent = sendfile(fd, exe_fd, &offset, (size_t)(st.st_size - offset));
		if (sent < 0)
			return pr_fail(reterr, PR_STEP_MEMFD);
		if (sent == 0)
			return pr_fail_as(reterr, PR_STEP_MEMFD, EIO);
	}
	if (fchmod(fd, 0555) < 0)
		return pr_fail(reterr, PR_STEP_CHMOD);
	/* Kernels before 6.3 do not have this seal; the others below are what protects. */
	(void)fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC);
	if (seal(fd, reterr) < 0)
		return -1;
	return pr_steal(&fd);
}

int pr_seal_plan(const void *data, uint32_t size, struct pr_error *reterr)
{
	auto_fd fd = create("pyrunc-plan", MFD_NOEXEC_SEAL);
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_MEMFD);
	const char *at = data;
	for (uint32_t left = size; left > 0;) {
		ssize_t written = write(fd, at, left);
		if (written < 0)
			return pr_fail(reterr, PR_STEP_WRITE);
		at += written;
		left -= (uint32_t)written;
	}
	if (seal(fd, reterr) < 0)
		return -1;
	return pr_steal(&fd);
}
