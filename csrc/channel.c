/* SPDX-License-Identifier: Apache-2.0 */
/* The SEQPACKET socket between parent and init stage: one struct pr_msg a packet, with a payload or descriptors behind it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "channel.h"
#include "cleanup.h"

/* Puts descriptors into `space`, which has CMSG_SPACE for them, as the header's control message. cmsg(3). */
static void attach_fds(struct msghdr *header, char *space, const int *fds, uint32_t fd_count)
{
	memset(space, 0, CMSG_SPACE(fd_count * sizeof(int)));
	header->msg_control = space;
	header->msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, fd_count * sizeof(int));
}

int pr_channel_send(int sock, const struct pr_msg *msg, const void *payload, uint32_t size, const int *fds, uint32_t fd_count,
                    struct pr_error *reterr)
{
	struct iovec parts[2] = {
		{ .iov_base = (void *)(uintptr_t)msg, .iov_len = sizeof(*msg) },
		{ .iov_base = (void *)(uintptr_t)payload, .iov_len = size },
	};
	union {
		char space[CMSG_SPACE(PR_MSG_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr header = { .msg_iov = parts, .msg_iovlen = size ? 2 : 1 };
	if (fd_count > PR_MSG_FDS_MAX)
		return pr_fail_as(reterr, PR_STEP_SOCKET, E2BIG);
	if (fd_count) {
		attach_fds(&header, control.space, fds, fd_count);
	}
	ssize_t sent;
	do
		sent = sendmsg(sock, &header, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	/* A container's seccomp filter may forbid what only network programs need. */
	if (sent < 0 && errno != EPIPE && errno != ECONNRESET && !fd_count && !size)
		sent = write(sock, msg, sizeof(*msg));
	if (sent < 0)
		return pr_fail(reterr, errno == EPIPE || errno == ECONNRESET ? PR_STEP_PEER_GONE : PR_STEP_SOCKET);
	return 0;
}

int pr_channel_recv(int sock, struct pr_msg *ret_msg, void *payload, uint32_t *size, int *ret_fds, uint32_t *ret_fd_count,
                    struct pr_error *reterr)
{
	struct iovec parts[2] = {
		{ .iov_base = ret_msg, .iov_len = sizeof(*ret_msg) },
		{ .iov_base = payload, .iov_len = size ? *size : 0 },
	};
	union {
		char space[CMSG_SPACE(PR_MSG_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr header = {
		.msg_iov = parts, .msg_iovlen = size ? 2 : 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)
	};
	ssize_t got;
	do
		got = recvmsg(sock, &header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno != ECONNRESET) /* forbidden, see above; read(2) drops descriptors, of which none come that late */
		got = read(sock, ret_msg, sizeof(*ret_msg));
	if (got < 0 && errno != ECONNRESET)
		return pr_fail(reterr, PR_STEP_SOCKET);
	if (got <= 0)
		return 0;
	if (ret_fd_count)
		*ret_fd_count = 0;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header); cmsg; cmsg = CMSG_NXTHDR(&header, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		uint32_t count = (uint32_t)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		const int *fds = (const int *)(const void *)CMSG_DATA(cmsg);
		if (ret_fds && ret_fd_count) {
			memcpy(ret_fds, fds, count * sizeof(int));
			*ret_fd_count = count;
		} else {
			for (uint32_t i = 0; i < count; i++)
				(void)close(fds[i]);
		}
	}
	if ((size_t)got < sizeof(*ret_msg) || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		for (uint32_t i = 0; ret_fd_count && i < *ret_fd_count; i++)
			(void)close(ret_fds[i]);
		return pr_fail_as(reterr, PR_STEP_SOCKET, EMSGSIZE);
	}
	if (size)
		*size = (uint32_t)((size_t)got - sizeof(*ret_msg));
	return 1;
}

int pr_recv(int sock, struct pr_msg *ret_msg, int *ret_fds, uint32_t *ret_fd_count, struct pr_error *reterr)
{
	return pr_channel_recv(sock, ret_msg, NULL, NULL, ret_fds, ret_fd_count, reterr);
}

int pr_send_go(int sock, uint32_t sync, const void *payload, uint32_t size, const int *fds, uint32_t fd_count, struct pr_error *reterr)
{
	struct pr_msg msg = { .kind = PR_MSG_GO, .value = (int32_t)sync };
	return pr_channel_send(sock, &msg, payload, size, fds, fd_count, reterr);
}

int pr_send_to_path(const char *path, const void *data, uint32_t size, const int *fds, uint32_t fd_count, struct pr_error *reterr)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	auto_fd dir = -EBADF;
	size_t length = strlen(path);
	if (length < sizeof(address.sun_path)) {
		memcpy(address.sun_path, path, length + 1);
	} else {
		/* unix(7): sun_path is 108 bytes; a longer path is reached through an O_PATH descriptor of the socket's file. */
		dir = pr_open(path, O_PATH);
		if (dir < 0)
			return pr_fail(reterr, PR_STEP_OPEN);
		(void)pr_format(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/", (uint64_t)dir, "");
	}
	auto_fd sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		return pr_fail(reterr, PR_STEP_SOCKET);
	union {
		char space[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = { .space = { 0 } };
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	if (fd_count > 8)
		return pr_fail_as(reterr, PR_STEP_SOCKET, E2BIG);
	if (fd_count) {
		attach_fds(&header, control.space, fds, fd_count);
	}
	uint32_t done = 0;
	while (done < size) {
		ssize_t sent = sendmsg(sock, &header, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return pr_fail(reterr, PR_STEP_SOCKET);
		done += (uint32_t)sent;
		part.iov_base = (char *)(uintptr_t)data + done;
		part.iov_len = size - done;
		/* The descriptors ride with the first bytes only. */
		header.msg_control = NULL;
		header.msg_controllen = 0;
	}
	return 0;
}
