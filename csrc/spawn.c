/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the init stage: one clone3, vfork-style, straight into the sealed executable. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "handle.h"
#include "spawn.h"
#include "syscalls.h"

/* For what runs before and in a child on the shared stack: AddressSanitizer's marks on the frames of one that never returns would stay. */
#define ON_SHARED_STACK __attribute__((no_sanitize_address))

/* clone3 with CLONE_VM | CLONE_VFORK on the caller's own stack, as vfork(2) does it. The system call must not stand in a function that
 * returns in the child: it would unwind the frames that the parent still needs. Hence inlined assembly, and a child that only calls down. */
__attribute__((always_inline)) ON_SHARED_STACK static inline long clone3_vfork(struct pr_clone_args *args)
{
	long result;
#if defined(__x86_64__)
	__asm__ volatile("syscall" : "=a"(result) : "0"((long)PR_NR_clone3), "D"(args), "S"(sizeof(*args)) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = PR_NR_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	result = x0;
#else
	args->flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK);
	result = syscall(PR_NR_clone3, args, sizeof(*args));
	if (result < 0)
		result = -errno;
#endif
	return result;
}

/* clone3 is missing (before 5.3) or hidden by an outer seccomp filter, which cannot look into its structure: the same by clone(2). */
__attribute__((always_inline)) ON_SHARED_STACK static inline long clone_vfork(const struct pr_clone_args *args)
{
	long flags = (long)(args->flags | args->exit_signal), pidfd = (long)args->pidfd, result;
	/* Its bit in the flags of clone(2) belongs to the exit signal. */
	if (args->flags & PR_CLONE_NEWTIME)
		return -ENOSYS;
#if defined(__x86_64__)
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "0"((long)SYS_clone), "D"(flags), "S"(0L), "d"(pidfd), "r"(r10), "r"(r8)
	                 : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone;
	register long x0 __asm__("x0") = flags;
	register long x1 __asm__("x1") = 0;
	register long x2 __asm__("x2") = pidfd;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	result = x0;
#else
	result = syscall(SYS_clone, flags & ~(long)(CLONE_VM | CLONE_VFORK), NULL, pidfd, NULL, NULL);
	if (result < 0)
		result = -errno;
#endif
	return result;
}

void pr_reap(int32_t pid)
{
	siginfo_t info;
	while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
		continue;
}

void pr_reset_signals(void)
{
	struct sigaction reset;
	memset(&reset, 0, sizeof(reset));
	reset.sa_handler = SIG_DFL;
	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &reset, NULL);
}

/* Close-on-exec for what /proc/self/fd lists. False when it cannot be read. */
static bool cloexec_listed(unsigned int first)
{
	char buffer[2048] __attribute__((aligned(8)));
	int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long got = -1;
	while (dir >= 0 && (got = syscall(SYS_getdents64, dir, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < got;) {
			const struct dirent64 *entry = (const struct dirent64 *)(const void *)(buffer + at);
			unsigned long fd = strtoul(entry->d_name, NULL, 10); /* 0 for "." and ".." */
			if (fd >= first)
				(void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
			at += entry->d_reclen;
		}
	}
	if (dir >= 0)
		(void)close(dir);
	return got == 0;
}

static void cloexec_from(unsigned int first)
{
	/* Before 5.11 there is no CLOSE_RANGE_CLOEXEC. */
	if (pr_close_range(first, ~0U, PR_CLOSE_RANGE_CLOEXEC) == 0 || cloexec_listed(first))
		return;
	long limit = sysconf(_SC_OPEN_MAX);
	for (long fd = first; fd < (limit > 0 ? limit : 65536); fd++)
		(void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

struct start {
	int exe_fd, preserve;
	int cgroup_fd; /* the child goes there itself, when clone could not put it there */
	const char *path, *cwd;
	const int *join, *keep;
	uint32_t join_count, keep_count;
	const int *stdio;
	char *const *argv;
	char *const *envp;
	struct pr_error failed; /* written through the shared memory */
};

/* A cgroup2 directory: "0" is the writer. */
ON_SHARED_STACK static int enter_cgroup(int dir)
{
	int fd = openat(dir, "cgroup.procs", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 || write(fd, "0", 1) < 0 ? -1 : close(fd);
}

/* The child between clone3 and exec: system calls only. */
__attribute__((noinline, noreturn)) ON_SHARED_STACK static void child(struct start *start)
{
	pr_reset_signals();
	if (start->cgroup_fd >= 0 && enter_cgroup(start->cgroup_fd) < 0) {
		(void)pr_fail(&start->failed, PR_STEP_CLONE);
		_exit(255);
	}
	if (pr_cgroup_join(start->join, start->join_count, &start->failed) < 0)
		_exit(255);
	for (int i = 0; i < 3 && start->stdio; i++) {
		if (start->stdio[i] >= 0 && dup2(start->stdio[i], i) < 0)
			goto failed;
	}
	cloexec_from(3U + (unsigned int)start->preserve);
	for (uint32_t i = 0; i < start->keep_count; i++) {
		if (start->keep[i] >= 0 && fcntl(start->keep[i], F_SETFD, 0) < 0)
			goto failed;
	}
	sigset_t none;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (start->cwd && chdir(start->cwd) < 0)
		goto failed;
	if (start->exe_fd >= 0)
		(void)syscall(SYS_execveat, start->exe_fd, "", start->argv, start->envp, AT_EMPTY_PATH);
	else
		(void)execve(start->path, start->argv, start->envp);
failed:
	(void)pr_fail(&start->failed, PR_STEP_EXEC);
	_exit(255);
}

ON_SHARED_STACK int pr_spawn_raw(struct pr_spawn *spawn, struct pr_error *reterr)
{
	struct start start = {
		.exe_fd = spawn->exe_fd,
		.cgroup_fd = -EBADF,
		.path = spawn->path,
		.cwd = spawn->cwd,
		.preserve = spawn->preserve,
		.join = spawn->join,
		.join_count = spawn->join_count,
		.keep = spawn->keep,
		.keep_count = spawn->keep_count,
		.stdio = spawn->stdio,
		.argv = spawn->argv,
		.envp = spawn->envp,
	};
	int pidfd = -EBADF;
	struct pr_clone_args args = {
		.flags = spawn->clone_flags | CLONE_VM | CLONE_VFORK | PR_CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	if (spawn->cgroup_fd >= 0) {
		args.flags |= PR_CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)spawn->cgroup_fd;
	}
	/* No handler of this process may run in the child, which shares its memory. */
	sigset_t all, old;
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	volatile long pid = clone3_vfork(&args);
	if (pid == 0)
		child(&start);
	if (pid == -ENOSYS) {
		start.cgroup_fd = spawn->cgroup_fd;
		args.flags &= ~PR_CLONE_INTO_CGROUP;
		pid = clone_vfork(&args);
		if (pid == 0)
			child(&start);
	}
	int saved = pid < 0 ? (int)-pid : 0;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return pr_fail_as(reterr, PR_STEP_CLONE, saved);
	if (start.failed.errnum) {
		pr_reap((int32_t)pid);
		pr_close(&pidfd);
		return pr_fail_as(reterr, start.failed.step, start.failed.errnum);
	}
	(void)fcntl(pidfd, F_SETFD, FD_CLOEXEC);
	spawn->ret_pid = (int32_t)pid;
	spawn->ret_pidfd = pidfd;
	return 0;
}

int pr_spawn(int exe_fd, int plan_fd, uint64_t clone_flags, int cgroup_fd, const int *join, uint32_t join_count, int preserve,
             const int *keep, uint32_t keep_count, const int *stdio, struct pr_child *ret_child, struct pr_error *reterr)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return pr_fail(reterr, PR_STEP_SOCKET);
	auto_fd ours = pair[0];
	auto_fd theirs = pair[1];
	int kept[PR_MSG_FDS_MAX + 2];
	if (keep_count > PR_MSG_FDS_MAX)
		return pr_fail_as(reterr, PR_STEP_SOCKET, E2BIG);
	memcpy(kept, keep, keep_count * sizeof(int));
	kept[keep_count] = plan_fd;
	kept[keep_count + 1] = theirs;
	char plan_text[16], sock_text[16];
	(void)pr_format(plan_text, sizeof(plan_text), "", (uint64_t)plan_fd, "");
	(void)pr_format(sock_text, sizeof(sock_text), "", (uint64_t)theirs, "");
	char *argv[] = { (char *)(uintptr_t) "pyrunc", (char *)(uintptr_t) "init", plan_text, sock_text, NULL };
	char *envp[] = { NULL };
	struct pr_spawn spawn = {
		.exe_fd = exe_fd,
		.clone_flags = clone_flags,
		.cgroup_fd = cgroup_fd,
		.join = join,
		.join_count = join_count,
		.preserve = preserve,
		.keep = kept,
		.keep_count = keep_count + 2,
		.stdio = stdio,
		.argv = argv,
		.envp = envp,
	};
	if (pr_spawn_raw(&spawn, reterr) < 0)
		return -1;
	/* A child that was not waited for keeps its number. */
	if (spawn.ret_pidfd < 0)
		spawn.ret_pidfd = pr_handle_open(spawn.ret_pid);
	if (spawn.ret_pidfd < 0) {
		(void)pr_fail(reterr, PR_STEP_CLONE);
		(void)kill((pid_t)spawn.ret_pid, SIGKILL);
		pr_reap(spawn.ret_pid);
		return -1;
	}
	ret_child->pid = spawn.ret_pid;
	ret_child->pidfd = spawn.ret_pidfd;
	ret_child->sock = pr_steal(&ours);
	return 0;
}
