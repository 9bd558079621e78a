/* SPDX-License-Identifier: Apache-2.0 */
/* The same mounts by mount(2), for kernels before 5.2 (no new mount API) and 5.12 (no mount_setattr), or behind a filter that hides those.
 * mount(2) takes paths: /proc/self/fd/N names the descriptor that was looked up below the root. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "channel.h"
#include "cleanup.h"
#include "mounts.h"
#include "syscalls.h"

#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif
#define PR_MS_NOSYMFOLLOW 256UL

/* One row an attribute: MOUNT_ATTR_*, MS_*, and how statvfs(3) shows it. */
static const struct {
	uint32_t attribute;
	unsigned long flag, shown;
} attributes[] = {
	{ PR_MOUNT_ATTR_RDONLY, MS_RDONLY, ST_RDONLY },
	{ PR_MOUNT_ATTR_NOSUID, MS_NOSUID, ST_NOSUID },
	{ PR_MOUNT_ATTR_NODEV, MS_NODEV, ST_NODEV },
	{ PR_MOUNT_ATTR_NOEXEC, MS_NOEXEC, ST_NOEXEC },
	{ PR_MOUNT_ATTR_NOATIME, MS_NOATIME, ST_NOATIME },
	{ PR_MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, ST_NODIRATIME },
	{ PR_MOUNT_ATTR_NOSYMFOLLOW, PR_MS_NOSYMFOLLOW, ST_NOSYMFOLLOW },
};

/* An image without a procfs could have files of its own where the paths of descriptors lead. */
static int check_proc(struct pr_error *reterr)
{
	struct statfs fs;
	if (statfs("/proc/self/fd", &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return pr_fail_as(reterr, PR_STEP_NOT_PROCFS, ENOSYS);
	return 0;
}

/* A bind remount replaces all flags: begin with those that the mount has. */
static unsigned long present_flags(const char *path)
{
	struct statvfs st;
	unsigned long flags = 0;
	if (statvfs(path, &st) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (st.f_flag & attributes[i].shown)
			flags |= attributes[i].flag;
	}
	/* Without a word on access times the kernel leaves all of them as they are, nodiratime too. mount(2). */
	if (flags & MS_NOATIME)
		return flags;
	return flags | (st.f_flag & ST_RELATIME ? MS_RELATIME : MS_STRICTATIME);
}

static unsigned long changed_flags(unsigned long flags, uint32_t set, uint32_t clear)
{
	if (clear & PR_MOUNT_ATTR__ATIME)
		flags &= ~(unsigned long)(MS_NOATIME | MS_RELATIME | MS_STRICTATIME);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (clear & attributes[i].attribute)
			flags &= ~attributes[i].flag;
		if (set & attributes[i].attribute)
			flags |= attributes[i].flag;
	}
	if (set & PR_MOUNT_ATTR_STRICTATIME)
		flags |= MS_STRICTATIME;
	else if ((clear & PR_MOUNT_ATTR__ATIME) && !(set & PR_MOUNT_ATTR_NOATIME))
		flags |= MS_RELATIME;
	return flags;
}

int pr_legacy_attributes(int fd, uint32_t set, uint32_t clear, bool recursive, struct pr_error *reterr)
{
	if (check_proc(reterr) < 0)
		return -1;
	if (recursive)
		return pr_legacy_tree_attributes(fd, set, clear, reterr);
	struct pr_fd_path path = pr_fd_path(fd);
	unsigned long flags = changed_flags(present_flags(path.text), set, clear);
	if (mount(NULL, path.text, NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0)
		return pr_fail(reterr, errno == EPERM && clear ? PR_STEP_LOCKED : PR_STEP_MOUNT);
	/* mount(2) passes over the flags that it does not know, this one before 5.10. */
	if ((flags & PR_MS_NOSYMFOLLOW) && !(present_flags(path.text) & PR_MS_NOSYMFOLLOW))
		return pr_fail_as(reterr, PR_STEP_MOUNT, EINVAL);
	return 0;
}

/* SELinux' context=, fscontext= ... may have commas, which would end the option here; its own parser takes the quotes off. */
static bool needs_quotes(const char *option)
{
	const char *equals = strchr(option, '=');
	return equals && equals - option >= 7 && memcmp(equals - 7, "context", 7) == 0 && strchr(equals, ',');
}

static void append(char *text, const char *option)
{
	const char *value = needs_quotes(option) ? strchr(option, '=') + 1 : NULL;
	(void)strcat(text, *text ? "," : "");
	if (!value) {
		(void)strcat(text, option);
		return;
	}
	(void)strncat(text, option, (size_t)(value - option));
	(void)strcat(strcat(strcat(text, "\""), value), "\"");
}

static char *join(const struct pr_mount *mount)
{
	size_t size = sizeof("mode=,") + (mount->mode ? strlen(mount->mode) : 0);
	const char *option = mount->data;
	for (uint32_t i = 0; i < mount->data_count; i++, option += strlen(option) + 1)
		size += strlen(option) + sizeof("\"\",");
	char *text = calloc(1, size);
	if (text && mount->mode) {
		(void)strcpy(text, "mode=");
		(void)strcat(text, mount->mode);
	}
	option = mount->data;
	for (uint32_t i = 0; text && i < mount->data_count; i++, option += strlen(option) + 1)
		append(text, option);
	return text;
}

void pr_unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

char *pr_read_mountinfo(void)
{
	size_t used = 0, room = 0;
	auto_free char *text = NULL;
	auto_fd fd = pr_open("/proc/self/mountinfo", O_RDONLY);
	for (ssize_t got = 1; got > 0; used += (size_t)got) {
		if (room - used < 4096) {
			char *larger = realloc(text, room += 65536);
			if (!larger)
				return NULL;
			text = larger;
		}
		got = read(fd, text + used, room - used - 1);
		if (got < 0)
			return NULL;
		text[used + (size_t)got] = '\0';
	}
	char *whole = text;
	text = NULL;
	return whole;
}

/* True when the mount that fd lies in is a line of `before`. proc_pid_mountinfo(5): the line begins with the id. */
static bool was_there(int fd, const char *before)
{
	char id[32];
	uint64_t number;
	if (pr_mount_id(fd, &number) < 0)
		return true;
	(void)pr_format(id, sizeof(id), "", number, " ");
	for (const char *line = before; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		if (strncmp(line, id, strlen(id)) == 0)
			return true;
	}
	return false;
}

/* Finds the mount that now covers target_fd: its descriptor still names what lies below. The path is walked again, so what is found must be
 * a mount that was not there before. */
static int reopen(int target_fd, const char *before, struct pr_error *reterr)
{
	char text[4096];
	ssize_t length = readlink(pr_fd_path(target_fd).text, text, sizeof(text) - 1);
	if (length < 0)
		return pr_fail(reterr, PR_STEP_OPEN_TARGET);
	text[length] = '\0';
	auto_fd fd = pr_open(text, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_OPEN_TARGET);
	if (was_there(fd, before))
		return pr_fail_as(reterr, PR_STEP_MISMATCH, EAGAIN);
	return pr_steal(&fd);
}

/* mount(2) does not tell which word the file system refused. */
static int refused(const char *data, struct pr_error *reterr)
{
	(void)pr_fail(reterr, PR_STEP_MOUNT);
	return errno == EINVAL && *data ? pr_detail(reterr, data) : -1;
}

int pr_legacy_attach(const struct pr_mount *m, int target_fd, struct pr_error *reterr)
{
	struct pr_fd_path target = pr_fd_path(target_fd);
	if (check_proc(reterr) < 0)
		return -1;
	auto_free char *data = join(m);
	auto_free char *before = pr_read_mountinfo();
	if (!data || !before)
		return pr_fail(reterr, PR_STEP_MOUNT);
	int result;
	bool fill = m->copy_up_from >= 0; /* first, and read-only then */
	unsigned long flags = changed_flags(m->sb_flags, m->set, m->clear) & ~(fill ? (unsigned long)MS_RDONLY : 0UL);
	if (m->type)
		result = mount(m->source ? m->source : "none", target.text, m->type, flags, data);
	else
		result = mount(pr_fd_path(m->source_fd).text, target.text, NULL, MS_BIND | (m->recursive ? MS_REC : 0UL), NULL);
	if (result < 0)
		return refused(data, reterr);
	auto_fd fd = reopen(target_fd, before, reterr);
	if (fd < 0)
		return -1;
	if (fill && pr_copy_up(m->copy_up_from, fd, reterr) < 0)
		return -1;
	if ((!m->type || fill) && (m->set || m->clear) && pr_legacy_attributes(fd, m->set, m->clear, false, reterr) < 0)
		return -1;
	if ((m->set_all || m->clear_all) && pr_legacy_attributes(fd, m->set_all, m->clear_all, true, reterr) < 0)
		return -1;
	if (pr_mount_propagate_all(fd, m->propagation, reterr) < 0)
		return -1;
	return pr_steal(&fd);
}

int pr_legacy_remount(int fd, const struct pr_mount *m, struct pr_error *reterr)
{
	struct pr_fd_path path = pr_fd_path(fd);
	if (check_proc(reterr) < 0)
		return -1;
	auto_free char *data = join(m);
	if (!data)
		return pr_fail(reterr, PR_STEP_MOUNT);
	unsigned long present = present_flags(path.text);
	/* mount(2) changes superblock and mount in one: the mount's own flags stay, and read-only is said for each of the two. */
	unsigned long flags = m->sb_flags | (changed_flags(present, m->set, m->clear) & ~(unsigned long)MS_RDONLY);
	if (mount(NULL, path.text, NULL, MS_REMOUNT | flags, data) < 0)
		return refused(data, reterr);
	uint32_t set = m->set | (present & MS_RDONLY && !(m->clear & PR_MOUNT_ATTR_RDONLY) ? PR_MOUNT_ATTR_RDONLY : 0U);
	return pr_legacy_attributes(fd, set, m->clear, false, reterr);
}
