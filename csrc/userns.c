/* SPDX-License-Identifier: Apache-2.0 */
/* Id-mapped mounts, made by the parent: the stage has no power over the host's file systems once it is in a user namespace. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "syscalls.h"
#include "userns.h"

static int write_map(int32_t pid, const char *file, const char *text, struct pr_error *reterr)
{
	char path[48];
	(void)pr_format(path, sizeof(path), "/proc/", (uint64_t)pid, file);
	auto_fd fd = pr_open(path, O_WRONLY);
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	size_t size = strlen(text);
	if (write(fd, text, size) != (ssize_t)size)
		return pr_fail(reterr, PR_STEP_WRITE);
	return 0;
}

/* The namespace of a process that waits in it. */
static int open_mapped(int32_t pid, const char *uid_map, const char *gid_map, struct pr_error *reterr)
{
	char path[48];
	if (write_map(pid, "/uid_map", uid_map, reterr) < 0 || write_map(pid, "/gid_map", gid_map, reterr) < 0)
		return -1;
	(void)pr_format(path, sizeof(path), "/proc/", (uint64_t)pid, "/ns/user");
	int fd = pr_open(path, O_RDONLY);
	return fd < 0 ? pr_fail(reterr, PR_STEP_OPEN) : fd;
}

int pr_userns_fd(const char *uid_map, const char *gid_map, struct pr_error *reterr)
{
	struct pr_clone_args args = { .flags = CLONE_NEWUSER };
	long pid = pr_clone3(&args);
	if (pid < 0 && errno == ENOSYS)
		pid = syscall(SYS_clone, CLONE_NEWUSER, NULL, NULL, NULL, NULL);
	if (pid < 0)
		return pr_fail(reterr, PR_STEP_CLONE);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			(void)pause();
	}
	int fd = open_mapped((int32_t)pid, uid_map, gid_map, reterr);
	int saved = errno;
	(void)kill((pid_t)pid, SIGKILL);
	while (waitpid((pid_t)pid, NULL, __WALL) < 0 && errno == EINTR)
		continue;
	errno = saved;
	return fd;
}

int pr_open_idmapped(const char *path, const struct pr_idmap *idmap, struct pr_error *reterr)
{
	struct pr_mount_attr attr = { .attr_set = PR_MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)idmap->userns_fd };
	bool whole = idmap->flags & PR_IDMAP_RECURSIVE;
	auto_fd fd = pr_open_tree(AT_FDCWD, path, PR_OPEN_TREE_CLONE | (idmap->flags & PR_IDMAP_TREE ? PR_AT_RECURSIVE : 0U));
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_OPEN_TREE);
	if (pr_mount_setattr(fd, "", AT_EMPTY_PATH | (whole ? PR_AT_RECURSIVE : 0U), &attr) < 0)
		return pr_fail(reterr, PR_STEP_MOUNT_SETATTR);
	return pr_steal(&fd);
}
