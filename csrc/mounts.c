/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts by the new mount API: configure detached, then attach by descriptors. */
#define _GNU_SOURCE
#include "mounts.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "channel.h"
#include "cleanup.h"
#include "syscalls.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif

struct pr_fd_path pr_fd_path(int fd)
{
	struct pr_fd_path path;
	(void)pr_format(path.text, sizeof(path.text), "/proc/self/fd/", (uint64_t)fd, "");
	return path;
}

/* statx(2)'s buffer up to stx_mnt_id; the C libraries in use do not all have that field. */
struct statx_buffer {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, spare0;
	uint64_t ino, size, blocks, attributes_mask;
	uint64_t times[8];
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id;
	uint64_t spare[13];
};

int pr_mount_id(int fd, uint64_t *ret_id)
{
	struct statx_buffer buffer;
	memset(&buffer, 0, sizeof(buffer));
	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &buffer) == 0 && (buffer.mask & STATX_MNT_ID)) {
		*ret_id = buffer.mnt_id;
		return 0;
	}
	/* Before 5.8. proc_pid_fdinfo(5). */
	char path[48], text[256];
	(void)pr_format(path, sizeof(path), "/proc/self/fdinfo/", (uint64_t)fd, "");
	auto_fd info = pr_open(path, O_RDONLY);
	ssize_t got = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (got < 0)
		return -1;
	text[got] = '\0';
	const char *at = strstr(text, "\nmnt_id:");
	if (!at) {
		errno = ENOSYS;
		return -1;
	}
	*ret_id = strtoull(at + strlen("\nmnt_id:"), NULL, 10);
	return 0;
}

static int setattr(int fd, const struct pr_mount_attr *attr, bool recursive, struct pr_error *reterr)
{
	if (pr_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? PR_AT_RECURSIVE : 0U), attr) == 0)
		return 0;
	/* EPERM on a clear is a flag locked by a more privileged mount namespace. mount_setattr(2). */
	return pr_fail(reterr, errno == EPERM && attr->attr_clr ? PR_STEP_LOCKED : PR_STEP_MOUNT_SETATTR);
}

/* Of a mount that is not attached yet: mount(2) cannot help where mount_setattr is missing (ENOSYS, before 5.12). */
static int detached_attributes(int fd, uint32_t set, uint32_t clear, bool recursive, struct pr_error *reterr)
{
	struct pr_mount_attr attr = { .attr_set = set, .attr_clr = clear };
	return set || clear ? setattr(fd, &attr, recursive, reterr) : 0;
}

int pr_mount_attributes(int fd, uint32_t set, uint32_t clear, bool recursive, struct pr_error *reterr)
{
	if (detached_attributes(fd, set, clear, recursive, reterr) == 0)
		return 0;
	return errno == ENOSYS ? pr_legacy_attributes(fd, set, clear, recursive, reterr) : -1;
}

static const struct {
	uint32_t flag;
	bool recursive;
} propagations[] = {
	[PR_PROP_PRIVATE] = { MS_PRIVATE, false },       [PR_PROP_RPRIVATE] = { MS_PRIVATE, true },
	[PR_PROP_SHARED] = { MS_SHARED, false },         [PR_PROP_RSHARED] = { MS_SHARED, true },
	[PR_PROP_SLAVE] = { MS_SLAVE, false },           [PR_PROP_RSLAVE] = { MS_SLAVE, true },
	[PR_PROP_UNBINDABLE] = { MS_UNBINDABLE, false }, [PR_PROP_RUNBINDABLE] = { MS_UNBINDABLE, true },
};

int pr_mount_propagate(int fd, uint32_t propagation, struct pr_error *reterr)
{
	if (propagation == PR_PROP_NONE)
		return 0;
	if (propagation >= sizeof(propagations) / sizeof(propagations[0]))
		return pr_fail_as(reterr, PR_STEP_PLAN, EINVAL);
	uint32_t flag = propagations[propagation].flag;
	bool recursive = propagations[propagation].recursive;
	struct pr_mount_attr attr = { .propagation = flag };
	if (setattr(fd, &attr, recursive, reterr) == 0)
		return 0;
	if (errno != ENOSYS)
		return -1;
	if (mount(NULL, pr_fd_path(fd).text, NULL, flag | (recursive ? MS_REC : 0UL), NULL) < 0)
		return pr_fail(reterr, PR_STEP_MOUNT);
	return 0;
}

int pr_mount_propagate_all(int fd, uint64_t packed, struct pr_error *reterr)
{
	for (; packed; packed >>= 8) {
		if (pr_mount_propagate(fd, packed & 0xFF, reterr) < 0)
			return -1;
	}
	return 0;
}

/* The kernel's own words on why a file system refused: "e tmpfs: Bad value for 'size'". fsconfig(2). */
static int fail_with_log(int fs_fd, uint32_t step, struct pr_error *reterr)
{
	int saved = errno;
	char line[120];
	ssize_t got = read(fs_fd, line, sizeof(line) - 1);
	(void)pr_fail_as(reterr, step, saved);
	if (got > 2) {
		line[got] = '\0';
		line[strcspn(line, "\n")] = '\0';
		(void)pr_detail(reterr, line + 2);
	}
	errno = saved;
	return -1;
}

/* Superblock flags have parameter names in the new API; MS_I_VERSION and MS_SILENT have none and change nothing there. */
static const struct {
	unsigned long flag;
	const char *name;
} superblock_flags[] = {
	{ MS_RDONLY, "ro" }, { MS_SYNCHRONOUS, "sync" }, { MS_DIRSYNC, "dirsync" }, { MS_MANDLOCK, "mand" }, { 1UL << 25, "lazytime" },
};

int pr_mount_configure(int fs_fd, const struct pr_mount *mount, struct pr_error *reterr)
{
	if (mount->source && pr_fsconfig(fs_fd, PR_FSCONFIG_SET_STRING, "source", mount->source) < 0)
		return fail_with_log(fs_fd, PR_STEP_FSCONFIG, reterr);
	for (size_t i = 0; i < sizeof(superblock_flags) / sizeof(superblock_flags[0]); i++) {
		if ((mount->sb_flags & superblock_flags[i].flag) &&
		    pr_fsconfig(fs_fd, PR_FSCONFIG_SET_FLAG, superblock_flags[i].name, NULL) < 0)
			return fail_with_log(fs_fd, PR_STEP_FSCONFIG, reterr);
	}
	const char *option = mount->data;
	for (uint32_t i = 0; i < mount->data_count; i++, option += strlen(option) + 1) {
		const char *equals = strchr(option, '=');
		int result;
		if (equals) {
			char key[64];
			size_t length = (size_t)(equals - option);
			if (length >= sizeof(key))
				return pr_fail_as(reterr, PR_STEP_FSCONFIG, EINVAL);
			memcpy(key, option, length);
			key[length] = '\0';
			result = pr_fsconfig(fs_fd, PR_FSCONFIG_SET_STRING, key, equals + 1);
		} else {
			result = *option ? pr_fsconfig(fs_fd, PR_FSCONFIG_SET_FLAG, option, NULL) : 0;
		}
		if (result < 0) {
			(void)fail_with_log(fs_fd, PR_STEP_FSCONFIG, reterr);
			return reterr && !reterr->detail[0] ? pr_detail(reterr, option) : -1;
		}
	}
	return 0;
}

static int create_filesystem(const struct pr_mount *mount, struct pr_error *reterr)
{
	auto_fd fs = pr_fsopen(mount->type);
	if (fs < 0)
		return pr_fail(reterr, PR_STEP_FSOPEN);
	/* Filled first, read-only then. */
	struct pr_mount writable = *mount;
	if (mount->copy_up_from >= 0)
		writable.sb_flags &= ~(unsigned long)MS_RDONLY;
	if (pr_mount_configure(fs, &writable, reterr) < 0)
		return -1;
	if (mount->mode && pr_fsconfig(fs, PR_FSCONFIG_SET_STRING, "mode", mount->mode) < 0)
		return fail_with_log(fs, PR_STEP_FSCONFIG, reterr);
	if (pr_fsconfig(fs, PR_FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return fail_with_log(fs, PR_STEP_FSCONFIG, reterr);
	int fd = pr_fsmount(fs, mount->set & (mount->copy_up_from >= 0 ? ~PR_MOUNT_ATTR_RDONLY : ~0U));
	if (fd < 0)
		return fail_with_log(fs, PR_STEP_FSMOUNT, reterr);
	return fd;
}

int pr_mount_create(const struct pr_mount *mount, struct pr_error *reterr)
{
	auto_fd fd = -EBADF;
	if (mount->type) {
		fd = create_filesystem(mount, reterr);
		if (fd < 0)
			return -1;
		if (mount->copy_up_from >= 0 && pr_copy_up(mount->copy_up_from, fd, reterr) < 0)
			return -1;
		if (mount->copy_up_from >= 0 && detached_attributes(fd, mount->set, mount->clear, false, reterr) < 0)
			return -1;
	} else {
		unsigned int flags = PR_OPEN_TREE_CLONE | AT_EMPTY_PATH | (mount->recursive ? PR_AT_RECURSIVE : 0U);
		fd = mount->detached ? fcntl(mount->source_fd, F_DUPFD_CLOEXEC, 0) : pr_open_tree(mount->source_fd, "", flags);
		if (fd < 0)
			return pr_fail(reterr, PR_STEP_OPEN_TREE);
		if (detached_attributes(fd, mount->set, mount->clear, false, reterr) < 0)
			return -1;
	}
	if (detached_attributes(fd, mount->set_all, mount->clear_all, true, reterr) < 0)
		return -1;
	return pr_steal(&fd);
}

int pr_mount_attach(const struct pr_mount *mount, int target_fd, struct pr_error *reterr)
{
	auto_fd fd = pr_mount_create(mount, reterr);
	if (fd < 0)
		return errno == ENOSYS && !mount->detached ? pr_legacy_attach(mount, target_fd, reterr) : -1;
	if (pr_move_mount(fd, target_fd) < 0)
		return pr_fail(reterr, PR_STEP_MOVE_MOUNT);
	if (pr_mount_propagate_all(fd, mount->propagation, reterr) < 0)
		return -1;
	return pr_steal(&fd);
}

int pr_mount_bind(int source_fd, int target_fd, bool recursive, struct pr_error *reterr)
{
	struct pr_mount mount = { .source_fd = source_fd, .recursive = recursive, .copy_up_from = -EBADF };
	return pr_mount_attach(&mount, target_fd, reterr);
}
