/* SPDX-License-Identifier: Apache-2.0 */
/* A netlink socket that stands in another process's network namespace. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "handle.h"
#include "pyrunc.h"

int pr_netlink_socket(int pidfd, struct pr_error *reterr)
{
	/* setns(2) moves the calling thread only, and it comes back at once. */
	auto_fd own = pr_open("/proc/thread-self/ns/net", O_RDONLY);
	if (own < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	if (pidfd >= 0 && pr_handle_setns(pidfd, CLONE_NEWNET) < 0)
		return pr_fail(reterr, PR_STEP_SETNS);
	auto_fd sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (sock < 0)
		(void)pr_fail(reterr, PR_STEP_SOCKET);
	if (pidfd >= 0 && setns(own, CLONE_NEWNET) < 0)
		return pr_fail(reterr, PR_STEP_SETNS);
	return sock < 0 ? -1 : pr_steal(&sock);
}
