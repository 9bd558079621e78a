/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that make the root filesystem a mount of its own and then the root. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "init.h"
#include "mounts.h"
#include "syscalls.h"

int pr_op_propagation(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)init;
	if (mount(NULL, "/", NULL, (unsigned long)op->n[0], NULL) < 0)
		return pr_fail(reterr, PR_STEP_MOUNT);
	return 0;
}

/* pivot_root(2) wants a parent mount that is not shared: find that mount's root by going up, make it private. */
static int make_parent_private(int dir, struct pr_error *reterr)
{
	auto_fd at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	uint64_t mount_id = 0;
	if (at < 0 || pr_mount_id(at, &mount_id) < 0)
		return pr_fail(reterr, PR_STEP_STAT);
	for (;;) {
		auto_fd up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct stat here, above;
		uint64_t up_id = 0;
		/* The root of a user namespace may not be let in; the mounts it sees are slaves already. mount_namespaces(7). */
		if (up < 0 && errno == EACCES)
			return 0;
		if (up < 0 || pr_mount_id(up, &up_id) < 0 || fstat(at, &here) < 0 || fstat(up, &above) < 0)
			return pr_fail(reterr, PR_STEP_STAT);
		bool top = up_id != mount_id || (here.st_dev == above.st_dev && here.st_ino == above.st_ino);
		if (top)
			return pr_mount_propagate(at, PR_PROP_PRIVATE, reterr);
		(void)close(at);
		at = pr_steal(&up);
	}
}

int pr_op_rootfs(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	const char *path = pr_op_string(init, op, 0);
	int given = op->n[0] < init->source_count ? init->sources[op->n[0]] : -EBADF;
	auto_fd dir = given >= 0 ? fcntl(given, F_DUPFD_CLOEXEC, 0) : pr_open(path, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	if (make_parent_private(dir, reterr) < 0)
		return -1;
	auto_fd root = pr_mount_bind(dir, dir, true, reterr);
	if (root < 0)
		return -1;
	if (pr_mount_propagate(root, PR_PROP_PRIVATE, reterr) < 0)
		return -1;
	init->root = pr_steal(&root);
	return 0;
}

static int enter_root(struct pr_init *init, struct pr_error *reterr)
{
	auto_fd root = pr_open("/", O_PATH | O_DIRECTORY);
	if (root < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	pr_close(&init->root);
	init->root = pr_steal(&root);
	/* All mounts are made: nothing of the host may stay open in a process that waits for start (CVE-2024-21626). */
	for (uint32_t i = 0; i < init->source_count; i++)
		pr_close(&init->sources[i]);
	init->source_count = 0;
	return 0;
}

int pr_op_pivot(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)op;
	auto_fd old = pr_open("/", O_PATH | O_DIRECTORY);
	if (old < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	if (fchdir(init->root) < 0)
		return pr_fail(reterr, PR_STEP_CHDIR);
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return pr_fail(reterr, PR_STEP_PIVOT_ROOT);
	/* The old root is now stacked on the new one: unmounts in it must not travel to the host, then it goes. pivot_root(2) NOTES. */
	if (fchdir(old) < 0)
		return pr_fail(reterr, PR_STEP_CHDIR);
	if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return pr_fail(reterr, PR_STEP_MOUNT);
	if (umount2(".", MNT_DETACH) < 0)
		return pr_fail(reterr, PR_STEP_UMOUNT);
	if (chdir("/") < 0)
		return pr_fail(reterr, PR_STEP_CHDIR);
	return enter_root(init, reterr);
}

/* A full procfs or sysfs of the host that stays reachable below a moved root would undo every mask: detach it, or cover it. */
static int hide_kernel_mount(char *line, const char *rootfs, struct pr_error *reterr)
{
	char *fields[5] = { 0 };
	char *type = strstr(line, " - ");
	char *save = NULL;
	int count = 0;
	if (!type)
		return 0;
	type += 3;
	if (strncmp(type, "proc ", 5) != 0 && strncmp(type, "sysfs ", 6) != 0)
		return 0;
	for (char *word = strtok_r(line, " ", &save); word && count < 5; word = strtok_r(NULL, " ", &save))
		fields[count++] = word;
	if (count < 5 || strcmp(fields[3], "/") != 0)
		return 0;
	pr_unescape(fields[4]);
	size_t length = strlen(rootfs);
	if (strncmp(fields[4], rootfs, length) == 0 && (fields[4][length] == '/' || fields[4][length] == '\0'))
		return 0; /* the container's own */
	if (mount(NULL, fields[4], NULL, MS_SLAVE | MS_REC, NULL) < 0 && errno != EINVAL && errno != ENOENT)
		return pr_fail(reterr, PR_STEP_MOUNT);
	if (umount2(fields[4], MNT_DETACH) == 0 || errno == ENOENT)
		return 0;
	/* EINVAL: locked by a user namespace. */
	if (errno != EINVAL && errno != EPERM)
		return pr_fail(reterr, PR_STEP_UMOUNT);
	if (mount("tmpfs", fields[4], "tmpfs", 0, "") < 0)
		return pr_fail(reterr, PR_STEP_MOUNT);
	return 0;
}

static int hide_kernel_mounts(struct pr_init *init, const char *rootfs, struct pr_error *reterr)
{
	auto_free char *text = NULL;
	size_t used = 0, room = 0;
	auto_fd fd = pr_procfs_open(init->proc, "self/mountinfo", O_RDONLY, reterr);
	if (fd < 0)
		return -1;
	for (;;) {
		if (room - used < 4096) {
			room += 65536;
			char *larger = realloc(text, room);
			if (!larger)
				return pr_fail(reterr, PR_STEP_READ);
			text = larger;
		}
		ssize_t got = read(fd, text + used, room - used - 1);
		if (got < 0)
			return pr_fail(reterr, PR_STEP_READ);
		if (got == 0)
			break;
		used += (size_t)got;
	}
	text[used] = '\0';
	char *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (hide_kernel_mount(line, rootfs, reterr) < 0)
			return -1;
	}
	return 0;
}

int pr_op_move_root(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	if (hide_kernel_mounts(init, pr_op_string(init, op, 0), reterr) < 0)
		return -1;
	if (fchdir(init->root) < 0)
		return pr_fail(reterr, PR_STEP_CHDIR);
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return pr_fail(reterr, PR_STEP_MOUNT);
	if (chroot(".") < 0)
		return pr_fail(reterr, PR_STEP_CHROOT);
	if (chdir("/") < 0)
		return pr_fail(reterr, PR_STEP_CHDIR);
	return enter_root(init, reterr);
}

int pr_op_chroot(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	if (chroot(pr_op_string(init, op, 0)) < 0)
		return pr_fail(reterr, PR_STEP_CHROOT);
	if (chdir("/") < 0)
		return pr_fail(reterr, PR_STEP_CHDIR);
	return enter_root(init, reterr);
}

int pr_op_root_readonly(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)op;
	return pr_mount_attributes(init->root, PR_MOUNT_ATTR_RDONLY, 0, false, reterr);
}
