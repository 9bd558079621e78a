/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a process from an open executable without copying the parent's memory. */
#pragma once

#include "pyrunc.h"

struct pr_spawn {
	int exe_fd;           /* the executable, or negative: `path` is executed */
	const char *path;
	const char *cwd;      /* changed to before exec, or NULL */
	uint64_t clone_flags; /* CLONE_NEW* */
	int cgroup_fd;        /* CLONE_INTO_CGROUP, or -1 */
	const int *join;      /* descriptors for pr_cgroup_join */
	uint32_t join_count;
	int preserve;         /* descriptors 3 .. 3 + preserve stay as they are */
	const int *keep;      /* these lose close-on-exec; negative entries are passed over */
	uint32_t keep_count;
	const int *stdio;     /* NULL, or three descriptors that replace 0, 1, 2 where >= 0 */
	char *const *argv;
	char *const *envp;
	int32_t ret_pid;
	int ret_pidfd;        /* close-on-exec, the caller's; negative before CLONE_PIDFD (5.2) */
};

/* Runs argv in a child; returns when it has exec'ed. clone3(2), execveat(2). */
int pr_spawn_raw(struct pr_spawn *spawn, struct pr_error *reterr);

/* Reaps a child that has ended or is about to, whatever signals come meanwhile. */
void pr_reap(int32_t pid);

/* Every signal's disposition back to the default (an ignored SIGPIPE would reach the user's program). signal(7). */
void pr_reset_signals(void);
