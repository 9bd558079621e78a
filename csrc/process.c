/* SPDX-License-Identifier: Apache-2.0 */
/* What the parent side asks of the kernel about processes: identity, end, start, and files seen from their mount namespace. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "clock.h"
#include "handle.h"
#include "pyrunc.h"
#include "spawn.h"
#include "syscalls.h"
#include "userns.h"

int pr_process_stat(int32_t pid, uint64_t *ret_start_time, char *ret_state, struct pr_error *reterr)
{
	char path[32], text[1024];
	(void)pr_format(path, sizeof(path), "/proc/", (uint64_t)pid, "/stat");
	auto_fd fd = pr_open(path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got <= 0)
		return pr_fail_as(reterr, PR_STEP_DEAD, ESRCH);
	text[got] = '\0';
	/* The command name may hold anything, brackets and blanks too: what follows the last one is plain. proc_pid_stat(5). */
	char *at = strrchr(text, ')');
	if (!at || at[1] != ' ' || !at[2])
		return pr_fail_as(reterr, PR_STEP_READ, EBADMSG);
	*ret_state = at[2];
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return pr_fail_as(reterr, PR_STEP_READ, EBADMSG);
	*ret_start_time = strtoull(at + 1, NULL, 10);
	return 0;
}

int pr_wait_exit(int pidfd, int timeout_ms, struct pr_error *reterr)
{
	struct pollfd wait = { .fd = pidfd, .events = POLLIN };
	int64_t end = pr_now_ms() + timeout_ms + 1; /* the clock is rounded down */
	for (;;) {
		int count = pr_handle_poll(&wait, 1, 0, timeout_ms);
		if (count >= 0)
			return count > 0;
		if (errno != EINTR)
			return pr_fail(reterr, PR_STEP_READ);
		if (timeout_ms > 0) {
			int64_t left = end - pr_now_ms();
			timeout_ms = left > 0 ? (int)left : 0;
		}
	}
}

int pr_set_rlimit(int32_t pid, int resource, uint64_t soft, uint64_t hard, struct pr_error *reterr)
{
	/* The raw call takes 64-bit values whatever the C library's rlim_t. */
	struct {
		uint64_t soft, hard;
	} limit = { soft, hard };
	if (syscall(SYS_prlimit64, pid, resource, &limit, NULL) < 0)
		return pr_fail(reterr, PR_STEP_SETRLIMIT);
	return 0;
}

int pr_set_subreaper(int on, struct pr_error *reterr)
{
	return prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0) < 0 ? pr_fail(reterr, PR_STEP_PRCTL) : 0;
}

/* Waits for data or the end of the init stage. Returns 1 for data or end of file, 0 when the stage died without a word. */
static int wait_fifo(int fifo, int pidfd, struct pr_error *reterr)
{
	struct pollfd waits[2] = { { .fd = fifo, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	int count;
	do
		count = pr_handle_poll(waits, 2, 1, -1);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return pr_fail(reterr, PR_STEP_READ);
	return waits[0].revents ? 1 : 0;
}

int pr_start(int dirfd, int pidfd, struct pr_msg *ret_msg, struct pr_error *reterr)
{
	/* Nonblocking, so that a stage that died cannot hang us: the open for reading succeeds at once. fifo(7). */
	auto_fd fifo = openat(dirfd, "exec.fifo", O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fifo < 0 || fstat(fifo, &st) < 0)
		return pr_fail(reterr, PR_STEP_FIFO);
	if (!S_ISFIFO(st.st_mode))
		return pr_fail_as(reterr, PR_STEP_MISMATCH, EINVAL);
	bool executing = false;
	for (;;) {
		int ready = wait_fifo(fifo, pidfd, reterr);
		if (ready < 0)
			return -1;
		struct pr_msg msg;
		ssize_t got = read(fifo, &msg, sizeof(msg));
		if (got == (ssize_t)sizeof(msg) && msg.kind == PR_MSG_EXECUTING) {
			executing = true;
			continue;
		}
		if (got == (ssize_t)sizeof(msg)) {
			*ret_msg = msg;
			*reterr = msg.error;
			return -1;
		}
		/* No writer: the program runs now, or the stage died before it opened the fifo. */
		if (executing)
			return 0;
		if (!ready)
			return pr_fail_as(reterr, PR_STEP_DEAD, ESRCH);
		if (got < 0 && errno != EAGAIN)
			return pr_fail(reterr, PR_STEP_READ);
		if (pr_wait_exit(pidfd, 0, reterr) > 0)
			return pr_fail_as(reterr, PR_STEP_DEAD, ESRCH);
	}
}

/* The child of pr_open_sources: joins the mount namespace, opens, sends what it has. */
__attribute__((noreturn)) static void open_in_namespace(int sock, int pidfd, const char *block, const struct pr_idmap *idmaps, uint32_t n)
{
	struct pr_msg msg = { .kind = PR_MSG_ERROR };
	int fds[PR_MSG_FDS_MAX];
	uint32_t count = 0;
	if (pr_handle_setns(pidfd, CLONE_NEWNS) < 0) {
		(void)pr_fail(&msg.error, PR_STEP_SETNS);
	} else {
		for (; count < n; count++, block += strlen(block) + 1) {
			if (idmaps[count].userns_fd >= 0)
				fds[count] = pr_open_idmapped(block, &idmaps[count], &msg.error);
			else if ((fds[count] = pr_open(block, O_PATH)) < 0)
				(void)pr_fail(&msg.error, PR_STEP_OPEN_SOURCE);
			if (fds[count] < 0)
				break;
		}
	}
	msg.op = count;
	if (count == n)
		msg.kind = PR_MSG_GO;
	(void)pr_channel_send(sock, &msg, NULL, 0, fds, msg.kind == PR_MSG_GO ? count : 0, NULL);
	_exit(0);
}

int pr_open_sources(int pidfd, const char *block, const struct pr_idmap *idmaps, uint32_t n, int *ret_fds, uint32_t *ret_failed,
                    struct pr_error *reterr)
{
	int pair[2];
	if (n > PR_MSG_FDS_MAX)
		return pr_fail_as(reterr, PR_STEP_SOCKET, E2BIG);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return pr_fail(reterr, PR_STEP_SOCKET);
	auto_fd ours = pair[0];
	auto_fd theirs = pair[1];
	/* A fork: setns(2) to a mount namespace must not move this process, and only system calls happen in the child. */
	struct pr_clone_args args = { .exit_signal = SIGCHLD };
	long pid = pr_clone3(&args);
	if (pid < 0 && errno == ENOSYS)
		pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		return pr_fail(reterr, PR_STEP_CLONE);
	if (pid == 0)
		open_in_namespace(theirs, pidfd, block, idmaps, n);
	pr_close(&theirs);
	struct pr_msg msg = { .kind = PR_MSG_ERROR };
	uint32_t count = 0;
	int got = pr_channel_recv(ours, &msg, NULL, NULL, ret_fds, &count, reterr);
	pr_reap((int32_t)pid);
	if (got < 0)
		return -1;
	if (got == 0)
		return pr_fail_as(reterr, PR_STEP_PEER_GONE, ECONNRESET);
	if (msg.kind != PR_MSG_GO) {
		*ret_failed = msg.op;
		*reterr = msg.error;
		errno = msg.error.errnum;
		return -1;
	}
	return 0;
}
