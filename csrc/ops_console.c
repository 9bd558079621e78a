/* SPDX-License-Identifier: Apache-2.0 */
/* Ops for the terminal and the standard streams. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "init.h"
#include "lookup.h"
#include "mounts.h"
#include "syscalls.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif
#ifndef DEVPTS_SUPER_MAGIC
#define DEVPTS_SUPER_MAGIC 0x1cd1
#endif
#define PTMX_INO 2

/* Opens the container's own multiplexer. Everything about it is checked on the descriptor: an image or a volume may have put something
 * else there (CVE-2025-52565). */
static int open_ptmx(const struct pr_init *init, struct pr_error *reterr)
{
	auto_fd pts = pr_lookup(init->root, "/dev/pts", PR_MAKE_NOTHING, 0, reterr);
	struct statfs fs;
	struct stat st;
	if (pts < 0)
		return -1;
	if (fstatfs(pts, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return pr_fail_as(reterr, PR_STEP_PTMX, ENODEV);
	auto_fd seen = openat(pts, "ptmx", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (seen < 0 || fstat(seen, &st) < 0 || fstatfs(seen, &fs) < 0)
		return pr_fail(reterr, PR_STEP_PTMX);
	if (fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || st.st_ino != PTMX_INO)
		return pr_fail_as(reterr, PR_STEP_PTMX, ENODEV);
	auto_fd fd = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct stat opened;
	if (fd < 0 || fstat(fd, &opened) < 0)
		return pr_fail(reterr, PR_STEP_PTMX);
	if (opened.st_dev != st.st_dev || opened.st_ino != st.st_ino)
		return pr_fail_as(reterr, PR_STEP_PTMX, ENODEV);
	return pr_steal(&fd);
}

static int bind_console(const struct pr_init *init, int peer, struct pr_error *reterr)
{
	const char *name;
	auto_fd parent = pr_lookup_parent(init->root, "/dev/console", &name, reterr);
	if (parent < 0)
		return -1;
	auto_fd made = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0666);
	if (made < 0 && errno != EEXIST)
		return pr_fail(reterr, PR_STEP_CREATE_TARGET);
	auto_fd target = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (target < 0 || fstat(target, &st) < 0)
		return pr_fail(reterr, PR_STEP_OPEN_TARGET);
	if (S_ISLNK(st.st_mode))
		return pr_fail_as(reterr, PR_STEP_MISMATCH, ELOOP);
	auto_fd fd = pr_mount_bind(peer, target, false, reterr);
	return fd < 0 ? -1 : 0;
}

int pr_op_console(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	auto_fd master = open_ptmx(init, reterr);
	if (master < 0)
		return -1;
	int unlock = 0;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return pr_fail(reterr, PR_STEP_IOCTL);
	auto_fd peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer < 0)
		return pr_fail(reterr, PR_STEP_IOCTL);
	if (op->n[0] || op->n[1]) {
		struct winsize size = { .ws_row = (unsigned short)op->n[0], .ws_col = (unsigned short)op->n[1] };
		if (ioctl(master, TIOCSWINSZ, &size) < 0)
			return pr_fail(reterr, PR_STEP_IOCTL);
	}
	if (fchown(peer, (uid_t)op->n[2], (gid_t)op->n[3]) < 0 && errno != EPERM && errno != EROFS && errno != EINVAL)
		return pr_fail(reterr, PR_STEP_CHOWN);
	if ((op->flags & PR_CONSOLE_BIND) && bind_console(init, peer, reterr) < 0)
		return -1;
	struct pr_msg msg = { .kind = PR_MSG_CONSOLE, .op = init->index };
	int fds[1] = { master };
	if (pr_channel_send(init->sock, &msg, NULL, 0, fds, 1, reterr) < 0)
		return -1;
	for (int i = 0; i < 3; i++) {
		if (dup2(peer, i) < 0)
			return pr_fail(reterr, PR_STEP_IOCTL);
	}
	if (ioctl(0, TIOCSCTTY, 0) < 0)
		return pr_fail(reterr, PR_STEP_SETSID);
	return 0;
}

/* The container's /dev/null for writing and reading, or -1 when what stands there is something else. */
static int own_null(const struct pr_init *init)
{
	struct pr_error ignored;
	struct stat st;
	auto_fd dir = pr_lookup(init->root, "/dev", PR_MAKE_NOTHING, 0, &ignored);
	auto_fd seen = dir < 0 ? -EBADF : openat(dir, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (seen < 0 || fstat(seen, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return -1;
	auto_fd fd = openat(dir, "null", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return -1;
	return pr_steal(&fd);
}

int pr_op_stdio(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	auto_fd null = -EBADF;
	bool looked = false;
	for (int i = 0; i < 3; i++) {
		struct stat st;
		if (fstat(i, &st) < 0)
			continue; /* closed by the caller */
		if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) {
			if (!looked)
				null = own_null(init);
			looked = true;
			if (null >= 0 && dup2(null, i) < 0)
				return pr_fail(reterr, PR_STEP_IOCTL);
			continue;
		}
		if (st.st_uid == (uid_t)op->n[0])
			continue;
		/* Only so that the program can open /dev/stdout again; a stream that cannot be given away stays usable. */
		if (fchown(i, (uid_t)op->n[0], (gid_t)-1) < 0 && errno != EPERM && errno != EROFS && errno != EINVAL && errno != ENOSYS)
			return pr_fail(reterr, PR_STEP_CHOWN);
	}
	return 0;
}
