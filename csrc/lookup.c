/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of the container, resolved below its root. The kernel does it where it can (openat2); what must be made on the way, and kernels
 * before 5.6, take a walk of our own that opens one component at a time without following links and never asks the kernel for "..". */
#define _GNU_SOURCE
#include "lookup.h"

#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "cleanup.h"
#include "syscalls.h"

enum { DEPTH_MAX = 256, LINKS_MAX = 40, AGAIN_MAX = 128 };

struct walk {
	int dirs[DEPTH_MAX]; /* dirs[0] is the root and not ours; the others are */
	int depth;
	int links;
	char rest[2 * PATH_MAX];
};

static void walk_pop(struct walk *walk)
{
	if (walk->depth > 0)
		pr_close(&walk->dirs[walk->depth--]);
}

static void walk_close(struct walk *walk)
{
	while (walk->depth > 0)
		walk_pop(walk);
}

/* Takes the first component off walk->rest into `name`. Returns false at the end; *ret_last tells whether another follows. */
static bool walk_next(struct walk *walk, char name[NAME_MAX + 1], bool *ret_last, bool *ret_too_long)
{
	const char *at = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(at, "/");
	*ret_too_long = length > NAME_MAX;
	if (length == 0 || *ret_too_long)
		return false;
	memcpy(name, at, length);
	name[length] = '\0';
	const char *behind = at + length + strspn(at + length, "/");
	*ret_last = *behind == '\0';
	memmove(walk->rest, behind, strlen(behind) + 1);
	return true;
}

/* Puts the text of the link `fd` in front of what is left. */
static int walk_follow(struct walk *walk, int fd)
{
	char link[PATH_MAX];
	ssize_t length = readlinkat(fd, "", link, sizeof(link) - 1);
	if (length < 0)
		return -1;
	link[length] = '\0';
	struct statfs fs;
	/* Magic links of procfs are refused, as by openat2. Its plain ones are relative: "self/mounts"; of the magic ones, some are not, some
	 * have a colon ("mnt:[4026531840]"), and the root of another is "(unreachable)/". */
	bool plain = link[0] != '/' && link[0] != '(' && !strchr(link, ':');
	if (!plain && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC) {
		errno = ELOOP;
		return -1;
	}
	if (++walk->links > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	size_t rest = strlen(walk->rest);
	if ((size_t)length + 1 + rest + 1 > sizeof(walk->rest)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memmove(walk->rest + length + 1, walk->rest, rest + 1);
	memcpy(walk->rest, link, (size_t)length);
	walk->rest[length] = '/';
	if (link[0] == '/')
		walk_close(walk);
	return 0;
}

/* Opens one component, made when missing and wanted. */
static int open_component(int dir, const char *name, bool last, enum pr_make make, mode_t mode)
{
	for (int tries = 0;; tries++) {
		int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 || errno != ENOENT || make == PR_MAKE_NOTHING || tries == 8)
			return fd;
		if (last && make == PR_MAKE_FILE) {
			auto_fd made = openat(dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, mode & 0666);
			if (made < 0 && errno != EEXIST)
				return -1;
		} else if (mkdirat(dir, name, mode) < 0 && errno != EEXIST) {
			return -1;
		}
	}
}

static int walk_path(struct walk *walk, int root_fd, enum pr_make make, mode_t mode, bool nofollow)
{
	char name[NAME_MAX + 1];
	bool last = false, too_long = false;
	walk->dirs[0] = root_fd;
	while (walk_next(walk, name, &last, &too_long)) {
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			walk_pop(walk);
			continue;
		}
		auto_fd fd = open_component(walk->dirs[walk->depth], name, last, make, mode);
		struct stat st;
		if (fd < 0 || fstat(fd, &st) < 0)
			return -1;
		if (S_ISLNK(st.st_mode) && !(last && nofollow)) {
			if (walk_follow(walk, fd) < 0)
				return -1;
			continue;
		}
		if (!last && !S_ISDIR(st.st_mode)) {
			errno = ENOTDIR;
			return -1;
		}
		if (walk->depth + 1 == DEPTH_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		walk->dirs[++walk->depth] = pr_steal(&fd);
	}
	if (too_long) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (walk->depth == 0)
		return fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
	int found = walk->dirs[walk->depth];
	walk->dirs[walk->depth--] = -EBADF;
	return found;
}

static int lookup(int root_fd, const char *path, enum pr_make make, mode_t mode, bool nofollow, struct pr_error *reterr)
{
	uint64_t flags = O_PATH | (nofollow ? O_NOFOLLOW : 0U);
	/* EAGAIN: something was renamed on the way; the kernel asks to try again. */
	for (int tries = 0; tries < AGAIN_MAX; tries++) {
		int fd = pr_openat2(root_fd, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		if (fd >= 0)
			return fd;
		if (errno != EAGAIN)
			break;
	}
	if (errno != ENOSYS && errno != EAGAIN && errno != EPERM && !(errno == ENOENT && make != PR_MAKE_NOTHING))
		return pr_fail(reterr, PR_STEP_OPEN_TARGET);
	struct walk walk = { .depth = 0, .links = 0 };
	size_t length = strlen(path);
	if (length >= sizeof(walk.rest))
		return pr_fail_as(reterr, PR_STEP_OPEN_TARGET, ENAMETOOLONG);
	memcpy(walk.rest, path, length + 1);
	int fd = walk_path(&walk, root_fd, make, mode, nofollow);
	int saved = errno;
	walk_close(&walk);
	if (fd < 0)
		return pr_fail_as(reterr, make == PR_MAKE_NOTHING ? PR_STEP_OPEN_TARGET : PR_STEP_CREATE_TARGET, saved);
	return fd;
}

int pr_lookup(int root_fd, const char *path, enum pr_make make, mode_t mode, struct pr_error *reterr)
{
	return lookup(root_fd, path, make, mode, false, reterr);
}

int pr_lookup_nofollow(int root_fd, const char *path, enum pr_make make, mode_t mode, struct pr_error *reterr)
{
	return lookup(root_fd, path, make, mode, true, reterr);
}

int pr_lookup_parent(int root_fd, const char *path, const char **ret_name, struct pr_error *reterr)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char parent[PATH_MAX];
	size_t length = slash ? (size_t)(slash - path) : 0;
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return pr_fail_as(reterr, PR_STEP_OPEN_TARGET, EINVAL);
	if (length + 2 > sizeof(parent))
		return pr_fail_as(reterr, PR_STEP_OPEN_TARGET, ENAMETOOLONG);
	memcpy(parent, path, length);
	parent[length] = '/';
	parent[length + 1] = '\0';
	int fd = lookup(root_fd, parent, PR_MAKE_DIRECTORY, 0755, false, reterr);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}
