/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that give up power: working directory, bounding set, user, capabilities, seccomp. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "init.h"
#include "lookup.h"
#include "syscalls.h"

enum { CAP_LAST_POSSIBLE = 63 };

/* Below the root and through no magic link: /proc/self/fd/N must not lead anywhere (CVE-2024-21626). */
static int change_directory(const struct pr_init *init, const char *path)
{
	struct pr_error ignored;
	auto_fd fd = pr_lookup(init->root, path, PR_MAKE_NOTHING, 0, &ignored);
	return fd < 0 ? -1 : fchdir(fd);
}

int pr_op_cwd(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	if (change_directory(init, pr_op_string(init, op, 0)) == 0)
		return 0;
	/* Root of a container without CAP_DAC_OVERRIDE, or root_squash: the user itself may be allowed in. */
	if (errno != EACCES && errno != EPERM)
		return pr_fail(reterr, PR_STEP_CHDIR);
	init->cwd_refused = true;
	return 0;
}

int pr_op_cwd_check(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	if (init->cwd_refused && change_directory(init, pr_op_string(init, op, 0)) < 0)
		return pr_fail(reterr, PR_STEP_CHDIR);
	/* The raw system call: a C library may answer from $PWD. A directory outside the root reads "(unreachable)..." (CVE-2024-21626). */
	char path[PATH_MAX + 32];
	long length = syscall(SYS_getcwd, path, sizeof(path));
	if (length < 0 && errno != ENOENT)
		return pr_fail(reterr, PR_STEP_GETCWD);
	if (length < 0 || path[0] != '/')
		return pr_fail_as(reterr, PR_STEP_CWD_OUTSIDE, ENOENT);
	return 0;
}

int pr_op_no_new_privs(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)init;
	(void)op;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_PRCTL);
	return 0;
}

int pr_op_bounding(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)init;
	for (int capability = 0; capability <= CAP_LAST_POSSIBLE; capability++) {
		if (op->n[0] & (1ULL << capability))
			continue;
		int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
		if (held < 0)
			return 0; /* EINVAL: beyond the kernel's last capability */
		if (held && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return pr_fail(reterr, PR_STEP_CAPBSET);
	}
	return 0;
}

int pr_op_user(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	const void *groups = op->s[0] ? pr_plan_blob(init->plan, op->s[0]) : NULL;
	if ((op->flags & PR_USER_KEEP_CAPS) && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_PRCTL);
	bool none = (op->flags & PR_USER_NO_SETGROUPS) || (init->groups_kept && op->n[2] == 0);
	if (!none && syscall(SYS_setgroups, (size_t)op->n[2], groups) < 0)
		return pr_fail(reterr, PR_STEP_SETGROUPS);
	gid_t gid = (gid_t)op->n[1];
	uid_t uid = (uid_t)op->n[0];
	/* The raw calls: a C library's wrapper would signal other threads, of which there are none. */
	if (syscall(SYS_setresgid, gid, gid, gid) < 0)
		return pr_fail(reterr, PR_STEP_SETGID);
	if (syscall(SYS_setresuid, uid, uid, uid) < 0)
		return pr_fail(reterr, PR_STEP_SETUID);
	if ((op->flags & PR_USER_KEEP_CAPS) && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_PRCTL);
	/* The change of user cleared both. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || (init->sock >= 0 && prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0) < 0))
		return pr_fail(reterr, PR_STEP_PRCTL);
	return 0;
}

int pr_op_caps(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
	struct __user_cap_data_struct data[2];
	for (int half = 0; half < 2; half++) {
		data[half].effective = (uint32_t)(op->n[0] >> (32 * half));
		data[half].permitted = (uint32_t)(op->n[1] >> (32 * half));
		data[half].inheritable = (uint32_t)(op->n[2] >> (32 * half));
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return pr_fail(reterr, PR_STEP_CAPSET);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int capability = 0; capability <= CAP_LAST_POSSIBLE; capability++) {
		if (!(op->n[3] & (1ULL << capability)))
			continue;
		/* Not both permitted and inheritable: capabilities(7) forbids it, the program can do without. */
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			pr_init_warn(init, PR_STEP_PRCTL, errno);
	}
	return 0;
}

/* A filter may trap any call, sendmsg too, and nobody answers before the listener is out. So the parent is told beforehand which number the
 * descriptor will have, which is the lowest free one, and takes it by pidfd_getfd(2) when it appears. It stays open until the parent has
 * said its next word. */
static int announce_listener(const struct pr_init *init, struct pr_error *reterr)
{
	struct pr_msg msg = { .kind = PR_MSG_LISTENER, .op = init->index, .value = fcntl(init->sock, F_DUPFD_CLOEXEC, 0) };
	if (msg.value < 0)
		return pr_fail(reterr, PR_STEP_SOCKET);
	(void)close(msg.value);
	return pr_channel_send(init->sock, &msg, NULL, 0, NULL, 0, reterr);
}

int pr_op_seccomp(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	struct sock_fprog program = {
		.len = (unsigned short)(init->filter_size / sizeof(struct sock_filter)),
		.filter = init->filter,
	};
	if (!init->filter || init->filter_size % sizeof(struct sock_filter))
		return pr_fail_as(reterr, PR_STEP_SECCOMP, EINVAL);
	bool fetched = op->flags & PR_SECCOMP_FETCHED, sent = op->flags & PR_SECCOMP_LISTENER;
	/* Before 5.6 nobody can take it: it is sent, and the caller has made sure that the filter lets it pass. */
	if (fetched && syscall(PR_NR_pidfd_getfd, -1, 0, 0) < 0 && errno == ENOSYS) {
		fetched = false;
		sent = true;
	}
	if (fetched && announce_listener(init, reterr) < 0)
		return -1;
	long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned int)op->n[0], &program);
	if (result < 0)
		return pr_fail(reterr, PR_STEP_SECCOMP);
	if (fetched)
		init->listener = (int)result;
	if (!sent)
		return 0;
	int listener = (int)result;
	struct pr_msg msg = { .kind = PR_MSG_LISTENER, .op = init->index };
	int said = pr_channel_send(init->sock, &msg, NULL, 0, &listener, 1, reterr);
	(void)close(listener);
	return said;
}
