/* SPDX-License-Identifier: Apache-2.0 */
/* tmpcopyup: fills a fresh tmpfs with what the image has at the mount's destination. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "mounts.h"

enum { DEPTH_MAX = 200 };

static int copy_data(int from, int to, struct pr_error *reterr)
{
	for (;;) {
		ssize_t sent = sendfile(to, from, NULL, 1 << 30);
		if (sent < 0)
			return pr_fail(reterr, PR_STEP_WRITE);
		if (sent == 0)
			return 0;
	}
}

/* Extended attributes that tmpfs does not take (security modules that are off) are left behind. */
static void copy_xattrs(int from, int to)
{
	char names[4096], value[4096];
	ssize_t size = flistxattr(from, names, sizeof(names));
	for (const char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
		ssize_t length = fgetxattr(from, name, value, sizeof(value));
		if (length >= 0)
			(void)fsetxattr(to, name, value, (size_t)length, 0);
	}
}

static int finish(int from, int to, const struct stat *st, struct pr_error *reterr)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	copy_xattrs(from, to);
	if (fchown(to, st->st_uid, st->st_gid) < 0)
		return pr_fail(reterr, PR_STEP_CHOWN);
	if (fchmod(to, st->st_mode & 07777) < 0)
		return pr_fail(reterr, PR_STEP_CHMOD);
	(void)futimens(to, times);
	return 0;
}

static int copy_tree(int from, int to, int depth, struct pr_error *reterr);

static int copy_file(int from_dir, int to_dir, const char *name, struct pr_error *reterr)
{
	struct stat st;
	auto_fd from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (from < 0 || fstat(from, &st) < 0)
		return pr_fail(reterr, PR_STEP_OPEN_SOURCE);
	if (!S_ISREG(st.st_mode))
		return pr_fail_as(reterr, PR_STEP_MISMATCH, EAGAIN); /* replaced while we looked */
	auto_fd to = openat(to_dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return pr_fail(reterr, PR_STEP_CREATE_TARGET);
	if (copy_data(from, to, reterr) < 0)
		return -1;
	return finish(from, to, &st, reterr);
}

static int copy_directory(int from_dir, int to_dir, const char *name, int depth, struct pr_error *reterr)
{
	struct stat st;
	auto_fd from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0 || fstat(from, &st) < 0)
		return pr_fail(reterr, PR_STEP_OPEN_SOURCE);
	if (mkdirat(to_dir, name, 0700) < 0)
		return pr_fail(reterr, PR_STEP_CREATE_TARGET);
	auto_fd to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return pr_fail(reterr, PR_STEP_OPEN_TARGET);
	if (copy_tree(from, to, depth + 1, reterr) < 0)
		return -1;
	return finish(from, to, &st, reterr);
}

static int copy_entry(int from, int to, const char *name, int depth, struct pr_error *reterr)
{
	struct stat st;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return pr_fail(reterr, PR_STEP_STAT);
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, name, reterr);
	if (S_ISDIR(st.st_mode))
		return copy_directory(from, to, name, depth, reterr);
	if (S_ISLNK(st.st_mode)) {
		char text[PATH_MAX];
		ssize_t length = readlinkat(from, name, text, sizeof(text) - 1);
		if (length < 0)
			return pr_fail(reterr, PR_STEP_READ);
		text[length] = '\0';
		if (symlinkat(text, to, name) < 0)
			return pr_fail(reterr, PR_STEP_SYMLINK);
	} else if (mknodat(to, name, st.st_mode, st.st_rdev) < 0) {
		return pr_fail(reterr, PR_STEP_MKNOD);
	}
	if (fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return pr_fail(reterr, PR_STEP_CHOWN);
	return 0;
}

static int copy_tree(int from, int to, int depth, struct pr_error *reterr)
{
	if (depth > DEPTH_MAX)
		return pr_fail_as(reterr, PR_STEP_READ, ELOOP);
	int list_fd = fcntl(from, F_DUPFD_CLOEXEC, 0);
	DIR *list = list_fd < 0 ? NULL : fdopendir(list_fd);
	if (!list) {
		pr_close(&list_fd);
		return pr_fail(reterr, PR_STEP_READ);
	}
	int result = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(list));) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = copy_entry(from, to, entry->d_name, depth, reterr);
	}
	int saved = errno;
	(void)closedir(list);
	errno = saved;
	return result;
}

int pr_copy_up(int from_fd, int to_fd, struct pr_error *reterr)
{
	struct stat st;
	auto_fd from = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd to = openat(to_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return pr_fail(reterr, PR_STEP_OPEN_SOURCE);
	if (copy_tree(from, to, 0, reterr) < 0)
		return -1;
	return 0;
}
