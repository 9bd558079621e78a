/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that the front door serves from a container's record. What cannot be done as pyrunc/runtime does it in the plain case
 * is left to Python, which decides and explains. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "door.h"
#include "record.h"
#include "syscalls.h"

enum {
	KILL_MS = 2000,    /* Python waits longer, and then has a message */
	FREEZE_MS = 10000, /* as in cgroups/calls.py */
	REMOVE_MS = 3000,
	REMOVE_ROUNDS = 4,
	PIDS_MAX = 1024
};

enum status { UNKNOWN, CREATED, RUNNING, PAUSED, STOPPED };

static const char *const status_words[] = {
	[UNKNOWN] = "", [CREATED] = "created", [RUNNING] = "running", [PAUSED] = "paused", [STOPPED] = "stopped",
};

struct container {
	union pr_record_space space;
	const struct pr_record *record;
	char path[4096];
	int dir;
	int lock;
};

/* The program serves one request and ends: what is open at the end the kernel closes. */
static struct container container;

/* ---- opening ------------------------------------------------------------------------------------------------------ */

static bool open_container(struct container *c, const struct pr_request *request)
{
	if (!PR_JOIN(c->path, request->root, "/", request->id))
		return false;
	c->record = &c->space.record;
	c->dir = pr_open(c->path, O_RDONLY | O_DIRECTORY);
	return c->dir >= 0 && pr_record_read(c->dir, &c->space);
}

/* Waits for the container's lock and reads the record again; false when it was deleted meanwhile. */
static bool lock_container(struct container *c)
{
	struct stat st;
	c->lock = openat(c->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (c->lock < 0)
		return false;
	while (flock(c->lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return false;
	return fstat(c->lock, &st) == 0 && st.st_nlink > 0 && pr_record_read(c->dir, &c->space);
}

/* ---- status (State.status in runtime/state.py) -------------------------------------------------------------------- */

static bool is_alive(const struct pr_record *record)
{
	uint64_t start;
	char letter;
	return pr_process_stat(record->pid, &start, &letter, NULL) == 0 && start == record->start_time && !strchr("ZXx", letter);
}

static bool is_gone(const struct pr_error *error)
{
	return error->errnum == ENOENT || error->errnum == ENODEV;
}

/* 1, 0, or -1 when it cannot be told. */
static int is_frozen(const struct pr_record *record)
{
	struct pr_error error;
	if (record->freezer == PR_RECORD_NO_GROUP)
		return 0;
	struct pr_group group = pr_record_group(record, record->freezer);
	int frozen = pr_cgroup_frozen(group.mountpoint, group.path, (int)record->cgroup_version, &error);
	return frozen < 0 && is_gone(&error) ? 0 : frozen;
}

static enum status find_status(const struct container *c)
{
	struct stat st;
	if (!is_alive(c->record))
		return STOPPED;
	int frozen = is_frozen(c->record);
	if (frozen != 0)
		return frozen < 0 ? UNKNOWN : PAUSED;
	return fstatat(c->dir, "exec.fifo", &st, AT_SYMLINK_NOFOLLOW) == 0 ? CREATED : RUNNING;
}

/* ---- processes ---------------------------------------------------------------------------------------------------- */

/* A pidfd of the container's first process, -1 when that is gone (or the kernel has no pidfds: Python can do without). Checked after the
 * open: a pidfd does not change its mind. */
static int open_process(const struct pr_record *record)
{
	auto_fd pidfd = pr_pidfd_open(record->pid);
	return pidfd >= 0 && is_alive(record) ? pr_steal(&pidfd) : -1;
}

/* The group that tells which processes there are. */
static struct pr_group any_group(const struct pr_record *record)
{
	return pr_record_group(record, record->freezer == PR_RECORD_NO_GROUP ? 0 : record->freezer);
}

/* How many processes the cgroup has, none when it is gone; -1 when it cannot be told. */
static int list_pids(const struct pr_record *record, int32_t *ret_pids, uint32_t size)
{
	struct pr_error error;
	struct pr_group group = any_group(record);
	int count = pr_cgroup_pids(group.mountpoint, group.path, 1, ret_pids, size, &error);
	return count < 0 && is_gone(&error) ? 0 : count;
}

static bool kill_all(const struct pr_record *record)
{
	struct pr_error error;
	struct pr_group group = any_group(record);
	return pr_cgroup_kill(group.mountpoint, group.path, (int)record->cgroup_version, SIGKILL, &error) >= 0 || is_gone(&error);
}

static bool freeze(const struct pr_record *record, int frozen)
{
	if (record->freezer == PR_RECORD_NO_GROUP)
		return false;
	struct pr_group group = pr_record_group(record, record->freezer);
	return pr_cgroup_freeze(group.mountpoint, group.path, (int)record->cgroup_version, frozen, FREEZE_MS, NULL) == 0;
}

/* ---- verbs -------------------------------------------------------------------------------------------------------- */

/* A caller that closed its end must not kill us: Python ignores SIGPIPE too. */
static int print(const char *text, size_t size)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	size_t written = pr_put(STDOUT_FILENO, text, size);
	(void)signal(SIGPIPE, before);
	if (written == size)
		return 0;
	return written > 0 ? 1 : PR_DOOR_PYTHON;
}

static int serve_state(struct container *c)
{
	static char text[PR_RECORD_MAX + 64];
	char pid[16];
	const struct pr_record *record = c->record;
	enum status status = find_status(c);
	(void)pr_format(pid, sizeof(pid), "", status == STOPPED ? 0 : (uint64_t)record->pid, "");
	if (status == UNKNOWN ||
	    !PR_JOIN(text, pr_record_string(record, record->before_pid), pid, pr_record_string(record, record->before_status),
	             status_words[status], pr_record_string(record, record->after_status)))
		return PR_DOOR_PYTHON;
	return print(text, strlen(text));
}

static void sort(int32_t *numbers, int count)
{
	for (int i = 1; i < count; i++) {
		int32_t number = numbers[i];
		int at = i;
		for (; at > 0 && numbers[at - 1] > number; at--)
			numbers[at] = numbers[at - 1];
		numbers[at] = number;
	}
}

static int serve_ps(struct container *c)
{
	static int32_t pids[PIDS_MAX];
	static char text[PIDS_MAX * 12 + 8];
	int count = c->record->group_count ? list_pids(c->record, pids, PIDS_MAX) : -1;
	if (count < 0 || count > PIDS_MAX)
		return PR_DOOR_PYTHON;
	if (count == 0)
		return print("null\n", 5);
	sort(pids, count);
	size_t used = 0;
	for (int i = 0; i < count; i++)
		used += (size_t)pr_format(text + used, sizeof(text) - used, i ? "," : "[", (uint64_t)pids[i], i + 1 < count ? "" : "]\n");
	return print(text, used);
}

static int kill_group(const struct container *c, const struct pr_request *request)
{
	if (request->signal != SIGKILL || !c->record->group_count || list_pids(c->record, NULL, 0) <= 0)
		return PR_DOOR_PYTHON;
	return kill_all(c->record) ? 0 : PR_DOOR_PYTHON;
}

static int kill_first(const struct container *c, const struct pr_request *request, enum status status)
{
	auto_fd pidfd = status == STOPPED ? -1 : open_process(c->record);
	if (pidfd < 0 || pr_pidfd_send_signal(pidfd, request->signal) < 0)
		return PR_DOOR_PYTHON;
	/* A frozen v1 cgroup would not let the killed process end. */
	if (status == PAUSED && request->signal == SIGKILL && !freeze(c->record, 0))
		return PR_DOOR_PYTHON;
	return 0;
}

/* Takes no lock, as in Python: a hook, or a person while one hangs, may want to kill. */
static int serve_kill(struct container *c, const struct pr_request *request)
{
	bool shared = request->signal == SIGKILL && !(c->record->flags & PR_RECORD_PRIVATE_PID);
	enum status status = find_status(c);
	if (status == UNKNOWN)
		return PR_DOOR_PYTHON;
	if (request->all || shared)
		return status == PAUSED ? PR_DOOR_PYTHON : kill_group(c, request);
	return kill_first(c, request, status);
}

static int serve_start(struct container *c, struct pr_msg *ret_failure)
{
	struct pr_error error;
	const char *notify = getenv("NOTIFY_SOCKET");
	if ((c->record->flags & PR_RECORD_POSTSTART) || (notify && *notify) || find_status(c) != CREATED)
		return PR_DOOR_PYTHON;
	auto_fd pidfd = open_process(c->record);
	if (pidfd < 0 || !lock_container(c) || find_status(c) != CREATED)
		return PR_DOOR_PYTHON;
	if (pr_start(c->dir, pidfd, ret_failure, &error) < 0 || unlinkat(c->dir, "exec.fifo", 0) < 0)
		return PR_DOOR_PYTHON;
	return 0;
}

static int serve_freeze(struct container *c, bool frozen)
{
	if (!lock_container(c))
		return PR_DOOR_PYTHON;
	enum status status = find_status(c);
	if (frozen ? status != CREATED && status != RUNNING : status != PAUSED)
		return PR_DOOR_PYTHON;
	return freeze(c->record, frozen) ? 0 : PR_DOOR_PYTHON;
}

/* ---- delete ------------------------------------------------------------------------------------------------------- */

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* What goes last, and in this order: as long as there is a state.json the container can be found and deleted, and whoever finds it must also
 * find the lock that is held. */
static const char *const last_files[] = { "state.json", "lock" };

static bool remove_file(int dir_fd, const char *name)
{
	return unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT;
}

static bool is_last(const char *name)
{
	return strcmp(name, last_files[0]) == 0 || strcmp(name, last_files[1]) == 0;
}

/* Goes through the state directory: removes what need not go last, or only looks. False when there is more than plain files and the fifo. */
static bool each_file(int dir_fd, bool remove)
{
	_Alignas(struct pr_dirent) char buffer[4096];
	long size;
	if (lseek(dir_fd, 0, SEEK_SET) < 0)
		return false;
	while ((size = syscall(SYS_getdents64, dir_fd, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < size;) {
			const struct pr_dirent *entry = (const struct pr_dirent *)(buffer + at);
			at += entry->size;
			if (is_dot(entry->name))
				continue;
			if (entry->type != 8 /* DT_REG */ && entry->type != 1 /* DT_FIFO */)
				return false;
			if (remove && !is_last(entry->name) && !remove_file(dir_fd, entry->name))
				return false;
		}
	return size == 0;
}

static bool remove_directory(const struct container *c)
{
	for (int round = 0; round < REMOVE_ROUNDS; round++) {
		if (!each_file(c->dir, true) || !remove_file(c->dir, last_files[0]) || !remove_file(c->dir, last_files[1]))
			return false;
		if (unlinkat(AT_FDCWD, c->path, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return true;
		if (errno != ENOTEMPTY)
			return false;
	}
	return false;
}

/* Kills the first process and waits for its end; true also when it had ended. */
static bool end(const struct container *c, enum status status)
{
	if (status == STOPPED)
		return true;
	auto_fd pidfd = open_process(c->record);
	if (pidfd < 0)
		return !is_alive(c->record);
	if (pr_pidfd_send_signal(pidfd, SIGKILL) < 0 && errno != ESRCH)
		return false;
	if (status == PAUSED && !freeze(c->record, 0))
		return false;
	return pr_wait_exit(pidfd, KILL_MS, NULL) > 0;
}

/* Removes the cgroups and, before, who outlived the first process. */
static bool remove_groups(const struct pr_record *record)
{
	uint32_t failed;
	struct pr_error error;
	if (!record->group_count)
		return true;
	int count = list_pids(record, NULL, 0);
	if (count < 0 || (count > 0 && !kill_all(record)))
		return false;
	const char *base = (const char *)record;
	const uint32_t *made = (const uint32_t *)(const void *)(base + record->made);
	return pr_cgroup_remove(base + record->groups, made, record->group_count, REMOVE_MS, &failed, &error) == 0;
}

/* Every step leaves something that Python's delete goes on from when the next one fails. */
static int serve_delete(struct container *c, const struct pr_request *request)
{
	bool force = request->force;
	const uint32_t needs_python = PR_RECORD_POSTSTOP | PR_RECORD_SYSTEMD | PR_RECORD_RESCTRL;
	if ((c->record->flags & needs_python) || !each_file(c->dir, false))
		return PR_DOOR_PYTHON;
	enum status status = force ? find_status(c) : STOPPED;
	if (status == UNKNOWN || (force && !end(c, status)) || !lock_container(c))
		return PR_DOOR_PYTHON;
	if (request->pid && request->pid != c->record->pid)
		return PR_DOOR_PYTHON;
	status = find_status(c);
	if ((status != STOPPED && status != CREATED) || !end(c, status))
		return PR_DOOR_PYTHON;
	return remove_groups(c->record) && remove_directory(c) ? 0 : PR_DOOR_PYTHON;
}

/* ---- the request -------------------------------------------------------------------------------------------------- */

/* Python opens the log before anything else and makes the file; so do we, for the same file modes and failures. */
static bool open_log(const char *path)
{
	if (!path || !*path)
		return true;
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_SYNC | O_CLOEXEC, 0644);
	return fd >= 0;
}

int pr_door_serve(const struct pr_request *request, struct pr_msg *ret_failure)
{
	struct container *c = &container;
	if (!open_container(c, request) || !open_log(request->log))
		return PR_DOOR_PYTHON;
	switch (request->verb) {
	case PR_DOOR_STATE:
		return serve_state(c);
	case PR_DOOR_PS:
		return serve_ps(c);
	case PR_DOOR_KILL:
		return serve_kill(c, request);
	case PR_DOOR_START:
		return serve_start(c, ret_failure);
	case PR_DOOR_DELETE:
		return serve_delete(c, request);
	case PR_DOOR_PAUSE:
		return serve_freeze(c, true);
	case PR_DOOR_RESUME:
		return serve_freeze(c, false);
	}
	return PR_DOOR_PYTHON;
}
