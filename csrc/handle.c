/* SPDX-License-Identifier: Apache-2.0 */
/* Handles of processes with and without pidfds. */
#define _GNU_SOURCE
#include "handle.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "channel.h"
#include "cleanup.h"
#include "spawn.h"
#include "syscalls.h"

enum { SLICE_MAX_MS = 50 };

static bool is_directory(int handle)
{
	struct stat st;
	return handle >= 0 && fstat(handle, &st) == 0 && S_ISDIR(st.st_mode);
}

int pr_handle_open(int32_t pid)
{
	char path[32];
	int fd = pr_pidfd_open(pid);
	if (fd >= 0 || errno != ENOSYS)
		return fd;
	(void)pr_format(path, sizeof(path), "/proc/", (uint64_t)pid, "");
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Reads a small file of procfs; -1/ESRCH when it or its process is gone. */
static ssize_t read_file(int dir, const char *path, char *text, size_t size)
{
	auto_fd fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);
	if (got <= 0) {
		errno = ESRCH;
		return -1;
	}
	text[got] = '\0';
	return got;
}

/* The process' number in our pid namespace; -1/ESRCH when it is gone. proc_pid_stat(5), pidfd_open(2) on fdinfo. */
static int32_t number_of(int handle)
{
	char text[1024], path[48];
	const char *at = text;
	if (is_directory(handle)) {
		if (read_file(handle, "stat", text, sizeof(text)) < 0)
			return -1;
	} else {
		(void)pr_format(path, sizeof(path), "/proc/self/fdinfo/", (uint64_t)handle, "");
		if (read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
			return -1;
		at = strstr(text, "\nPid:");
		at = at ? at + strlen("\nPid:") : "";
	}
	long pid = strtol(at, NULL, 10);
	if (pid > 0)
		return (int32_t)pid;
	errno = ESRCH;
	return -1;
}

int pr_handle_setns(int handle, int flag, const char *name)
{
	char path[48];
	bool directory = is_directory(handle);
	if (!directory) {
		int result = setns(handle, flag);
		if (result == 0 || errno != EINVAL)
			return result;
	}
	int32_t pid = number_of(handle);
	if (pid < 0)
		return -1;
	(void)pr_format(path, sizeof(path), "/proc/", (uint64_t)pid, "/ns");
	auto_fd names =
	        directory ? openat(handle, "ns", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd fd = names < 0 ? -EBADF : openat(names, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : setns(fd, flag);
}

/* Zombies have ended. */
static bool ended(int directory)
{
	char text[1024];
	if (read_file(directory, "stat", text, sizeof(text)) < 0)
		return true;
	const char *at = strrchr(text, ')');
	return at && at[1] == ' ' && (at[2] == 'Z' || at[2] == 'X' || at[2] == 'x');
}

int pr_handle_poll(struct pollfd *waits, nfds_t count, nfds_t index, int timeout_ms)
{
	int handle = waits[index].fd, slice = 1, found;
	if (!is_directory(handle))
		return poll(waits, count, timeout_ms);
	int64_t end = pr_now_ms() + timeout_ms;
	waits[index].fd = -1;
	for (;;) {
		bool over = ended(handle);
		int64_t left = timeout_ms < 0 ? SLICE_MAX_MS : end - pr_now_ms();
		int bound = left < 0 ? 0 : left < slice ? (int)left : slice;
		found = poll(waits, count, over ? 0 : bound);
		waits[index].revents = over ? POLLIN : 0;
		if (over && found >= 0)
			found++;
		if (found != 0 || (timeout_ms >= 0 && left <= 0))
			break;
		slice = slice * 2 < SLICE_MAX_MS ? slice * 2 : SLICE_MAX_MS;
	}
	waits[index].fd = handle;
	return found;
}
