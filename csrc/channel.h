/* SPDX-License-Identifier: Apache-2.0 */
/* The socket between parent and init stage, and number formatting without stdio. */
#pragma once

#include "pyrunc.h"

/* Sends one message; payload and fds may be empty. unix(7). */
int pr_channel_send(int sock, const struct pr_msg *msg, const void *payload, uint32_t size, const int *fds, uint32_t fd_count,
                    struct pr_error *reterr);

/* Receives one message: 1, or 0 at end of file, -1. *size is the room for the payload and becomes its length; fds come close-on-exec. */
int pr_channel_recv(int sock, struct pr_msg *ret_msg, void *payload, uint32_t *size, int *ret_fds, uint32_t *ret_fd_count,
                    struct pr_error *reterr);

/* Writes before + number + after into buffer, always terminated. Returns the length, or -1 when it does not fit. */
int pr_format(char *buffer, size_t size, const char *before, uint64_t number, const char *after);
