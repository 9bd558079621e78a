/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups: directories and files below a hierarchy's mount point, and who is in them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "syscalls.h"

/* A process that was just cloned is refused with EINVAL for a moment (it is still being set up). */
enum { ATTACH_TRIES = 40 };

/* Another container's delete may remove the parent between our two mkdir calls. */
enum { CREATE_TRIES = 8 };

void pr_cgroup_pause(unsigned int round)
{
	struct timespec span = { .tv_nsec = 250000L << (round < 4 ? round : 4) };
	(void)nanosleep(&span, NULL);
}

struct pr_group pr_group_at(const char *groups)
{
	struct pr_group group = { .mountpoint = groups };
	group.path = group.mountpoint + strlen(group.mountpoint) + 1;
	group.next = group.path + strlen(group.path) + 1;
	return group;
}

int pr_cgroup_root(const char *mountpoint, struct pr_error *reterr)
{
	int fd = pr_open(mountpoint, O_PATH | O_DIRECTORY);
	if (fd < 0) {
		(void)pr_fail(reterr, PR_STEP_OPEN);
		return pr_detail(reterr, mountpoint);
	}
	return fd;
}

/* The same walk one component at a time, for kernels before 5.6: no links, no "..", no other file system. */
static int walk_at(int root_fd, const char *path, int flags)
{
	auto_fd at = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
	struct stat root, st;
	if (at < 0 || fstat(root_fd, &root) < 0)
		return -1;
	for (bool last = false; !last;) {
		char name[NAME_MAX + 1];
		path += strspn(path, "/");
		size_t length = strcspn(path, "/");
		if (length > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, length ? path : ".", length ? length : 1);
		name[length ? length : 1] = '\0';
		path += length;
		last = path[strspn(path, "/")] == '\0';
		int next = strcmp(name, "..") == 0 ? -1 : openat(at, name, (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 && strcmp(name, "..") == 0)
			errno = EXDEV;
		if (next < 0)
			return -1;
		pr_close(&at);
		at = next;
		if (fstat(at, &st) < 0)
			return -1;
		if (S_ISLNK(st.st_mode) || st.st_dev != root.st_dev) {
			errno = S_ISLNK(st.st_mode) ? ELOOP : EXDEV;
			return -1;
		}
	}
	return pr_steal(&at);
}

int pr_cgroup_at(int root_fd, const char *path, int flags)
{
	const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
	int fd = pr_openat2(root_fd, *path ? path : ".", (uint64_t)flags, 0, resolve);
	return fd < 0 && errno == ENOSYS ? walk_at(root_fd, path, flags) : fd;
}

int pr_cgroup_open_file(const char *mountpoint, const char *path, const char *file, int flags, struct pr_error *reterr)
{
	char full[PR_CGROUP_PATH_SIZE];
	size_t path_size = strlen(path), file_size = strlen(file);
	if (path_size + file_size + 2 > sizeof(full))
		return pr_fail_as(reterr, PR_STEP_OPEN, ENAMETOOLONG);
	memcpy(full, path, path_size);
	if (path_size && file_size)
		full[path_size++] = '/';
	memcpy(full + path_size, file, file_size + 1);

	auto_fd root = pr_cgroup_root(mountpoint, reterr);
	if (root < 0)
		return -1;
	int fd = pr_cgroup_at(root, full, file_size ? flags : flags | O_DIRECTORY);
	return fd < 0 ? pr_fail(reterr, PR_STEP_OPEN) : fd;
}

int pr_cgroup_open(const char *mountpoint, const char *path, const char *file, int flags, struct pr_error *reterr)
{
	return pr_cgroup_open_file(mountpoint, path, file, flags, reterr);
}

int pr_cgroup_put(int fd, const char *text)
{
	size_t size = strlen(text);
	ssize_t written;
	do {
		written = write(fd, text, size);
	} while (written < 0 && errno == EINTR);
	if (written >= 0 && (size_t)written != size) {
		errno = EIO;
		return -1;
	}
	return written < 0 ? -1 : 0;
}

ssize_t pr_cgroup_get(int dir_fd, const char *file, char *ret_text, size_t size)
{
	auto_fd fd = pr_cgroup_at(dir_fd, file, O_RDONLY);
	if (fd < 0)
		return -1;
	ssize_t length = read(fd, ret_text, size - 1);
	if (length >= 0)
		ret_text[length] = '\0';
	return length;
}

int pr_cgroup_version(const char *mountpoint, struct pr_error *reterr)
{
	struct statfs st;
	if (statfs(mountpoint, &st) < 0)
		return pr_fail(reterr, PR_STEP_STAT);
	if ((unsigned long)st.f_type == CGROUP2_SUPER_MAGIC)
		return 2;
	return (unsigned long)st.f_type == CGROUP_SUPER_MAGIC ? 1 : 0;
}

/* Copies the next component of *path to `ret_name` and moves *path behind it. Returns 1, 0 at the end, -1 with errno. */
static int next_component(const char **path, char *ret_name)
{
	const char *end = strchrnul(*path, '/');
	size_t size = (size_t)(end - *path);
	if (size == 0)
		return 0;
	if (size >= PR_CGROUP_NAME_SIZE) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(ret_name, *path, size);
	ret_name[size] = '\0';
	*path = *end ? end + 1 : end;
	return 1;
}

static int missing_components(int root, const char *path, uint32_t *ret_missing, struct pr_error *reterr)
{
	char name[PR_CGROUP_NAME_SIZE];
	uint32_t missing = 0;
	auto_fd at = -EBADF;
	for (int more; (more = next_component(&path, name)) != 0;) {
		if (more < 0)
			return pr_fail(reterr, PR_STEP_OPEN);
		if (!missing) {
			int below = pr_cgroup_at(at < 0 ? root : at, name, O_PATH | O_DIRECTORY);
			if (below < 0 && errno != ENOENT)
				return pr_fail(reterr, PR_STEP_OPEN);
			pr_close(&at);
			at = below;
		}
		missing += at < 0;
	}
	*ret_missing = missing;
	return 0;
}

int pr_cgroup_missing(const char *groups, uint32_t n, uint32_t *ret_missing, uint32_t *ret_failed, struct pr_error *reterr)
{
	for (uint32_t i = 0; i < n; i++) {
		struct pr_group group = pr_group_at(groups);
		auto_fd root = pr_cgroup_root(group.mountpoint, reterr);
		if (root < 0 || missing_components(root, group.path, &ret_missing[i], reterr) < 0) {
			*ret_failed = i;
			return -1;
		}
		groups = group.next;
	}
	return 0;
}

static int create_once(int root, const char *path)
{
	char name[PR_CGROUP_NAME_SIZE];
	int more;
	auto_fd at = -EBADF;
	while ((more = next_component(&path, name)) > 0) {
		int above = at < 0 ? root : at;
		bool made = mkdirat(above, name, 0755) == 0;
		if (!made && errno != EEXIST)
			return -1;
		if (made && *path == '\0')
			return 0; /* nobody goes further down */
		int below = pr_cgroup_at(above, name, O_PATH | O_DIRECTORY);
		if (below < 0)
			return -1;
		pr_close(&at);
		at = below;
	}
	return more;
}

static int create_group(const struct pr_group *group, struct pr_error *reterr)
{
	auto_fd root = pr_cgroup_root(group->mountpoint, reterr);
	if (root < 0)
		return -1;
	for (int tries = 0; create_once(root, group->path) < 0; tries++)
		if ((errno != ENOENT && errno != ENODEV) || tries == CREATE_TRIES)
			return pr_fail(reterr, PR_STEP_CREATE_TARGET);
	return 0;
}

int pr_cgroup_create(const char *groups, uint32_t n, uint32_t *ret_failed, struct pr_error *reterr)
{
	for (uint32_t i = 0; i < n; i++) {
		struct pr_group group = pr_group_at(groups);
		if (create_group(&group, reterr) < 0) {
			*ret_failed = i;
			return -1;
		}
		groups = group.next;
	}
	return 0;
}

/* Copies parent/file to child/file when the child's is empty. */
static int inherit(int parent, int child, const char *file, struct pr_error *reterr)
{
	char text[PR_CGROUP_PATH_SIZE];
	ssize_t length = pr_cgroup_get(child, file, text, sizeof(text));
	if (length < 0)
		return pr_fail(reterr, PR_STEP_READ);
	if (length > 0 && text[0] != '\n')
		return 0;
	length = pr_cgroup_get(parent, file, text, sizeof(text));
	if (length < 0)
		return pr_fail(reterr, PR_STEP_READ);
	auto_fd fd = pr_cgroup_at(child, file, O_WRONLY);
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	return pr_cgroup_put(fd, text) < 0 ? pr_fail(reterr, PR_STEP_WRITE) : 0;
}

int pr_cgroup_fill_cpuset(const char *mountpoint, const char *path, struct pr_error *reterr)
{
	char name[PR_CGROUP_NAME_SIZE];
	int more;
	auto_fd at = pr_cgroup_root(mountpoint, reterr);
	if (at < 0)
		return -1;
	while ((more = next_component(&path, name)) > 0) {
		auto_fd below = pr_cgroup_at(at, name, O_PATH | O_DIRECTORY);
		if (below < 0)
			return pr_fail(reterr, PR_STEP_OPEN);
		if (inherit(at, below, "cpuset.cpus", reterr) < 0)
			return pr_detail(reterr, "cpuset.cpus");
		if (inherit(at, below, "cpuset.mems", reterr) < 0)
			return pr_detail(reterr, "cpuset.mems");
		pr_close(&at);
		at = pr_steal(&below);
	}
	return more < 0 ? pr_fail(reterr, PR_STEP_OPEN) : 0;
}

int pr_cgroup_write(const char *writes, uint32_t n, uint32_t *ret_failed, struct pr_error *reterr)
{
	auto_fd fd = -EBADF;
	const char *open_for = NULL; /* mount point, path and file of fd */
	for (uint32_t i = 0; i < n; i++) {
		struct pr_group group = pr_group_at(writes);
		const char *file = group.next, *value = file + strlen(file) + 1;
		/* Device rules are many lines for one file. */
		if (!open_for || memcmp(open_for, writes, (size_t)(value - writes)) != 0) {
			pr_close(&fd);
			fd = pr_cgroup_open_file(group.mountpoint, group.path, file, O_WRONLY, reterr);
			open_for = writes;
		}
		if (fd < 0 || pr_cgroup_put(fd, value) < 0) {
			*ret_failed = i;
			return fd < 0 ? -1 : pr_fail(reterr, PR_STEP_WRITE);
		}
		writes = value + strlen(value) + 1;
	}
	return 0;
}

int64_t pr_cgroup_read(const char *mountpoint, const char *path, const char *file, char *ret_data, uint32_t size, struct pr_error *reterr)
{
	auto_fd fd = pr_cgroup_open_file(mountpoint, path, file, O_RDONLY, reterr);
	if (fd < 0)
		return -1;
	uint32_t have = 0;
	while (have < size) {
		ssize_t length = read(fd, ret_data + have, size - have);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return pr_fail(reterr, PR_STEP_READ);
		if (length == 0)
			break;
		have += (uint32_t)length;
	}
	return have;
}

static int attach_one(const struct pr_group *group, const char *pid, struct pr_error *reterr)
{
	auto_fd fd = pr_cgroup_open_file(group->mountpoint, group->path, "cgroup.procs", O_WRONLY, reterr);
	if (fd < 0)
		return -1;
	for (unsigned int tries = 0; pr_cgroup_put(fd, pid) < 0; tries++) {
		if (errno != EINVAL || tries == ATTACH_TRIES)
			return pr_fail(reterr, PR_STEP_WRITE);
		pr_cgroup_pause(tries);
	}
	return 0;
}

/* The decimal digits of a positive number; stdio is not for the stage that shares this file. */
static const char *decimal(int32_t number, char *space, size_t size)
{
	char *at = space + size - 1;
	*at = '\0';
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return at;
}

int pr_cgroup_attach(const char *groups, uint32_t n, int32_t pid, uint32_t *ret_failed, struct pr_error *reterr)
{
	char space[16];
	*ret_failed = 0;
	if (pid <= 0)
		return pr_fail_as(reterr, PR_STEP_WRITE, ESRCH);
	const char *text = decimal(pid, space, sizeof(space));
	for (uint32_t i = 0; i < n; i++) {
		struct pr_group group = pr_group_at(groups);
		if (attach_one(&group, text, reterr) < 0) {
			*ret_failed = i;
			return -1;
		}
		groups = group.next;
	}
	return 0;
}

/* `tasks` exists on v1 only. A lone thread that moves itself through it needs no lock on all thread groups, which is what the
 * grace period is spent on; cgroup.procs always takes it. */
static int open_join(const struct pr_group *group, struct pr_error *reterr)
{
	int fd = pr_cgroup_open_file(group->mountpoint, group->path, "tasks", O_WRONLY, reterr);
	if (fd < 0 && errno == ENOENT)
		fd = pr_cgroup_open_file(group->mountpoint, group->path, "cgroup.procs", O_WRONLY, reterr);
	return fd;
}

int pr_cgroup_open_join(const char *groups, uint32_t n, int *ret_fds, uint32_t *ret_failed, struct pr_error *reterr)
{
	for (uint32_t i = 0; i < n; i++) {
		struct pr_group group = pr_group_at(groups);
		ret_fds[i] = open_join(&group, reterr);
		if (ret_fds[i] < 0) {
			*ret_failed = i;
			while (i > 0)
				pr_close(&ret_fds[--i]);
			return -1;
		}
		groups = group.next;
	}
	return 0;
}

int pr_cgroup_join(const int *fds, uint32_t n, struct pr_error *reterr)
{
	for (uint32_t i = 0; i < n; i++)
		if (pr_cgroup_put(fds[i], "0") < 0)
			return pr_fail(reterr, PR_STEP_WRITE);
	return 0;
}

int pr_cgroup_chown(const char *mountpoint, const char *path, const char *file, uint32_t uid, uint32_t gid, struct pr_error *reterr)
{
	auto_fd fd = pr_cgroup_open_file(mountpoint, path, file, O_PATH, reterr);
	if (fd < 0)
		return -1;
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? pr_fail(reterr, PR_STEP_CHOWN) : 0;
}
