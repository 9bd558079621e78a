/* SPDX-License-Identifier: Apache-2.0 */
/* Ops on what a namespace holds besides files: names, the loopback device, keyring, sysctls. */
#define _GNU_SOURCE
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "init.h"
#include "syscalls.h"

#define KEYCTL_JOIN_SESSION_KEYRING 1
#define KEYCTL_SETPERM              5
#define KEYCTL_DESCRIBE             6
#define KEY_USR_SEARCH              0x00080000UL

int pr_op_loopback(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)init;
	(void)op;
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_NETLINK);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return pr_fail(reterr, PR_STEP_NETLINK);
	return 0;
}

int pr_op_hostname(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	const char *name = pr_op_string(init, op, 0);
	if (sethostname(name, strlen(name)) < 0)
		return pr_fail(reterr, PR_STEP_SETHOSTNAME);
	return 0;
}

int pr_op_domainname(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	const char *name = pr_op_string(init, op, 0);
	if (setdomainname(name, strlen(name)) < 0)
		return pr_fail(reterr, PR_STEP_SETDOMAINNAME);
	return 0;
}

/* The permissions in KEYCTL_DESCRIBE's "type;uid;gid;perm;name", hexadecimal. keyctl_describe(3). */
static unsigned long parse_permissions(const char *description)
{
	for (int field = 0; field < 3; field++) {
		description = strchr(description, ';');
		if (!description)
			return 0;
		description++;
	}
	return strtoul(description, NULL, 16);
}

int pr_op_keyring(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	long key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, pr_op_string(init, op, 0), 0, 0, 0);
	if (key < 0 && errno == ENOSYS) {
		pr_init_warn(init, PR_STEP_KEYCTL, errno);
		return 0;
	}
	if (key < 0)
		return pr_fail(reterr, PR_STEP_KEYCTL);
	char description[256] = "";
	if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, description, sizeof(description) - 1, 0) < 0)
		return pr_fail(reterr, PR_STEP_KEYCTL);
	/* Its own user may search it; nobody else gets anything. */
	unsigned long permissions = parse_permissions(description);
	if (!(permissions & KEY_USR_SEARCH) && syscall(SYS_keyctl, KEYCTL_SETPERM, key, permissions | KEY_USR_SEARCH, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_KEYCTL);
	return 0;
}

int pr_op_sysctl(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	char path[512] = "sys/";
	const char *name = pr_op_string(init, op, 0), *value = pr_op_string(init, op, 1);
	size_t length = strlen(name), size = strlen(value);
	if (length + sizeof("sys/") > sizeof(path))
		return pr_fail_as(reterr, PR_STEP_OPEN, ENAMETOOLONG);
	memcpy(path + 4, name, length + 1);
	auto_fd fd = pr_procfs_open(init->proc_full, path, O_WRONLY | O_NOFOLLOW, reterr);
	if (fd < 0)
		return -1;
	if (write(fd, value, size) != (ssize_t)size)
		return pr_fail(reterr, PR_STEP_WRITE);
	return 0;
}
