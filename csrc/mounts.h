/* SPDX-License-Identifier: Apache-2.0 */
/* One mount, made and fully configured before it is attached (new mount API), or by mount(2) where the kernel lacks that. */
#pragma once

#include "pyrunc.h"

struct pr_mount {
	const char *type;         /* NULL: a bind of source_fd */
	const char *source;       /* device name for a file system */
	int source_fd;            /* O_PATH, for a bind */
	bool recursive;           /* bind the tree below too */
	const char *data;         /* block of file system options */
	uint32_t data_count;
	unsigned long sb_flags;   /* MS_RDONLY, MS_SYNCHRONOUS ... for a new superblock */
	uint32_t set, clear;      /* MOUNT_ATTR_* of the top mount */
	uint32_t set_all, clear_all; /* of every mount in the tree */
	bool detached;            /* source_fd is a detached mount already */
	uint64_t propagation;     /* up to PR_PROPAGATION_MAX steps of 8 bits */
	const char *mode;         /* octal mode of a new tmpfs' root, NULL: what data or the kernel says */
	int copy_up_from;         /* fill the new file system with this directory's content, or negative */
};

/* Attaches it at target_fd. Returns an O_PATH descriptor of the attached mount's root (the caller's). */
int pr_mount_attach(const struct pr_mount *mount, int target_fd, struct pr_error *reterr);

/* Makes a detached mount of a file system, or a detached clone of a bind's source. Returns its descriptor; -1/ENOSYS without the new API. */
int pr_mount_create(const struct pr_mount *mount, struct pr_error *reterr);

/* Hands source, superblock flags and data to an fsopen or fspick context. fsconfig(2). */
int pr_mount_configure(int fs_fd, const struct pr_mount *mount, struct pr_error *reterr);

/* Binds source on target without further ado. Returns the attached mount's descriptor. */
int pr_mount_bind(int source_fd, int target_fd, bool recursive, struct pr_error *reterr);

/* Sets and clears attributes of the mount whose root is fd, of the whole tree when `recursive`. mount_setattr(2). */
int pr_mount_attributes(int fd, uint32_t set, uint32_t clear, bool recursive, struct pr_error *reterr);

/* Applies one enum pr_propagation. */
int pr_mount_propagate(int fd, uint32_t propagation, struct pr_error *reterr);

/* Applies PR_PROPAGATION_MAX packed steps. */
int pr_mount_propagate_all(int fd, uint64_t packed, struct pr_error *reterr);

/* The id of the mount that fd lies in. statx(2) STATX_MNT_ID. */
int pr_mount_id(int fd, uint64_t *ret_id);

/* The path /proc/self/fd/N for calls that take no descriptor. */
struct pr_fd_path {
	char text[32];
};
struct pr_fd_path pr_fd_path(int fd);

/* mounts_legacy.c: the same by mount(2). */
int pr_legacy_attach(const struct pr_mount *mount, int target_fd, struct pr_error *reterr);
int pr_legacy_remount(int fd, const struct pr_mount *mount, struct pr_error *reterr);
int pr_legacy_attributes(int fd, uint32_t set, uint32_t clear, bool recursive, struct pr_error *reterr);

/* The whole of /proc/self/mountinfo (the caller's to free); NULL/errno. */
char *pr_read_mountinfo(void);

/* Reads the octal escapes of mountinfo in place. proc_pid_mountinfo(5). */
void pr_unescape(char *text);

/* mounts_tree.c: pr_legacy_attributes for the mount whose root is fd and all mounts below it; on failure some are changed. */
int pr_legacy_tree_attributes(int fd, uint32_t set, uint32_t clear, struct pr_error *reterr);

/* copyup.c: copies the tree below from_fd into to_fd: files, directories, links, devices, with owner, mode, times and xattrs. */
int pr_copy_up(int from_fd, int to_fd, struct pr_error *reterr);
