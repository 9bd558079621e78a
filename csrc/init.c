/* SPDX-License-Identifier: Apache-2.0 */
/* The init stage: executes a plan op by op inside the namespaces it was started in, reports what fails, ends in the user's program. */
#define _GNU_SOURCE
#include "init.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "trace.h"

static pr_op_handler *const handlers[PR_OP_COUNT] = {
	[PR_OP_JOIN] = pr_op_join,
	[PR_OP_UNSHARE] = pr_op_unshare,
	[PR_OP_WRITE_SELF] = pr_op_write_self,
	[PR_OP_FORK] = pr_op_fork,
	[PR_OP_SYNC] = pr_op_sync,
	[PR_OP_SET_IDS] = pr_op_set_ids,
	[PR_OP_PROCFS] = pr_op_procfs,
	[PR_OP_LOOPBACK] = pr_op_loopback,
	[PR_OP_HOSTNAME] = pr_op_hostname,
	[PR_OP_DOMAINNAME] = pr_op_domainname,
	[PR_OP_KEYRING] = pr_op_keyring,
	[PR_OP_PROPAGATION] = pr_op_propagation,
	[PR_OP_ROOTFS] = pr_op_rootfs,
	[PR_OP_NULL] = pr_op_null,
	[PR_OP_MOUNT] = pr_op_mount,
	[PR_OP_BIND] = pr_op_bind,
	[PR_OP_SETATTR] = pr_op_setattr,
	[PR_OP_REMOUNT] = pr_op_remount,
	[PR_OP_LABEL] = pr_op_label,
	[PR_OP_MKDIR] = pr_op_mkdir,
	[PR_OP_DEVICE] = pr_op_device,
	[PR_OP_SYMLINK] = pr_op_symlink,
	[PR_OP_UNLINK] = pr_op_unlink,
	[PR_OP_PIVOT] = pr_op_pivot,
	[PR_OP_MOVE_ROOT] = pr_op_move_root,
	[PR_OP_CHROOT] = pr_op_chroot,
	[PR_OP_ROOT_READONLY] = pr_op_root_readonly,
	[PR_OP_MASK] = pr_op_mask,
	[PR_OP_READONLY] = pr_op_readonly,
	[PR_OP_SYSCTL] = pr_op_sysctl,
	[PR_OP_CONSOLE] = pr_op_console,
	[PR_OP_SCHED] = pr_op_sched,
	[PR_OP_IOPRIO] = pr_op_ioprio,
	[PR_OP_MEMPOLICY] = pr_op_mempolicy,
	[PR_OP_PERSONALITY] = pr_op_personality,
	[PR_OP_AFFINITY] = pr_op_affinity,
	[PR_OP_UMASK] = pr_op_umask,
	[PR_OP_CWD] = pr_op_cwd,
	[PR_OP_CWD_CHECK] = pr_op_cwd_check,
	[PR_OP_STDIO] = pr_op_stdio,
	[PR_OP_NO_NEW_PRIVS] = pr_op_no_new_privs,
	[PR_OP_BOUNDING] = pr_op_bounding,
	[PR_OP_USER] = pr_op_user,
	[PR_OP_CAPS] = pr_op_caps,
	[PR_OP_SECCOMP] = pr_op_seccomp,
	[PR_OP_ENV_HOME] = pr_op_env_home,
	[PR_OP_LISTEN_PID] = pr_op_listen_pid,
	[PR_OP_LOOKUP] = pr_op_lookup,
	[PR_OP_HOOK] = pr_op_hook,
	[PR_OP_READY] = pr_op_ready,
	[PR_OP_WAIT_START] = pr_op_wait_start,
	[PR_OP_LAST_WORD] = pr_op_last_word,
	[PR_OP_EXEC] = pr_op_exec,
};

/* To the parent while it listens, to `start` afterwards. */
static void report(struct pr_init *init, const struct pr_msg *msg)
{
	if (init->sock >= 0)
		(void)pr_channel_send(init->sock, msg, NULL, 0, NULL, 0, NULL);
	else if (init->fifo >= 0)
		(void)!write(init->fifo, msg, sizeof(*msg));
}

void pr_init_warn(struct pr_init *init, uint32_t step, int errnum)
{
	struct pr_msg msg = { .kind = PR_MSG_WARNING, .op = init->index, .error = { .errnum = errnum, .step = step } };
	if (init->sock >= 0)
		report(init, &msg);
}

int pr_init_sync(struct pr_init *init, uint32_t sync, void *payload, uint32_t *size, struct pr_error *reterr)
{
	struct pr_msg msg = { .kind = PR_MSG_SYNC, .op = init->index, .value = (int32_t)sync };
	if (pr_channel_send(init->sock, &msg, NULL, 0, NULL, 0, reterr) < 0)
		return -1;
	struct pr_msg answer;
	uint32_t fd_count = 0;
	if (init->source_count + PR_MSG_FDS_MAX > PR_SOURCES_MAX)
		return pr_fail_as(reterr, PR_STEP_SOCKET, E2BIG);
	pr_trace(init->index, PR_TRACE_WAIT);
	int got = pr_channel_recv(init->sock, &answer, payload, size, init->sources + init->source_count, &fd_count, reterr);
	pr_trace(init->index, PR_TRACE_WOKEN);
	if (got < 0)
		return -1;
	if (got == 0)
		return pr_fail_as(reterr, PR_STEP_PEER_GONE, ECONNRESET);
	if (answer.kind != PR_MSG_GO || answer.value != (int32_t)sync)
		return pr_fail_as(reterr, PR_STEP_SOCKET, EPROTO);
	init->source_count += fd_count;
	return 0;
}

static const struct pr_plan *map_plan(int fd, struct pr_error *reterr)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || st.st_size <= 0) {
		(void)pr_fail(reterr, PR_STEP_PLAN);
		return NULL;
	}
	void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED) {
		(void)pr_fail(reterr, PR_STEP_PLAN);
		return NULL;
	}
	return pr_plan_check(data, (uint64_t)st.st_size, reterr) < 0 ? NULL : data;
}

static int run(struct pr_init *init, struct pr_error *reterr)
{
	const struct pr_op *ops = pr_plan_ops(init->plan);
	if (init->plan->trace)
		pr_trace_open((int)init->plan->trace - 1, init->plan->op_count);
	for (init->index = 0; init->index < init->plan->op_count; init->index++) {
		const struct pr_op *op = &ops[init->index];
		pr_trace(init->index, PR_TRACE_BEGIN);
		if (handlers[op->code](init, op, reterr) < 0)
			return -1;
		pr_trace(init->index, PR_TRACE_END);
	}
	return pr_fail_as(reterr, PR_STEP_PLAN, EINVAL); /* the last op is PR_OP_EXEC, which does not return */
}

int pr_init_main(int plan_fd, int sock_fd)
{
	static struct pr_init init = {
		.sock = -EBADF,
		.fifo = -EBADF,
		.root = -EBADF,
		.proc = -EBADF,
		.proc_full = -EBADF,
		.null = -EBADF,
		.mask_dir = -EBADF,
		.listener = -EBADF,
	};
	struct pr_error error = { .errnum = 0 };
	init.sock = sock_fd;
	/* First of all: nobody in a container that is about to be joined may trace this process or open what it holds (CVE-2016-9962). */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		_exit(255);
	(void)prctl(PR_SET_NAME, "pyrunc:init", 0, 0, 0);
	if (fcntl(plan_fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(sock_fd, F_SETFD, FD_CLOEXEC) < 0)
		_exit(255);
	(void)setsid();
	init.plan = map_plan(plan_fd, &error);
	(void)close(plan_fd);
	if (init.plan)
		(void)run(&init, &error);
	struct pr_msg msg = { .kind = PR_MSG_ERROR, .op = init.index, .error = error };
	/* `start` has no plan at hand: the number of the failing hook goes along. */
	if (init.plan && init.index < init.plan->op_count && pr_plan_ops(init.plan)[init.index].code == PR_OP_HOOK)
		msg.value = (int32_t)pr_plan_ops(init.plan)[init.index].n[3];
	report(&init, &msg);
	_exit(255);
}
