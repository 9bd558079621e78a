/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that make directories, device nodes and links below the root. */
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

int pr_op_mkdir(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	auto_fd fd = pr_lookup(init->root, pr_op_string(init, op, 0), PR_MAKE_DIRECTORY, (mode_t)op->n[0], reterr);
	return fd < 0 ? -1 : 0;
}

static bool is_the_device(const struct stat *st, mode_t type, dev_t device)
{
	return (st->st_mode & S_IFMT) == type && (type == S_IFIFO || st->st_rdev == device);
}

/* chmod by descriptor: the umask has no say, and no link is followed. */
static int set_mode(int fd, mode_t mode, struct pr_error *reterr)
{
	if (pr_fchmodat2(fd, "", mode, AT_EMPTY_PATH) == 0)
		return 0;
	/* Before 6.6 there is no fchmodat2. */
	if (errno == ENOSYS && fchmodat(AT_FDCWD, pr_fd_path(fd).text, mode, 0) == 0)
		return 0;
	return pr_fail(reterr, PR_STEP_CHMOD);
}

/* Binds the host's node: mknod of devices is forbidden in a user namespace. mknod(2) EPERM. */
static int bind_node(int parent, const char *name, const char *host, mode_t type, dev_t device, struct pr_error *reterr)
{
	struct stat st;
	auto_fd source = pr_open(host, O_PATH | O_NOFOLLOW);
	if (source < 0 || fstat(source, &st) < 0)
		return pr_fail(reterr, PR_STEP_OPEN_SOURCE);
	if (!is_the_device(&st, type, device))
		return pr_fail_as(reterr, PR_STEP_MISMATCH, ENODEV);
	auto_fd made = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0666);
	if (made < 0 && errno != EEXIST)
		return pr_fail(reterr, PR_STEP_CREATE_TARGET);
	auto_fd target = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return pr_fail(reterr, PR_STEP_OPEN_TARGET);
	auto_fd fd = pr_mount_bind(source, target, false, reterr);
	return fd < 0 ? -1 : 0;
}

int pr_op_device(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	const char *name, *host = pr_op_string(init, op, 1);
	mode_t mode = (mode_t)op->n[0], type = mode & S_IFMT;
	dev_t device = (dev_t)op->n[1];
	auto_fd parent = pr_lookup_parent(init->root, pr_op_string(init, op, 0), &name, reterr);
	if (parent < 0)
		return -1;
	if (host)
		return bind_node(parent, name, host, type, device, reterr);
	bool existed = mknodat(parent, name, type, device) < 0;
	if (existed && errno != EEXIST)
		return pr_fail(reterr, PR_STEP_MKNOD);
	auto_fd fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return pr_fail(reterr, PR_STEP_OPEN_TARGET);
	if (!is_the_device(&st, type, device))
		return pr_fail_as(reterr, PR_STEP_MISMATCH, existed ? EEXIST : ENODEV);
	/* What is right already is left: a joined mount namespace has no /proc/self of ours for an older set_mode(). */
	if ((st.st_mode & 07777) != (mode & 07777) && set_mode(fd, mode & 07777, reterr) < 0)
		return -1;
	if ((st.st_uid != (uid_t)op->n[2] || st.st_gid != (gid_t)op->n[3]) &&
	    fchownat(fd, "", (uid_t)op->n[2], (gid_t)op->n[3], AT_EMPTY_PATH) < 0)
		return pr_fail(reterr, PR_STEP_CHOWN);
	return 0;
}

int pr_op_symlink(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	const char *name, *needs = pr_op_string(init, op, 2);
	if (needs) {
		struct pr_error missing;
		auto_fd fd = pr_lookup_nofollow(init->root, needs, PR_MAKE_NOTHING, 0, &missing); /* /proc/self/fd/0 is a magic link */
		if (fd < 0)
			return 0;
	}
	auto_fd parent = pr_lookup_parent(init->root, pr_op_string(init, op, 1), &name, reterr);
	if (parent < 0)
		return -1;
	if (symlinkat(pr_op_string(init, op, 0), parent, name) < 0 && errno != EEXIST)
		return pr_fail(reterr, PR_STEP_SYMLINK);
	return 0;
}

int pr_op_unlink(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	const char *name;
	auto_fd parent = pr_lookup_parent(init->root, pr_op_string(init, op, 0), &name, reterr);
	if (parent < 0)
		return -1;
	if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
		return pr_fail(reterr, PR_STEP_OPEN_TARGET);
	return 0;
}
