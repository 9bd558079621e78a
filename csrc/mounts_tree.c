/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of a whole tree of mounts without mount_setattr(2) (5.12): the mounts of the tree by mountinfo, each changed by itself. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>

#include "channel.h"
#include "cleanup.h"
#include "mounts.h"

/* One line of mountinfo. */
struct entry {
	uint64_t id, parent;
	const char *point; /* seen from this process' root */
	bool inside;       /* the tree's */
};

/* Takes "ID PARENT MAJOR:MINOR ROOT POINT ..." apart; false when it is not that. */
static bool parse_line(char *line, struct entry *ret)
{
	char *fields[5];
	for (size_t i = 0; i < 5; i++) {
		fields[i] = strsep(&line, " ");
		if (!fields[i])
			return false;
	}
	pr_unescape(fields[4]);
	*ret = (struct entry){ .id = strtoull(fields[0], NULL, 10), .parent = strtoull(fields[1], NULL, 10), .point = fields[4] };
	return true;
}

/* The lines of `text`, which the entries point into; NULL/errno. */
static struct entry *parse(char *text, size_t *ret_count)
{
	size_t lines = 1, count = 0;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	struct entry *entries = calloc(lines, sizeof(*entries));
	for (char *line; entries && (line = strsep(&text, "\n"));)
		count += parse_line(line, &entries[count]);
	*ret_count = count;
	return entries;
}

static struct entry *find(struct entry *entries, size_t count, uint64_t id)
{
	for (size_t i = 0; i < count; i++) {
		if (entries[i].id == id)
			return &entries[i];
	}
	return NULL;
}

/* Marks what hangs below the marked ones. A mount may stand before its parent: it can have been moved. */
static void mark_tree(struct entry *entries, size_t count)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < count; i++) {
			const struct entry *parent = entries[i].inside ? NULL : find(entries, count, entries[i].parent);
			if (parent && parent->inside)
				entries[i].inside = more = true;
		}
	}
}

/* True when `entry` is hidden by the mount `id`, the root of which fd is: the way up from that root passes it by, as it stands between there
 * and the mount that the way leads into. Paths alone would prove nothing, see open_member. */
static bool hides(struct entry *entries, size_t count, int fd, uint64_t id, const struct entry *entry)
{
	uint64_t below;
	auto_fd up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (up < 0 || pr_mount_id(up, &below) < 0)
		return false;
	const struct entry *at = find(entries, count, id);
	while (at && at != entry && at->id != below)
		at = at->inside ? find(entries, count, at->parent) : NULL;
	return at == entry && at->id != below;
}

/* Opens one mount's root, below top_fd. -1 with PR_STEP_MISMATCH when the path leads elsewhere: whoever can rename in these directories could
 * have it name any mount. */
static int open_member(int top_fd, const struct entry *top, struct entry *entries, size_t count, const struct entry *entry,
                       bool *ret_hidden, struct pr_error *reterr)
{
	size_t length = strlen(top->point);
	uint64_t id;
	*ret_hidden = false;
	if (entry == top)
		return fcntl(top_fd, F_DUPFD_CLOEXEC, 0);
	if (strncmp(entry->point, top->point, length) != 0)
		return pr_fail_as(reterr, PR_STEP_MISMATCH, EAGAIN);
	const char *below = entry->point + length;
	while (*below == '/')
		below++;
	/* What stands on the top itself is not seen from there. */
	auto_fd fd = openat(top_fd, *below ? below : entry->point, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || pr_mount_id(fd, &id) < 0)
		return pr_fail(reterr, PR_STEP_OPEN_TARGET);
	if (id == entry->id)
		return pr_steal(&fd);
	*ret_hidden = hides(entries, count, fd, id, entry);
	return pr_fail_as(reterr, PR_STEP_MISMATCH, EAGAIN);
}

int pr_legacy_tree_attributes(int fd, uint32_t set, uint32_t clear, struct pr_error *reterr)
{
	size_t count = 0;
	uint64_t id;
	auto_free char *text = pr_read_mountinfo();
	auto_free struct entry *entries = text ? parse(text, &count) : NULL;
	if (!entries || pr_mount_id(fd, &id) < 0)
		return pr_fail(reterr, PR_STEP_READ);
	struct entry *top = find(entries, count, id);
	if (!top)
		return pr_fail_as(reterr, PR_STEP_MISMATCH, EAGAIN);
	top->inside = true;
	mark_tree(entries, count);
	for (size_t i = 0; i < count; i++) {
		bool hidden;
		if (!entries[i].inside)
			continue;
		auto_fd member = open_member(fd, top, entries, count, &entries[i], &hidden, reterr);
		if (member < 0 && hidden)
			continue; /* nobody gets there past the cover, which is changed too */
		if (member < 0 || pr_legacy_attributes(member, set, clear, false, reterr) < 0) {
			(void)pr_detail(reterr, entries[i].point);
			return -1;
		}
	}
	return 0;
}
