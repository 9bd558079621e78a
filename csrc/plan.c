/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a plan before its first op: header, bounds, and for each op that its strings, blocks and blobs lie inside. */
#include <string.h>

#include "pyrunc.h"

#define NO_COUNT 0xFF

/* What the s[] of an op hold: a string, a block whose count stands in an n[], or a blob whose size follows from one. */
struct shape {
	uint8_t count_at[4]; /* which n[] counts the strings of s[i], NO_COUNT for a plain string */
	uint8_t second_at;   /* PR_OP_HOOK: n[] that adds to the count of s[1] */
	uint8_t blob;        /* index of s[] that is a blob, NO_COUNT when none */
	uint8_t blob_at;     /* n[] that says how many units */
	uint8_t blob_unit;   /* bytes a unit; 0 = bits */
	uint16_t blob_fixed; /* bytes, when n[] says nothing */
	uint8_t required;    /* bit i: s[i] must be there */
};

#define PLAIN                                                                                                                              \
	{                                                                                                                                  \
		NO_COUNT, NO_COUNT, NO_COUNT, NO_COUNT                                                                                     \
	}
#define SHAPE(req)                                                                                                                         \
	{                                                                                                                                  \
		PLAIN, NO_COUNT, NO_COUNT, 0, 0, 0, req                                                                                    \
	}

static const struct shape shapes[PR_OP_COUNT] = {
	[PR_OP_JOIN] = SHAPE(0),
	[PR_OP_UNSHARE] = SHAPE(0),
	[PR_OP_WRITE_SELF] = SHAPE(3),
	[PR_OP_FORK] = SHAPE(0),
	[PR_OP_SYNC] = SHAPE(0),
	[PR_OP_SET_IDS] = SHAPE(0),
	[PR_OP_PROCFS] = SHAPE(0),
	[PR_OP_LOOPBACK] = SHAPE(0),
	[PR_OP_HOSTNAME] = SHAPE(1),
	[PR_OP_DOMAINNAME] = SHAPE(1),
	[PR_OP_KEYRING] = SHAPE(1),
	[PR_OP_PROPAGATION] = SHAPE(0),
	[PR_OP_ROOTFS] = SHAPE(1),
	[PR_OP_NULL] = SHAPE(0),
	[PR_OP_MOUNT] = { { NO_COUNT, NO_COUNT, NO_COUNT, 4 }, NO_COUNT, NO_COUNT, 0, 0, 0, 1 | 4 },
	[PR_OP_BIND] = SHAPE(2 | 4),
	[PR_OP_SETATTR] = SHAPE(4),
	[PR_OP_REMOUNT] = { { NO_COUNT, NO_COUNT, NO_COUNT, 4 }, NO_COUNT, NO_COUNT, 0, 0, 0, 4 },
	[PR_OP_LABEL] = SHAPE(3),
	[PR_OP_MKDIR] = SHAPE(1),
	[PR_OP_DEVICE] = SHAPE(1),
	[PR_OP_SYMLINK] = SHAPE(3),
	[PR_OP_UNLINK] = SHAPE(1),
	[PR_OP_PIVOT] = SHAPE(0),
	[PR_OP_MOVE_ROOT] = SHAPE(1),
	[PR_OP_CHROOT] = SHAPE(1),
	[PR_OP_ROOT_READONLY] = SHAPE(0),
	[PR_OP_MASK] = SHAPE(1),
	[PR_OP_READONLY] = SHAPE(1),
	[PR_OP_SYSCTL] = SHAPE(3),
	[PR_OP_CONSOLE] = SHAPE(0),
	[PR_OP_SCHED] = { PLAIN, NO_COUNT, 0, NO_COUNT, 1, 24, 1 },
	[PR_OP_IOPRIO] = SHAPE(0),
	[PR_OP_MEMPOLICY] = { PLAIN, NO_COUNT, 0, 1, 0, 0, 0 },
	[PR_OP_PERSONALITY] = SHAPE(0),
	[PR_OP_AFFINITY] = { PLAIN, NO_COUNT, 0, 0, 1, 0, 1 },
	[PR_OP_UMASK] = SHAPE(0),
	[PR_OP_CWD] = SHAPE(1),
	[PR_OP_CWD_CHECK] = SHAPE(1),
	[PR_OP_STDIO] = SHAPE(0),
	[PR_OP_NO_NEW_PRIVS] = SHAPE(0),
	[PR_OP_BOUNDING] = SHAPE(0),
	[PR_OP_USER] = { PLAIN, NO_COUNT, 0, 2, 4, 0, 0 },
	[PR_OP_CAPS] = SHAPE(0),
	[PR_OP_SECCOMP] = SHAPE(0),
	[PR_OP_ENV_HOME] = { { 0, 1, NO_COUNT, NO_COUNT }, NO_COUNT, NO_COUNT, 0, 0, 0, 2 },
	[PR_OP_LISTEN_PID] = SHAPE(0),
	[PR_OP_LOOKUP] = SHAPE(0),
	[PR_OP_HOOK] = { { NO_COUNT, 0, NO_COUNT, NO_COUNT }, 1, NO_COUNT, 0, 0, 0, 1 | 4 | 8 },
	[PR_OP_READY] = SHAPE(0),
	[PR_OP_WAIT_START] = SHAPE(0),
	[PR_OP_LAST_WORD] = SHAPE(0),
	[PR_OP_EXEC] = SHAPE(0),
};

/* True when `count` NUL-terminated strings begin at `at` before `end`. */
static bool strings_fit(const char *at, const char *end, uint64_t count)
{
	while (count-- > 0) {
		const char *nul = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;
		if (!nul)
			return false;
		at = nul + 1;
	}
	return true;
}

/* How many strings the block s[i] has, `plain` when it is no block; more than `size` (which cannot be) instead of a sum that wraps. */
static uint64_t block_count(const struct shape *shape, const struct pr_op *op, unsigned int i, uint32_t size, uint64_t plain)
{
	if (shape->count_at[i] == NO_COUNT)
		return plain;
	uint64_t count = op->n[shape->count_at[i]];
	uint64_t second = shape->second_at == NO_COUNT ? 0 : op->n[shape->second_at];
	return count > size || second > size ? UINT64_MAX : count + second;
}

static bool op_fits(const struct pr_op *op, const char *strings, uint32_t size)
{
	if (op->code == PR_OP_NONE || op->code >= PR_OP_COUNT)
		return false;
	const struct shape *shape = &shapes[op->code];
	for (unsigned int i = 0; i < 4; i++) {
		if (op->s[i] >= size)
			return false;
		if (!op->s[i]) {
			if (shape->required & (1U << i))
				return false;
			if (block_count(shape, op, i, size, 0) != 0) /* a missing block must count no strings */
				return false;
			if (shape->blob == i && !shape->blob_fixed && op->n[shape->blob_at] != 0)
				return false;
			continue;
		}
		if (shape->blob == i) {
			uint64_t bytes = shape->blob_fixed;
			if (!bytes) {
				uint64_t units = op->n[shape->blob_at];
				if (units > size * 8ULL)
					return false;
				bytes = shape->blob_unit ? units * shape->blob_unit : (units + 63) / 64 * 8;
			}
			if (op->s[i] % 8 || bytes > size - op->s[i])
				return false;
			continue;
		}
		uint64_t count = block_count(shape, op, i, size, 1);
		if (count > size || !strings_fit(strings + op->s[i], strings + size, count))
			return false;
	}
	return true;
}

int pr_plan_check(const void *data, uint64_t size, struct pr_error *reterr)
{
	const struct pr_plan *plan = data;
	if (size < sizeof(*plan) || memcmp(plan->magic, "PYRUNCP", 8) != 0 || plan->version != PR_PLAN_VERSION || plan->size != size ||
	    plan->op_count > (size - sizeof(*plan)) / sizeof(struct pr_op) || plan->str_off % 8 ||
	    plan->str_off < sizeof(*plan) + plan->op_count * sizeof(struct pr_op) || plan->str_off > size || plan->str_size == 0 ||
	    plan->str_size != size - plan->str_off)
		return pr_fail_as(reterr, PR_STEP_PLAN, EINVAL);
	const char *strings = (const char *)data + plan->str_off;
	if (strings[plan->str_size - 1] != '\0')
		return pr_fail_as(reterr, PR_STEP_PLAN, EINVAL);
	const struct pr_op *ops = pr_plan_ops(plan);
	for (uint32_t i = 0; i < plan->op_count; i++) {
		if (!op_fits(&ops[i], strings, plan->str_size))
			return pr_fail_as(reterr, PR_STEP_PLAN, EINVAL);
	}
	return 0;
}
