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
#include "clock.h"
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
	return pr_open(path, O_RDONLY | O_DIRECTORY);
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

/* The user namespace stands first and the mount namespace last: it changes what paths mean. */
static const struct {
	int flag;
	const char *name;
} kinds[] = {
	{ CLONE_NEWUSER, "user" }, { CLONE_NEWPID, "pid" },          { CLONE_NEWNET, "net" },      { CLONE_NEWIPC, "ipc" },
	{ CLONE_NEWUTS, "uts" },   { PR_CLONE_NEWCGROUP, "cgroup" }, { PR_CLONE_NEWTIME, "time" }, { CLONE_NEWNS, "mnt" },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* The directory /proc/PID/ns of a handle's process. */
static int open_names(int handle)
{
	char path[48];
	if (is_directory(handle))
		return openat(handle, "ns", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int32_t pid = number_of(handle);
	if (pid < 0)
		return -1;
	(void)pr_format(path, sizeof(path), "/proc/", (uint64_t)pid, "/ns");
	auto_fd names = pr_open(path, O_RDONLY | O_DIRECTORY);
	/* The number may have come to mean another process before it was opened, but not without the end of ours. */
	return names < 0 || number_of(handle) != pid ? -1 : pr_steal(&names);
}

/* Joins the namespaces that are open, from kind `first` on, and closes them. Stops at the first refusal unless told to leave those. */
static int join_files(int fds[KINDS], size_t first, bool leave_refused)
{
	for (size_t i = first; i < KINDS; i++) {
		if (fds[i] < 0)
			continue;
		if (setns(fds[i], kinds[i].flag) == 0)
			pr_close(&fds[i]);
		else if (!leave_refused || errno != EPERM)
			return -1;
	}
	return 0;
}

static int setns_by_files(int handle, int flags)
{
	int fds[KINDS];
	auto_fd names = open_names(handle);
	int result = names < 0 ? -1 : 0;
	/* All are opened before the first is joined, which may take /proc away. */
	for (size_t i = 0; i < KINDS; i++) {
		fds[i] = result == 0 && (flags & kinds[i].flag) ? openat(names, kinds[i].name, O_RDONLY | O_CLOEXEC) : -EBADF;
		if (fds[i] == -1)
			result = -1;
	}
	/* With power over them the others come first and the user namespace takes that power; without, it gives it. */
	if (result == 0)
		result = join_files(fds, 1, true);
	if (result == 0)
		result = join_files(fds, 0, false);
	int saved = errno;
	for (size_t i = 0; i < KINDS; i++)
		pr_close(&fds[i]);
	errno = saved;
	return result;
}

int pr_handle_setns(int handle, int flags)
{
	if (!is_directory(handle)) {
		/* EINVAL: pidfds (5.3) that setns does not know yet (5.8; CLONE_NEWTIME 5.9). */
		int result = setns(handle, flags);
		if (result == 0 || errno != EINVAL)
			return result;
	}
	return setns_by_files(handle, flags);
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
