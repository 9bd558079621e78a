/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the cgroup code share: lookups below a hierarchy's mount point. */
#pragma once

#include "pyrunc.h"

enum { PR_CGROUP_NAME_SIZE = 256, PR_CGROUP_PATH_SIZE = 4096 };

/* One entry of a "groups" block; `next` is where the following one begins. */
struct pr_group {
	const char *mountpoint;
	const char *path;
	const char *next;
};

struct pr_group pr_group_at(const char *groups);

/* Opens the mount point O_PATH. */
int pr_cgroup_root(const char *mountpoint, struct pr_error *reterr);

/* openat2 below root_fd: no links, no "..", no other mounts. "" is the root itself. Returns the fd or -1 with errno. */
int pr_cgroup_at(int root_fd, const char *path, int flags);

/* Opens mountpoint/path/file; file may be "". */
int pr_cgroup_open_file(const char *mountpoint, const char *path, const char *file, int flags, struct pr_error *reterr);

/* One write(2) of a NUL-terminated text. Returns 0 or -1 with errno. */
int pr_cgroup_put(int fd, const char *text);

/* Reads a small file of a directory into `ret_text` (NUL-terminated). Returns its length or -1 with errno. */
ssize_t pr_cgroup_get(int dir_fd, const char *file, char *ret_text, size_t size);

/* Waits a moment, longer with each `round`: 0.25 ms up to 4 ms. */
void pr_cgroup_pause(unsigned int round);
