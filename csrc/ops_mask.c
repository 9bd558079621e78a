/* SPDX-License-Identifier: Apache-2.0 */
/* Ops for maskedPaths and readonlyPaths: the target is opened once and the cover attached to that descriptor. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "init.h"
#include "lookup.h"
#include "mounts.h"
#include "syscalls.h"

static bool is_null_device(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

int pr_op_null(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)op;
	auto_fd fd = pr_open("/dev/null", O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	if (!is_null_device(fd))
		return pr_fail_as(reterr, PR_STEP_MISMATCH, ENODEV);
	/* A detached clone outlives the host's mounts, which pivot_root takes away. */
	int clone = pr_open_tree(fd, "", PR_OPEN_TREE_CLONE | AT_EMPTY_PATH);
	if (clone < 0 && errno != ENOSYS)
		return pr_fail(reterr, PR_STEP_OPEN_TREE);
	init->null = clone;
	return 0;
}

/* Without the new mount API: the container's own /dev/null, when it really is that device. */
static int container_null(const struct pr_init *init, struct pr_error *reterr)
{
	auto_fd fd = pr_lookup_nofollow(init->root, "/dev/null", PR_MAKE_NOTHING, 0, reterr);
	if (fd < 0)
		return -1;
	if (!is_null_device(fd))
		return pr_fail_as(reterr, PR_STEP_MISMATCH, ENODEV);
	return pr_steal(&fd);
}

/* The first use attaches the detached prototype itself; it then lies in this mount namespace and later uses clone it. */
static int cover(int *prototype, bool *attached, int target, struct pr_error *reterr)
{
	if (!*attached) {
		if (pr_move_mount(*prototype, target) < 0)
			return pr_fail(reterr, PR_STEP_MOVE_MOUNT);
		*attached = true;
		return 0;
	}
	auto_fd fd = pr_mount_bind(*prototype, target, false, reterr);
	return fd < 0 ? -1 : 0;
}

static int mask_file(struct pr_init *init, int target, struct pr_error *reterr)
{
	if (init->null < 0) {
		init->null = container_null(init, reterr);
		if (init->null < 0)
			return -1;
		init->null_attached = true;
	}
	return cover(&init->null, &init->null_attached, target, reterr);
}

/* The options of the empty file system, `context` among them unless NULL; NULL/errno. */
static char *mask_options(const char *context, uint32_t *ret_count)
{
	static const char smallest[] = "nr_blocks=1\0nr_inodes=1";
	size_t more = context ? strlen(context) + 1 : 0;
	char *block = malloc(sizeof(smallest) + more);
	if (!block)
		return NULL;
	memcpy(block, smallest, sizeof(smallest));
	if (more)
		memcpy(block + sizeof(smallest), context, more);
	*ret_count = more ? 3 : 2;
	return block;
}

static int mask_directory(struct pr_init *init, const char *context, int target, struct pr_error *reterr)
{
	uint32_t count;
	auto_free char *options = mask_options(context, &count);
	if (!options)
		return pr_fail(reterr, PR_STEP_MOUNT);
	struct pr_mount empty = {
		.type = "tmpfs",
		.source = "tmpfs",
		.data = options,
		.data_count = count,
		.sb_flags = 1 /* MS_RDONLY */,
		.set = PR_MOUNT_ATTR_RDONLY | PR_MOUNT_ATTR_NOSUID | PR_MOUNT_ATTR_NODEV | PR_MOUNT_ATTR_NOEXEC,
		.source_fd = -EBADF,
		.copy_up_from = -EBADF,
	};
	if (init->mask_dir < 0) {
		init->mask_dir = pr_mount_create(&empty, reterr);
		if (init->mask_dir < 0 && errno != ENOSYS)
			return -1;
	}
	if (init->mask_dir >= 0)
		return cover(&init->mask_dir, &init->mask_dir_attached, target, reterr);
	auto_fd fd = pr_mount_attach(&empty, target, reterr);
	return fd < 0 ? -1 : 0;
}

int pr_op_mask(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	auto_fd target = pr_lookup(init->root, pr_op_string(init, op, 0), PR_MAKE_NOTHING, 0, reterr);
	struct stat st;
	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	if (fstat(target, &st) < 0)
		return pr_fail(reterr, PR_STEP_STAT);
	return S_ISDIR(st.st_mode) ? mask_directory(init, pr_op_string(init, op, 1), target, reterr) : mask_file(init, target, reterr);
}

int pr_op_readonly(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	auto_fd target = pr_lookup(init->root, pr_op_string(init, op, 0), PR_MAKE_NOTHING, 0, reterr);
	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	struct pr_mount mount = {
		.source_fd = target,
		.recursive = true,
		.set_all = PR_MOUNT_ATTR_RDONLY,
		.copy_up_from = -EBADF,
	};
	auto_fd fd = pr_mount_attach(&mount, target, reterr);
	return fd < 0 ? -1 : 0;
}
