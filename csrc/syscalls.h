/* SPDX-License-Identifier: Apache-2.0 */
/* System calls and constants that the C libraries in use (glibc 2.36, musl 1.2) do not have, one thin wrapper each. */
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/types.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* Numbers above 424 are the same on every architecture that pyrunc builds on. */
#define PR_NR_pidfd_send_signal 424
#define PR_NR_open_tree 428
#define PR_NR_move_mount 429
#define PR_NR_fsopen 430
#define PR_NR_fsconfig 431
#define PR_NR_fsmount 432
#define PR_NR_pidfd_open 434
#define PR_NR_clone3 435
#define PR_NR_close_range 436
#define PR_NR_openat2 437
#define PR_NR_pidfd_getfd 438
#define PR_NR_faccessat2 439
#define PR_NR_mount_setattr 442
#define PR_NR_fchmodat2 452

/* An entry of getdents64(2). */
struct pr_dirent {
	uint64_t inode;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

#define PR_OPEN_TREE_CLONE 1U
#define PR_OPEN_TREE_CLOEXEC O_CLOEXEC
#define PR_AT_RECURSIVE 0x8000U
#define PR_MOVE_MOUNT_F_EMPTY_PATH 0x04U
#define PR_MOVE_MOUNT_T_EMPTY_PATH 0x40U
#define PR_FSOPEN_CLOEXEC 1U
#define PR_FSMOUNT_CLOEXEC 1U
#define PR_FSCONFIG_SET_FLAG 0U
#define PR_FSCONFIG_SET_STRING 1U
#define PR_FSCONFIG_CMD_CREATE 6U
#define PR_FSCONFIG_CMD_RECONFIGURE 7U
#define PR_MOUNT_ATTR_RDONLY 0x01U
#define PR_MOUNT_ATTR_NOSUID 0x02U
#define PR_MOUNT_ATTR_NODEV 0x04U
#define PR_MOUNT_ATTR_NOEXEC 0x08U
#define PR_MOUNT_ATTR__ATIME 0x70U
#define PR_MOUNT_ATTR_NOATIME 0x10U
#define PR_MOUNT_ATTR_STRICTATIME 0x20U
#define PR_MOUNT_ATTR_NODIRATIME 0x80U
#define PR_MOUNT_ATTR_IDMAP 0x00100000U
#define PR_MOUNT_ATTR_NOSYMFOLLOW 0x00200000U
#define PR_CLOSE_RANGE_CLOEXEC 4U
#define PR_CLONE_PIDFD 0x00001000ULL
#define PR_CLONE_INTO_CGROUP 0x200000000ULL
#define PR_CLONE_NEWTIME 0x00000080ULL
#define PR_CLONE_NEWCGROUP 0x02000000ULL

struct pr_mount_attr {
	uint64_t attr_set;
	uint64_t attr_clr;
	uint64_t propagation;
	uint64_t userns_fd;
};

struct pr_clone_args {
	__aligned_u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static inline int pr_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	return (int)syscall(PR_NR_openat2, dirfd, path, &how, sizeof(how));
}

static inline int pr_open_tree(int dirfd, const char *path, unsigned int flags)
{
	return (int)syscall(PR_NR_open_tree, dirfd, path, flags | PR_OPEN_TREE_CLOEXEC);
}

static inline int pr_move_mount(int mount_fd, int target_fd)
{
	return (int)syscall(PR_NR_move_mount, mount_fd, "", target_fd, "", PR_MOVE_MOUNT_F_EMPTY_PATH | PR_MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int pr_fsopen(const char *type)
{
	return (int)syscall(PR_NR_fsopen, type, PR_FSOPEN_CLOEXEC);
}

static inline int pr_fsconfig(int fs_fd, unsigned int command, const char *key, const void *value)
{
	return (int)syscall(PR_NR_fsconfig, fs_fd, command, key, value, 0);
}

static inline int pr_fsmount(int fs_fd, unsigned int attributes)
{
	return (int)syscall(PR_NR_fsmount, fs_fd, PR_FSMOUNT_CLOEXEC, attributes);
}

static inline int pr_mount_setattr(int dirfd, const char *path, unsigned int flags, const struct pr_mount_attr *attr)
{
	return (int)syscall(PR_NR_mount_setattr, dirfd, path, flags, attr, sizeof(*attr));
}

static inline int pr_clone3(struct pr_clone_args *args)
{
	return (int)syscall(PR_NR_clone3, args, sizeof(*args));
}

static inline int pr_pidfd_open(pid_t pid)
{
	return (int)syscall(PR_NR_pidfd_open, pid, 0);
}

static inline int pr_pidfd_send_signal(int pidfd, int number)
{
	return (int)syscall(PR_NR_pidfd_send_signal, pidfd, number, NULL, 0);
}

/* Removable with 5.9 as the oldest kernel: the caller falls back to a walk of /proc/self/fd. */
static inline int pr_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return (int)syscall(PR_NR_close_range, first, last, flags);
}

static inline int pr_fchmodat2(int dirfd, const char *path, mode_t mode, int flags)
{
	return (int)syscall(PR_NR_fchmodat2, dirfd, path, mode, flags);
}
