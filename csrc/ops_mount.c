/* SPDX-License-Identifier: Apache-2.0 */
/* Ops for the entries of mounts[]: find the target below the root, guard it, attach. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "init.h"
#include "lookup.h"
#include "mounts.h"
#include "syscalls.h"

#define PR_NR_fspick      433
#define FSPICK_CLOEXEC    1U
#define FSPICK_EMPTY_PATH 8U

static bool on_procfs(int fd)
{
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* Refuses targets that would undo other protections: the root itself, and places inside a procfs that the plan did not allow. */
static int guard_target(const struct pr_init *init, const struct pr_op *op, int target, struct pr_error *reterr)
{
	struct stat root, st;
	if (fstat(init->root, &root) < 0 || fstat(target, &st) < 0)
		return pr_fail(reterr, PR_STEP_STAT);
	if (root.st_dev == st.st_dev && root.st_ino == st.st_ino)
		return pr_fail_as(reterr, PR_STEP_ON_ROOT, EINVAL);
	if (!(op->flags & PR_MOUNT_IN_PROC) && on_procfs(target))
		return pr_fail_as(reterr, PR_STEP_FORBIDDEN_PROC, EPERM);
	return 0;
}

static int open_target(struct pr_init *init, const struct pr_op *op, bool directory, struct pr_error *reterr)
{
	const char *path = pr_op_string(init, op, 2);
	enum pr_make make = directory ? PR_MAKE_DIRECTORY : PR_MAKE_FILE;
	auto_fd fd = op->flags & PR_MOUNT_PLAIN_DIR ? pr_lookup_nofollow(init->root, path, make, 0755, reterr)
	                                            : pr_lookup(init->root, path, make, directory ? 0755 : 0644, reterr);
	struct stat st;
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return pr_fail(reterr, PR_STEP_STAT);
	/* A link in place of /proc or /sys would send later mounts and writes elsewhere (CVE-2019-19921, CVE-2023-27561). */
	if ((op->flags & PR_MOUNT_PLAIN_DIR) && !S_ISDIR(st.st_mode))
		return pr_fail_as(reterr, PR_STEP_NOT_DIRECTORY, ENOTDIR);
	if (guard_target(init, op, fd, reterr) < 0)
		return -1;
	/* move_mount(2) would say EINVAL, which tells nobody that a file was mounted on a directory or the other way round. */
	if (S_ISDIR(st.st_mode) != directory)
		return pr_fail_as(reterr, PR_STEP_MOUNT, ENOTDIR);
	return pr_steal(&fd);
}

static struct pr_mount common(const struct pr_init *init, const struct pr_op *op)
{
	return (struct pr_mount){
		.data = pr_op_string(init, op, 3),
		.set = (uint32_t)op->n[0],
		.set_all = (uint32_t)(op->n[0] >> 32),
		.clear = (uint32_t)op->n[1],
		.clear_all = (uint32_t)(op->n[1] >> 32),
		.propagation = op->n[2],
		.source_fd = -EBADF,
		.copy_up_from = -EBADF,
	};
}

/* Where a user namespace may not mount sysfs or cgroup2 anew, the host's is bound with the same attributes. */
static int bind_instead(const struct pr_mount *wanted, const char *path, int target, struct pr_error *reterr)
{
	auto_fd source = pr_open(path, O_PATH);
	if (source < 0)
		return pr_fail(reterr, PR_STEP_OPEN_SOURCE);
	struct pr_mount bind = *wanted;
	bind.type = NULL;
	bind.source_fd = source;
	bind.recursive = true;
	return pr_mount_attach(&bind, target, reterr);
}

static bool has_mode(const char *data, uint32_t count)
{
	for (; count > 0; count--, data += strlen(data) + 1) {
		if (strncmp(data, "mode=", 5) == 0)
			return true;
	}
	return false;
}

/* The octal mode of the image's directory, which a tmpfs without mode= takes over as under every runtime; "" when there is none. */
static void mountpoint_mode(const struct pr_init *init, const char *path, char text[8])
{
	struct pr_error missing;
	struct stat st;
	auto_fd fd = pr_lookup(init->root, path, PR_MAKE_NOTHING, 0, &missing);
	text[0] = '\0';
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	for (int i = 0; i < 4; i++)
		text[i] = (char)('0' + (st.st_mode >> (9 - 3 * i) & 7));
	text[4] = '\0';
}

int pr_op_mount(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	char mode[8] = "";
	const char *type = pr_op_string(init, op, 0);
	if (strcmp(type, "tmpfs") == 0 && !has_mode(pr_op_string(init, op, 3), (uint32_t)op->n[4]))
		mountpoint_mode(init, pr_op_string(init, op, 2), mode);
	auto_fd target = open_target(init, op, true, reterr);
	if (target < 0)
		return -1;
	struct pr_mount mount = common(init, op);
	mount.type = type;
	mount.mode = *mode ? mode : NULL;
	const char *source = pr_op_string(init, op, 1);
	mount.source = op->flags & PR_MOUNT_OR_BIND ? mount.type : source;
	mount.data_count = (uint32_t)op->n[4];
	mount.sb_flags = (unsigned long)(uint32_t)op->n[3];
	if (op->flags & PR_MOUNT_COPYUP)
		mount.copy_up_from = target;
	auto_fd fd = pr_mount_attach(&mount, target, reterr);
	if (fd < 0 && (op->flags & PR_MOUNT_OR_BIND) && (errno == EPERM || errno == EBUSY))
		fd = bind_instead(&mount, source, target, reterr);
	return fd < 0 ? -1 : 0;
}

int pr_op_bind(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	auto_fd source = op->n[3] < init->source_count ? fcntl(init->sources[op->n[3]], F_DUPFD_CLOEXEC, 0)
	                                               : pr_open(pr_op_string(init, op, 1), O_PATH);
	struct stat st;
	if (source < 0 || fstat(source, &st) < 0)
		return pr_fail(reterr, PR_STEP_OPEN_SOURCE);
	if ((op->flags & PR_MOUNT_FROM_PROC) && !on_procfs(source))
		return pr_fail_as(reterr, PR_STEP_FORBIDDEN_PROC, EPERM);
	auto_fd target = open_target(init, op, S_ISDIR(st.st_mode), reterr);
	struct stat at;
	if (target < 0)
		return -1;
	/* move_mount says EINVAL for this and for much else. */
	if (fstat(target, &at) < 0 || S_ISDIR(at.st_mode) != S_ISDIR(st.st_mode))
		return pr_fail_as(reterr, PR_STEP_MOVE_MOUNT, ENOTDIR);
	struct pr_mount mount = common(init, op);
	mount.source_fd = source;
	mount.recursive = op->flags & PR_MOUNT_RECURSIVE;
	mount.detached = op->flags & PR_MOUNT_DETACHED;
	auto_fd fd = pr_mount_attach(&mount, target, reterr);
	return fd < 0 ? -1 : 0;
}

int pr_op_setattr(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	auto_fd target = pr_lookup(init->root, pr_op_string(init, op, 2), PR_MAKE_NOTHING, 0, reterr);
	if (target < 0)
		return -1;
	if (pr_mount_attributes(target, (uint32_t)op->n[0], (uint32_t)op->n[1], false, reterr) < 0 ||
	    pr_mount_attributes(target, (uint32_t)(op->n[0] >> 32), (uint32_t)(op->n[1] >> 32), true, reterr) < 0)
		return -1;
	return pr_mount_propagate_all(target, op->n[2], reterr);
}

int pr_op_label(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	const char *label = pr_op_string(init, op, 1);
	auto_fd target = pr_lookup(init->root, pr_op_string(init, op, 0), PR_MAKE_NOTHING, 0, reterr);
	if (target < 0)
		return -1;
	/* An O_PATH descriptor is not for fsetxattr(2). The NUL counts as part of a label, as libselinux has it. */
	if (setxattr(pr_fd_path(target).text, "security.selinux", label, strlen(label) + 1, 0) < 0)
		return pr_fail(reterr, PR_STEP_SETXATTR);
	return 0;
}

int pr_op_remount(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	auto_fd target = pr_lookup(init->root, pr_op_string(init, op, 2), PR_MAKE_NOTHING, 0, reterr);
	if (target < 0)
		return -1;
	struct pr_mount mount = common(init, op);
	mount.data_count = (uint32_t)op->n[4];
	mount.sb_flags = (unsigned long)(uint32_t)op->n[3];
	auto_fd fs = (int)syscall(PR_NR_fspick, target, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
	if (fs < 0 && errno != ENOSYS)
		return pr_fail(reterr, PR_STEP_FSOPEN);
	if (fs < 0)
		return pr_legacy_remount(target, &mount, reterr) < 0 ? -1 : pr_mount_propagate_all(target, op->n[2], reterr);
	if (pr_mount_configure(fs, &mount, reterr) < 0)
		return -1;
	if (pr_fsconfig(fs, PR_FSCONFIG_CMD_RECONFIGURE, NULL, NULL) < 0)
		return pr_fail(reterr, PR_STEP_FSCONFIG);
	if (pr_mount_attributes(target, mount.set, mount.clear, false, reterr) < 0)
		return -1;
	return pr_mount_propagate_all(target, op->n[2], reterr);
}
