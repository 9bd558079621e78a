/* SPDX-License-Identifier: Apache-2.0 */
/* How a failing function leaves its reason behind. */
#include <string.h>

#include "pyrunc.h"

int pr_fail_as(struct pr_error *reterr, uint32_t step, int errnum)
{
	if (reterr) {
		reterr->errnum = errnum;
		reterr->step = step;
		reterr->detail[0] = '\0';
	}
	errno = errnum;
	return -1;
}

int pr_fail(struct pr_error *reterr, uint32_t step)
{
	return pr_fail_as(reterr, step, errno);
}

int pr_detail(struct pr_error *reterr, const char *text)
{
	if (reterr && text) {
		size_t length = strnlen(text, sizeof(reterr->detail) - 1);
		memcpy(reterr->detail, text, length);
		reterr->detail[length] = '\0';
	}
	return -1;
}
