/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a container's record from its state directory. */
#pragma once

#include "cgroup.h"
#include "pyrunc.h"

/* A record with the room that any record needs. */
union pr_record_space {
	struct pr_record record;
	char bytes[PR_RECORD_MAX];
};

/* Reads `record` from the state directory. False when there is none, it is damaged, or state.json is not the one it was made from. */
bool pr_record_read(int dir_fd, union pr_record_space *ret_space);

static inline const char *pr_record_string(const struct pr_record *record, uint32_t offset)
{
	return (const char *)record + offset;
}

/* Group number `index` of the record's. */
struct pr_group pr_record_group(const struct pr_record *record, uint32_t index);
