/* SPDX-License-Identifier: Apache-2.0 */
/* Text with one number in it, without stdio (the static executable stays small). */
#include <string.h>

#include "channel.h"

int pr_format(char *buffer, size_t size, const char *before, uint64_t number, const char *after)
{
	char digits[20];
	size_t count = 0;
	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	size_t head = strlen(before), tail = strlen(after);
	if (head + count + tail + 1 > size) {
		buffer[0] = '\0';
		return -1;
	}
	memcpy(buffer, before, head);
	for (size_t i = 0; i < count; i++)
		buffer[head + i] = digits[count - 1 - i];
	memcpy(buffer + head + count, after, tail + 1);
	return (int)(head + count + tail);
}
