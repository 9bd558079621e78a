/* SPDX-License-Identifier: Apache-2.0 */
/* Handles of processes: a pidfd, or where the kernel has no such calls a descriptor of the directory /proc/PID, which never comes to mean
 * another process either: when its process is gone, nothing in it can be opened. */
#pragma once

#include <poll.h>

#include "pyrunc.h"

/* Opens a handle (close-on-exec, the caller's) of a process that cannot vanish meanwhile. -1/errno. pidfd_open(2). */
int pr_handle_open(int32_t pid);

/* Joins the namespaces `flags` (CLONE_NEW*) of the process: by one setns(2) where that takes pidfds, else by the files of /proc/PID/ns, one
 * after the other, of which some may be joined when it fails. -1/errno, ESRCH when the process is gone. */
int pr_handle_setns(int handle, int flags);

/* poll(2) with waits[index] being a handle (or negative): it is readable when its process has ended. A directory cannot be waited for: there
 * it looks again and again, at most every 50 ms. */
int pr_handle_poll(struct pollfd *waits, nfds_t count, nfds_t index, int timeout_ms);
