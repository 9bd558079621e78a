/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions that stand before libseccomp's program. */
#pragma once

#include "pyrunc.h"

/* Writes instructions that give `action` to system calls newer than every one the rules name, for each architecture and the native one, and
 * go on to what follows for all others. Returns their size in bytes: 0 when there is nothing to do or `room` (bytes) is too small. */
uint32_t pr_seccomp_newer(const uint32_t *architectures, uint32_t architecture_count, const char *names,
                          const struct pr_seccomp_rule *rules, uint32_t rule_count, uint32_t action, void *ret_program, uint32_t room);
