/* SPDX-License-Identifier: Apache-2.0 */
/* What the init stage carries from op to op, and the handlers of all ops. */
#pragma once

#include "pyrunc.h"

enum { PR_SOURCES_MAX = 4096 };

struct pr_init {
	const struct pr_plan *plan;
	uint32_t index;        /* of the op under way */
	int sock;              /* to the parent; -EBADF once it is gone */
	int fifo;              /* to `start`, once it opened the exec fifo */
	int root;              /* O_PATH, the container's root; "/" after pivot */
	int proc;              /* private procfs, subset=pid */
	int proc_full;         /* private procfs with /proc/sys, while sysctls are written */
	int null;              /* a clone of the host's /dev/null until first attached, then that mount */
	int mask_dir;          /* the same for the empty read-only directory */
	bool null_attached, mask_dir_attached;
	int sources[PR_SOURCES_MAX];
	uint32_t source_count;
	bool groups_kept;      /* setgroups(2) is denied in the user namespace: what groups there are cannot be dropped */
	bool cwd_refused;      /* chdir before the change of user was refused */
	char **env, **args;    /* allocated by PR_OP_ENV_HOME */
	uint32_t env_count;
	char *program;         /* what PR_OP_LOOKUP found */
	void *filter;          /* BPF instructions from PR_SYNC_SECCOMP */
	uint32_t filter_size;  /* bytes */
	int listener;          /* of the loaded filter, until the parent has taken it */
};

typedef int pr_op_handler(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr);

static inline const char *pr_op_string(const struct pr_init *init, const struct pr_op *op, int i)
{
	return pr_plan_string(init->plan, op->s[i]);
}

/* Tells the parent about something that was left out; the flow goes on. */
void pr_init_warn(struct pr_init *init, uint32_t step, int errnum);

/* Sends `sync` and waits for the answer; a payload (at most *size bytes) is kept when the pointers are given. */
int pr_init_sync(struct pr_init *init, uint32_t sync, void *payload, uint32_t *size, struct pr_error *reterr);

/* Opens a file below the private procfs, never through a link or another mount. flags as open(2). */
int pr_procfs_open(int proc_fd, const char *path, int flags, struct pr_error *reterr);

/* ops_enter.c */
pr_op_handler pr_op_join, pr_op_unshare, pr_op_write_self, pr_op_fork, pr_op_sync, pr_op_set_ids, pr_op_procfs;
/* ops_system.c */
pr_op_handler pr_op_loopback, pr_op_hostname, pr_op_domainname, pr_op_keyring, pr_op_sysctl;
/* ops_rootfs.c */
pr_op_handler pr_op_propagation, pr_op_rootfs, pr_op_pivot, pr_op_move_root, pr_op_chroot, pr_op_root_readonly;
/* ops_mount.c */
pr_op_handler pr_op_mount, pr_op_bind, pr_op_setattr, pr_op_remount, pr_op_label;
/* ops_files.c */
pr_op_handler pr_op_mkdir, pr_op_device, pr_op_symlink, pr_op_unlink;
/* ops_mask.c */
pr_op_handler pr_op_null, pr_op_mask, pr_op_readonly;
/* ops_console.c */
pr_op_handler pr_op_console, pr_op_stdio;
/* ops_process.c */
pr_op_handler pr_op_sched, pr_op_ioprio, pr_op_mempolicy, pr_op_personality, pr_op_affinity, pr_op_umask;
/* ops_user.c */
pr_op_handler pr_op_cwd, pr_op_cwd_check, pr_op_no_new_privs, pr_op_bounding, pr_op_user, pr_op_caps, pr_op_seccomp;
/* ops_exec.c */
pr_op_handler pr_op_env_home, pr_op_listen_pid, pr_op_lookup, pr_op_hook, pr_op_ready, pr_op_wait_start, pr_op_last_word, pr_op_exec;
