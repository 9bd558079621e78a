/* SPDX-License-Identifier: Apache-2.0 */
/* ROOT/ID/record: sealing it, checking it, and reading it from a state directory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "record.h"

static const char magic[8] = "PYRUNCR";

/* Where the bytes begin that the checksum is of. */
enum { SUMMED = offsetof(struct pr_record, checksum) + sizeof(uint64_t) };

static uint64_t checksum(const void *data, uint32_t size)
{
	const uint8_t *bytes = data;
	uint64_t sum = 0xcbf29ce484222325ULL;
	for (uint32_t i = SUMMED; i < size; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3ULL;
	return sum;
}

void pr_record_seal(void *data, uint32_t size)
{
	struct pr_record *record = data;
	memcpy(record->magic, magic, sizeof(magic));
	record->version = PR_RECORD_VERSION;
	record->size = size;
	record->checksum = checksum(data, size);
}

/* True when `count` strings from `offset` on end inside the record; its last byte is known to be NUL. */
static bool has_strings(const struct pr_record *record, uint32_t offset, uint32_t count)
{
	if (offset < sizeof(*record))
		return false;
	for (; count > 0; count--) {
		if (offset >= record->size)
			return false;
		offset += (uint32_t)strlen(pr_record_string(record, offset)) + 1;
	}
	return true;
}

static bool is_sealed(const struct pr_record *record, uint64_t size)
{
	return size > sizeof(*record) && size <= PR_RECORD_MAX && memcmp(record->magic, magic, sizeof(magic)) == 0 &&
	       record->version == PR_RECORD_VERSION && record->size == size && record->checksum == checksum(record, record->size);
}

static bool is_sound(const struct pr_record *record)
{
	const uint64_t made_end = record->made + (uint64_t)record->group_count * sizeof(uint32_t);
	if (((const char *)record)[record->size - 1] != '\0' || record->pid <= 0)
		return false;
	if (record->group_count > PR_RECORD_GROUPS_MAX || (record->freezer >= record->group_count && record->freezer != PR_RECORD_NO_GROUP))
		return false;
	if (record->made < sizeof(*record) || record->made % sizeof(uint32_t) != 0 || made_end > record->size)
		return false;
	return has_strings(record, record->before_pid, 1) && has_strings(record, record->before_status, 1) &&
	       has_strings(record, record->after_status, 1) && has_strings(record, record->groups, 2 * record->group_count);
}

int pr_record_check(const void *data, uint64_t size, struct pr_error *reterr)
{
	if (!is_sealed(data, size) || !is_sound(data))
		return pr_fail_as(reterr, PR_STEP_CHECKSUM, EBADMSG);
	return 0;
}

/* Every state.json is a new file (temporary and rename), so that no other has all of these. */
static bool is_of(const struct pr_record *record, const struct stat *state)
{
	return record->state_inode == state->st_ino && record->state_size == (uint64_t)state->st_size &&
	       record->state_mtime_s == state->st_mtim.tv_sec && record->state_mtime_ns == state->st_mtim.tv_nsec;
}

bool pr_record_read(int dir_fd, union pr_record_space *ret_space)
{
	struct stat state;
	auto_fd fd = openat(dir_fd, "record", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, ret_space, sizeof(*ret_space));
	return size > 0 && pr_record_check(ret_space, (uint64_t)size, NULL) == 0 &&
	       fstatat(dir_fd, "state.json", &state, AT_SYMLINK_NOFOLLOW) == 0 && is_of(&ret_space->record, &state);
}

struct pr_group pr_record_group(const struct pr_record *record, uint32_t index)
{
	struct pr_group group = pr_group_at(pr_record_string(record, record->groups));
	while (index-- > 0)
		group = pr_group_at(group.next);
	return group;
}
