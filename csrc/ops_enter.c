/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that bring the stage into its namespaces, and its private view of procfs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "handle.h"
#include "init.h"
#include "syscalls.h"

#define PROC_ROOT_INO 1

static bool joined_again(const struct pr_init *init, uint64_t fd)
{
	const struct pr_op *ops = pr_plan_ops(init->plan);
	for (uint32_t i = init->index + 1; i < init->plan->op_count; i++) {
		if (ops[i].code == PR_OP_JOIN && ops[i].n[0] == fd)
			return true;
	}
	return false;
}

int pr_op_join(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	int result = op->flags & PR_JOIN_PROCESS ? pr_handle_setns((int)op->n[0], (int)op->n[1]) : setns((int)op->n[0], (int)op->n[1]);
	if (result < 0)
		return pr_fail(reterr, PR_STEP_SETNS);
	/* A container that waits for start must not hold the host's mount that the namespace is pinned by. */
	if (!joined_again(init, op->n[0]))
		(void)close((int)op->n[0]);
	return 0;
}

int pr_op_unshare(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)init;
	if (unshare((int)op->n[0]) < 0)
		return pr_fail(reterr, PR_STEP_UNSHARE);
	return 0;
}

/* True when fd is the root directory of a procfs. */
static bool is_procfs_root(int fd)
{
	struct statfs fs;
	struct stat st;
	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC && fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INO;
}

/* A procfs of our own that nothing can be mounted over: detached, and without the rest of /proc unless `full`. */
static int make_procfs(bool full, struct pr_error *reterr)
{
	auto_fd fs = pr_fsopen("proc");
	if (fs >= 0) {
		if (!full)
			(void)pr_fsconfig(fs, PR_FSCONFIG_SET_STRING, "subset", "pid"); /* 5.8 */
		if (pr_fsconfig(fs, PR_FSCONFIG_CMD_CREATE, NULL, NULL) == 0) {
			int fd = pr_fsmount(fs, PR_MOUNT_ATTR_NOSUID | PR_MOUNT_ATTR_NODEV | PR_MOUNT_ATTR_NOEXEC);
			if (fd >= 0)
				return fd;
		}
	}
	/* The kernel refuses a new procfs where the visible one is partly covered (a user namespace in a container): clone that one, which
	 * drops the covers only as far as they are not locked; openat2's NO_XDEV refuses to walk into what is left. */
	auto_fd fd = pr_open_tree(AT_FDCWD, "/proc", PR_OPEN_TREE_CLONE);
	if (fd < 0)
		fd = pr_open("/proc", O_PATH | O_DIRECTORY);
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	if (!is_procfs_root(fd))
		return pr_fail_as(reterr, PR_STEP_NOT_PROCFS, EINVAL);
	return pr_steal(&fd);
}

int pr_op_procfs(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	init->proc = make_procfs(false, reterr);
	if (init->proc < 0)
		return -1;
	if (!op->n[0])
		return 0;
	init->proc_full = make_procfs(true, reterr);
	return init->proc_full < 0 ? -1 : 0;
}

int pr_procfs_open(int proc_fd, const char *path, int flags, struct pr_error *reterr)
{
	/* "self" is a link inside procfs, so links are allowed; magic links, other mounts and ".." above the root are not. */
	auto_fd fd = pr_openat2(proc_fd, path, (uint64_t)flags, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
	if (fd < 0 && errno == ENOSYS) {
		/* The plan takes procfs before it comes near the container's mounts; what is in it must still be procfs. */
		fd = openat(proc_fd, path, flags | O_CLOEXEC);
		struct stat top, st;
		if (fd >= 0 && (fstat(proc_fd, &top) < 0 || fstat(fd, &st) < 0 || top.st_dev != st.st_dev))
			return pr_fail_as(reterr, PR_STEP_NOT_PROCFS, EXDEV);
	}
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	return pr_steal(&fd);
}

/* Files in /proc of a process that is not dumpable are root's, its own too. Only for plans that have joined nothing yet. */
static int open_dumpable(int proc, const char *path, struct pr_error *reterr)
{
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_PRCTL);
	auto_fd fd = pr_procfs_open(proc, path, O_WRONLY | O_NOFOLLOW, reterr);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_PRCTL);
	return fd < 0 ? -1 : pr_steal(&fd);
}

int pr_op_write_self(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	char path[64] = "self/";
	const char *name = pr_op_string(init, op, 0), *text = pr_op_string(init, op, 1);
	size_t length = strlen(name);
	if (length + sizeof("self/") > sizeof(path))
		return pr_fail_as(reterr, PR_STEP_OPEN, ENAMETOOLONG);
	memcpy(path + 5, name, length + 1);
	/* Before PR_OP_PROCFS the mounts are still the host's, which are trusted. */
	auto_fd host = init->proc < 0 ? pr_open("/proc", O_PATH | O_DIRECTORY) : -EBADF;
	if (init->proc < 0 && !is_procfs_root(host))
		return pr_fail_as(reterr, PR_STEP_NOT_PROCFS, EINVAL);
	int proc = init->proc < 0 ? host : init->proc;
	auto_fd fd = pr_procfs_open(proc, path, O_WRONLY | O_NOFOLLOW, reterr);
	if (fd < 0 && errno == EACCES && (op->flags & PR_WRITE_SELF_DUMPABLE))
		fd = open_dumpable(proc, path, reterr);
	if (fd < 0)
		return -1;
	size_t size = strlen(text);
	if (write(fd, text, size) != (ssize_t)size)
		return pr_fail(reterr, PR_STEP_WRITE);
	return 0;
}

/* The stage as it began stays outside: it reports its successor and ends. */
__attribute__((noreturn)) static void hand_over(struct pr_init *init, pid_t pid, int pidfd)
{
	struct pr_msg msg = { .kind = PR_MSG_FORKED, .op = init->index, .value = pid };
	/* Before 5.2 CLONE_PIDFD has no effect: the parent opens what it needs. */
	(void)pr_channel_send(init->sock, &msg, NULL, 0, &pidfd, pidfd >= 0, NULL);
	_exit(0);
}

int pr_op_fork(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	int gate[2];
	if (pipe2(gate, O_CLOEXEC) < 0)
		return pr_fail(reterr, PR_STEP_CLONE);
	int pidfd = -EBADF;
	struct pr_clone_args args = {
		.flags = op->n[0] | CLONE_PARENT | PR_CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = 0,
	};
	long pid = pr_clone3(&args);
	if (pid < 0 && errno == ENOSYS && !(op->n[0] & PR_CLONE_NEWTIME)) {
		pid = syscall(SYS_clone, args.flags, NULL, &pidfd, NULL, NULL);
	}
	if (pid < 0)
		return pr_fail(reterr, PR_STEP_CLONE);
	if (pid > 0)
		hand_over(init, (pid_t)pid, pidfd);
	/* Go on only when the parent has been told who we are: the predecessor's end closes the gate. */
	char byte;
	(void)close(gate[1]);
	(void)!read(gate[0], &byte, 1);
	(void)close(gate[0]);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_PRCTL);
	(void)setsid();
	return 0;
}

/* An unprivileged parent may open our uid_map only while we are dumpable: the files of other processes in /proc are root's. The user
 * namespace is new, so nobody but us is in it yet. proc(5), PR_SET_DUMPABLE. */
static int sync_maps(struct pr_init *init, struct pr_error *reterr)
{
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_PRCTL);
	if (pr_init_sync(init, PR_SYNC_MAPS, NULL, NULL, reterr) < 0)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_PRCTL);
	return 0;
}

int pr_op_sync(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	if (op->n[0] == PR_SYNC_MAPS)
		return sync_maps(init, reterr);
	if (op->n[0] != PR_SYNC_SECCOMP)
		return pr_init_sync(init, (uint32_t)op->n[0], NULL, NULL, reterr);
	static char filter[65536];
	init->filter_size = sizeof(filter);
	init->filter = filter;
	return pr_init_sync(init, PR_SYNC_SECCOMP, filter, &init->filter_size, reterr);
}

int pr_op_set_ids(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	/* Supplementary groups of the caller must not stay; where setgroups is denied (unprivileged maps) they cannot be dropped. */
	if (setgroups(0, NULL) < 0) {
		if (errno != EPERM)
			return pr_fail(reterr, PR_STEP_SETGROUPS);
		init->groups_kept = true;
	}
	if (setresgid((gid_t)op->n[1], (gid_t)op->n[1], (gid_t)op->n[1]) < 0)
		return pr_fail(reterr, PR_STEP_SETGID);
	if (setresuid((uid_t)op->n[0], (uid_t)op->n[0], (uid_t)op->n[0]) < 0)
		return pr_fail(reterr, PR_STEP_SETUID);
	/* The change of ids made the process dumpable by suid_dumpable and cleared the tie to the parent. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_PRCTL);
	return 0;
}
