/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one hook: the state on its stdin, its end awaited on a pidfd, SIGKILL at the timeout. runtime-spec config.md, POSIX-platform Hooks. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "pyrunc.h"
#include "spawn.h"

enum { LOOK_MS = 10 }; /* how often to look for the end of a hook where the kernel has no CLONE_PIDFD */

/* Writes what the pipe takes. A hook that closes its stdin early (EPIPE) has read enough; SIGPIPE is blocked by the caller. */
static void feed(int *pipe_fd, const char *state, uint32_t size, uint32_t *done)
{
	while (*done < size) {
		ssize_t written = write(*pipe_fd, state + *done, size - *done);
		if (written < 0 && errno == EAGAIN)
			return;
		if (written < 0)
			break;
		*done += (uint32_t)written;
	}
	pr_close(pipe_fd);
}

/* Feeds and waits. Returns 1 when the hook ended, 0 at the timeout, -1. */
static int attend(int32_t pid, int pidfd, int *pipe_fd, const char *state, uint32_t size, uint32_t timeout_s, struct pr_error *reterr)
{
	int64_t end = pr_now_ms() + (int64_t)timeout_s * 1000;
	uint32_t done = 0;
	feed(pipe_fd, state, size, &done);
	for (;;) {
		struct pollfd waits[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = *pipe_fd, .events = POLLOUT } };
		int64_t left = end - pr_now_ms();
		left = left < 0 ? 0 : left < INT_MAX ? left : INT_MAX;
		int bound = timeout_s ? (int)left : -1;
		if (pidfd < 0) {
			siginfo_t info = { .si_pid = 0 };
			if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
				return 1;
			bound = LOOK_MS;
		}
		int count = poll(waits, *pipe_fd >= 0 ? 2 : 1, bound);
		if (count < 0 && errno != EINTR)
			return pr_fail(reterr, PR_STEP_READ);
		if (count > 0 && waits[0].revents)
			return 1;
		if (count > 0)
			feed(pipe_fd, state, size, &done);
		if (timeout_s && pr_now_ms() >= end)
			return 0;
	}
}

/* What a failing hook wrote, on one line, becomes the detail. It went to a memory file: a hook never waits for us to read, and what it
 * leaves running can go on writing. */
static int quote(int output, struct pr_error *reterr)
{
	char text[120];
	ssize_t got = pread(output, text, sizeof(text) - 1, 0);
	if (got <= 0)
		return -1;
	while (got > 0 && (text[got - 1] == '\n' || text[got - 1] == ' '))
		got--;
	for (ssize_t i = 0; i < got; i++) {
		if (text[i] == '\n' || text[i] == '\0')
			text[i] = ' ';
	}
	text[got] = '\0';
	return pr_detail(reterr, text);
}

int pr_run_hook(const char *path, const char *const *argv, const char *const *envp, const char *cwd, const void *state, uint32_t state_size,
                uint32_t timeout_s, struct pr_error *reterr)
{
	int ends[2];
	auto_fd output = memfd_create("pyrunc-hook", MFD_CLOEXEC);
	if (output < 0)
		return pr_fail(reterr, PR_STEP_MEMFD);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return pr_fail(reterr, PR_STEP_SOCKET);
	auto_fd reader = ends[0];
	auto_fd writer = ends[1];
	if (fcntl(writer, F_SETFL, O_NONBLOCK) < 0)
		return pr_fail(reterr, PR_STEP_SOCKET);
	int stdio[3] = { reader, output, output };
	struct pr_spawn spawn = {
		.exe_fd = -EBADF,
		.path = path,
		.cwd = cwd,
		.cgroup_fd = -EBADF,
		.stdio = stdio,
		.argv = (char *const *)(uintptr_t)argv,
		.envp = (char *const *)(uintptr_t)envp,
	};
	if (pr_spawn_raw(&spawn, reterr) < 0)
		return -1;
	auto_fd pidfd = spawn.ret_pidfd;
	pr_close(&reader);
	sigset_t pipe_signal, old;
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &pipe_signal, &old);
	int ended = attend(spawn.ret_pid, pidfd, &writer, state, state_size, timeout_s, reterr);
	struct timespec none = { 0, 0 };
	(void)sigtimedwait(&pipe_signal, NULL, &none);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (ended <= 0)
		(void)kill((pid_t)spawn.ret_pid, SIGKILL); /* not waited for yet: its number is its own */
	int status = 0;
	pid_t reaped;
	do
		reaped = waitpid(spawn.ret_pid, &status, 0);
	while (reaped < 0 && errno == EINTR);
	if (ended < 0)
		return -1;
	if (ended == 0)
		return pr_fail_as(reterr, PR_STEP_HOOK_TIMEOUT, ETIMEDOUT);
	/* ECHILD: the caller ignores SIGCHLD and the status is lost. */
	if (reaped < 0)
		return pr_fail(reterr, PR_STEP_HOOK_EXIT);
	if (status == 0)
		return 0;
	(void)pr_fail_as(reterr, PR_STEP_HOOK_EXIT, status);
	return quote(output, reterr);
}
