/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups with all that is below them: listing and signalling processes, freezing, removing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "clock.h"
#include "syscalls.h"

enum {
	WALK_DEPTH = 2048,   /* levels; each costs eight bytes of stack */
	KILL_ROUNDS = 16,    /* without a freezer: forks may outrun a round */
	FREEZE_MS = 2000,    /* before signals: they can be sent without it */
	FREEZE_ROUNDS = 128, /* v1: at least so many looks, also when the machine itself stood still meanwhile */
	FREEZE_NUDGE = 32    /* v1: a task caught in the act of forking freezes after a short thaw */
};

/* ---- walking ------------------------------------------------------------------------------------------------------ */

/* Finds the next subdirectory of dir_fd from position *at, which moves behind it. Returns 1, 0 at the end, -1 with errno. */
static int next_directory(int dir_fd, int64_t *at, char *ret_name)
{
	_Alignas(struct pr_dirent) char buffer[4096];
	if (lseek(dir_fd, (off_t)*at, SEEK_SET) < 0)
		return -1;
	for (;;) {
		long length = syscall(SYS_getdents64, dir_fd, buffer, sizeof(buffer));
		if (length <= 0)
			return (int)length;
		for (long offset = 0; offset < length;) {
			const struct pr_dirent *entry = (const struct pr_dirent *)(buffer + offset);
			offset += entry->size;
			*at = entry->next;
			if (entry->type != DT_DIR || !strcmp(entry->name, ".") || !strcmp(entry->name, ".."))
				continue;
			if (strlen(entry->name) >= PR_CGROUP_NAME_SIZE) {
				errno = ENAMETOOLONG;
				return -1;
			}
			strcpy(ret_name, entry->name);
			return 1;
		}
	}
}

static int open_directory(int dir_fd, const char *name)
{
	return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

typedef int visit_fn(int dir_fd, void *context, struct pr_error *reterr);

/* Visits the group open at `top` and every group below it. It goes back up through ".." so that depth costs no descriptors: a
 * container with a delegated cgroup chooses the depth. */
static int walk(int top, visit_fn *visit, void *context, struct pr_error *reterr)
{
	int64_t at[WALK_DEPTH];
	char name[PR_CGROUP_NAME_SIZE];
	uint32_t depth = 0;
	auto_fd current = open_directory(top, ".");
	if (current < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	if (visit(current, context, reterr) < 0)
		return -1;
	at[0] = 0;
	for (;;) {
		int found = next_directory(current, &at[depth], name);
		if (found < 0)
			return pr_fail(reterr, PR_STEP_READ);
		if (!found && depth == 0)
			return 0;
		if (found && depth + 1 == WALK_DEPTH)
			return pr_fail_as(reterr, PR_STEP_OPEN, ELOOP);
		int next = open_directory(current, found ? name : "..");
		if (next < 0 && found && (errno == ENOENT || errno == ENODEV))
			continue;
		if (next < 0)
			return pr_fail(reterr, PR_STEP_OPEN);
		pr_close(&current);
		current = next;
		if (!found) {
			depth--;
			continue;
		}
		at[++depth] = 0;
		if (visit(current, context, reterr) < 0)
			return -1;
	}
}

/* ---- processes ---------------------------------------------------------------------------------------------------- */

/* Calls `each` for every pid of dir_fd/cgroup.procs that the caller can see (others read as 0). */
static int each_pid(int dir_fd, int (*each)(int32_t pid, void *context), void *context, struct pr_error *reterr)
{
	char buffer[4096];
	int32_t pid = 0;
	auto_fd fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return pr_fail(reterr, PR_STEP_OPEN);
	for (;;) {
		ssize_t length = read(fd, buffer, sizeof(buffer));
		if (length < 0 && errno == EINTR)
			continue;
		/* ENODEV: removed meanwhile. EOPNOTSUPP: a threaded group, whose processes are listed where its domain is. */
		if (length < 0)
			return errno == ENODEV || errno == EOPNOTSUPP ? 0 : pr_fail(reterr, PR_STEP_READ);
		if (length == 0)
			return 0;
		for (ssize_t i = 0; i < length; i++) {
			if (buffer[i] >= '0' && buffer[i] <= '9') {
				pid = pid * 10 + (buffer[i] - '0');
				continue;
			}
			if (pid > 0 && each(pid, context) < 0)
				return pr_fail(reterr, PR_STEP_WRITE);
			pid = 0;
		}
	}
}

struct pid_list {
	int32_t *pids;
	uint32_t size;
	uint32_t count;
};

static int keep_pid(int32_t pid, void *context)
{
	struct pid_list *list = context;
	if (list->count < list->size)
		list->pids[list->count] = pid;
	list->count++;
	return 0;
}

static int list_group(int dir_fd, void *context, struct pr_error *reterr)
{
	return each_pid(dir_fd, keep_pid, context, reterr);
}

int pr_cgroup_pids(const char *mountpoint, const char *path, int recursive, int32_t *ret_pids, uint32_t size, struct pr_error *reterr)
{
	struct pid_list list = { .pids = ret_pids, .size = size };
	auto_fd top = pr_cgroup_open_file(mountpoint, path, "", O_RDONLY, reterr);
	if (top < 0)
		return -1;
	int failed = recursive ? walk(top, list_group, &list, reterr) : list_group(top, &list, reterr);
	return failed < 0 ? -1 : (int)list.count;
}

/* ---- freezing ----------------------------------------------------------------------------------------------------- */

/* v1: 1 when freezer.state is `word`. */
static int state_is(int dir_fd, const char *word)
{
	char text[32];
	ssize_t length = pr_cgroup_get(dir_fd, "freezer.state", text, sizeof(text));
	if (length < 0)
		return -1;
	return strncmp(text, word, strlen(word)) == 0;
}

/* v2: 1 when cgroup.events says "frozen 1". */
static int events_frozen(int dir_fd)
{
	char text[256];
	if (pr_cgroup_get(dir_fd, "cgroup.events", text, sizeof(text)) < 0)
		return -1;
	return strstr(text, "frozen 1") != NULL;
}

static int put_file(int dir_fd, const char *file, const char *text)
{
	auto_fd fd = pr_cgroup_at(dir_fd, file, O_WRONLY);
	return fd < 0 ? -1 : pr_cgroup_put(fd, text);
}

static int freeze_v1(int dir_fd, int timeout_ms)
{
	int64_t deadline = pr_now_ms() + timeout_ms;
	for (unsigned int round = 0;; round++) {
		if (put_file(dir_fd, "freezer.state", "FROZEN") < 0)
			return -1;
		int done = state_is(dir_fd, "FROZEN");
		if (done)
			return done < 0 ? -1 : 0;
		if (round >= FREEZE_ROUNDS && pr_now_ms() >= deadline)
			break;
		if (round % FREEZE_NUDGE == FREEZE_NUDGE - 1)
			(void)put_file(dir_fd, "freezer.state", "THAWED");
		pr_cgroup_pause(round / 4);
	}
	(void)put_file(dir_fd, "freezer.state", "THAWED");
	errno = ETIMEDOUT;
	return -1;
}

/* v2: clears *context when the group is not frozen. */
static int look_at_group(int dir_fd, void *context, struct pr_error *reterr)
{
	bool *frozen = context;
	int found = events_frozen(dir_fd);
	if (found < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : pr_fail(reterr, PR_STEP_READ); /* removed meanwhile */
	*frozen &= found;
	return 0;
}

/* v2: 1 when the group and all below it are frozen; the kernel calls a group so as soon as its own processes are. */
static int all_frozen(int dir_fd)
{
	bool frozen = true;
	if (walk(dir_fd, look_at_group, &frozen, NULL) == 0)
		return frozen;
	return errno == ELOOP ? 1 : -1; /* deeper than we look: no way for a container not to be paused */
}

static int freeze_v2(int dir_fd, int timeout_ms)
{
	int64_t deadline = pr_now_ms() + timeout_ms;
	auto_fd events = pr_cgroup_at(dir_fd, "cgroup.events", O_RDONLY);
	if (events < 0 || put_file(dir_fd, "cgroup.freeze", "1") < 0)
		return -1;
	for (unsigned int round = 0;; round++) {
		char text[256];
		ssize_t length = pread(events, text, sizeof(text) - 1, 0);
		if (length < 0)
			return -1;
		text[length] = '\0';
		const bool itself = strstr(text, "frozen 1");
		const int done = itself ? all_frozen(dir_fd) : 0;
		if (done)
			return done < 0 ? -1 : 0;
		int64_t left = deadline - pr_now_ms();
		if (left <= 0)
			break;
		if (itself) {
			pr_cgroup_pause(round);
			continue;
		}
		struct pollfd ready = { .fd = events, .events = POLLPRI };
		if (poll(&ready, 1, (int)left) < 0 && errno != EINTR)
			return -1;
	}
	(void)put_file(dir_fd, "cgroup.freeze", "0");
	errno = ETIMEDOUT;
	return -1;
}

static int freeze(int dir_fd, int version, int frozen, int timeout_ms)
{
	if (frozen)
		return version == 2 ? freeze_v2(dir_fd, timeout_ms) : freeze_v1(dir_fd, timeout_ms);
	return version == 2 ? put_file(dir_fd, "cgroup.freeze", "0") : put_file(dir_fd, "freezer.state", "THAWED");
}

int pr_cgroup_freeze(const char *mountpoint, const char *path, int version, int frozen, int timeout_ms, struct pr_error *reterr)
{
	auto_fd dir_fd = pr_cgroup_open_file(mountpoint, path, "", O_RDONLY, reterr);
	if (dir_fd < 0)
		return -1;
	return freeze(dir_fd, version, frozen, timeout_ms) < 0 ? pr_fail(reterr, PR_STEP_WRITE) : 0;
}

/* Returns 1, 0, or -1 with errno. A group without a freezer (a v2 root, a kernel without it) is not frozen. */
static int is_frozen(int dir_fd, int version)
{
	char text[8];
	if (version != 2) {
		int thawed = state_is(dir_fd, "THAWED");
		return thawed < 0 ? (errno == ENOENT ? 0 : -1) : !thawed;
	}
	ssize_t length = pr_cgroup_get(dir_fd, "cgroup.freeze", text, sizeof(text));
	if (length < 0)
		return errno == ENOENT ? 0 : -1;
	return text[0] == '1' ? 1 : events_frozen(dir_fd);
}

int pr_cgroup_frozen(const char *mountpoint, const char *path, int version, struct pr_error *reterr)
{
	auto_fd dir_fd = pr_cgroup_open_file(mountpoint, path, "", O_RDONLY, reterr);
	if (dir_fd < 0)
		return -1;
	int frozen = is_frozen(dir_fd, version);
	return frozen < 0 ? pr_fail(reterr, PR_STEP_READ) : frozen;
}

/* ---- signalling --------------------------------------------------------------------------------------------------- */

struct kill_round {
	int signal;
	int count;
};

static int kill_pid(int32_t pid, void *context)
{
	struct kill_round *round = context;
	if (kill(pid, round->signal) < 0)
		return errno == ESRCH ? 0 : -1;
	round->count++;
	return 0;
}

static int kill_group(int dir_fd, void *context, struct pr_error *reterr)
{
	return each_pid(dir_fd, kill_pid, context, reterr);
}

/* Without a freezer SIGKILL is repeated until a round finds nobody, since a fork may slip through; other signals go round once. */
static int kill_unfrozen(int top, struct kill_round *round, struct pr_error *reterr)
{
	int total = 0;
	for (unsigned int rounds = 0; rounds < KILL_ROUNDS; rounds++) {
		round->count = 0;
		if (walk(top, kill_group, round, reterr) < 0)
			return -1;
		total += round->count;
		if (round->signal != SIGKILL || !round->count)
			break;
		pr_cgroup_pause(rounds);
	}
	return total;
}

static int kill_frozen(int top, int version, struct kill_round *round, struct pr_error *reterr)
{
	int before = is_frozen(top, version);
	if (before == 0 && freeze(top, version, 1, FREEZE_MS) < 0)
		before = -1;
	if (before < 0)
		return kill_unfrozen(top, round, reterr);
	int failed = walk(top, kill_group, round, reterr);
	/* A frozen process of v1 cannot die. */
	if ((before == 0 || round->signal == SIGKILL) && freeze(top, version, 0, 0) < 0 && failed == 0)
		return pr_fail(reterr, PR_STEP_WRITE);
	return failed < 0 ? -1 : round->count;
}

int pr_cgroup_kill(const char *mountpoint, const char *path, int version, int signal, struct pr_error *reterr)
{
	struct kill_round round = { .signal = signal };
	auto_fd top = pr_cgroup_open_file(mountpoint, path, "", O_RDONLY, reterr);
	if (top < 0)
		return -1;
	/* cgroup.kill is removable as a question with 5.14 as the oldest kernel. */
	if (version == 2 && signal == SIGKILL && put_file(top, "cgroup.kill", "1") == 0)
		return 0;
	return kill_frozen(top, version, &round, reterr);
}

/* ---- removing ----------------------------------------------------------------------------------------------------- */

/* Removes the subdirectories of dir_fd that are free. Returns 1 and a name when one is not, 0 when none is left, -1 with errno. */
static int remove_free(int dir_fd, char *ret_busy)
{
	char name[PR_CGROUP_NAME_SIZE];
	int64_t at = 0;
	int found, busy = 0;
	while ((found = next_directory(dir_fd, &at, name)) > 0) {
		if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			continue;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return -1;
		busy = 1;
		strcpy(ret_busy, name);
	}
	return found < 0 ? -1 : busy;
}

/* Removes all groups below `top`, the deepest first. Returns 0, or -1 with errno: EBUSY when a process is in one of them. */
static int remove_below(int top)
{
	char busy[PR_CGROUP_NAME_SIZE];
	uint32_t depth = 0;
	auto_fd current = open_directory(top, ".");
	if (current < 0)
		return -1;
	for (;;) {
		int left = remove_free(current, busy);
		if (left < 0)
			return -1;
		if (!left && depth == 0)
			return 0;
		int next = open_directory(current, left ? busy : "..");
		if (next < 0 && left && errno == ENOENT)
			continue;
		if (next < 0)
			return -1;
		pr_close(&current);
		current = next;
		if (!left) {
			depth--;
			continue;
		}
		depth++;
		int64_t start = 0;
		char name[PR_CGROUP_NAME_SIZE];
		if (next_directory(current, &start, name) == 0) {
			errno = EBUSY;
			return -1;
		}
	}
}

/* Removes the directory root/path. Returns 0 (also when it is gone) or -1 with errno. */
static int remove_directory(int root, char *path)
{
	char *slash = strrchr(path, '/');
	if (!slash)
		return unlinkat(root, path, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENODEV ? -1 : 0;
	*slash = '\0';
	auto_fd parent = pr_cgroup_at(root, path, O_PATH | O_DIRECTORY);
	int failed = parent < 0 ? -1 : unlinkat(parent, slash + 1, AT_REMOVEDIR);
	*slash = '/';
	return failed < 0 && errno != ENOENT && errno != ENODEV ? -1 : 0;
}

static int remove_once(int root, char *path)
{
	if (remove_directory(root, path) == 0)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -1;
	auto_fd top = pr_cgroup_at(root, path, O_RDONLY | O_DIRECTORY);
	if (top < 0)
		return errno == ENOENT ? 0 : -1;
	return remove_below(top) < 0 ? -1 : remove_directory(root, path);
}

static int remove_group(const struct pr_group *group, uint32_t made, int64_t deadline, struct pr_error *reterr)
{
	char path[PR_CGROUP_PATH_SIZE];
	if (made == 0 || *group->path == '\0')
		return 0;
	if (strlen(group->path) >= sizeof(path))
		return pr_fail_as(reterr, PR_STEP_OPEN, ENAMETOOLONG);
	strcpy(path, group->path);
	auto_fd root = pr_cgroup_root(group->mountpoint, reterr);
	if (root < 0)
		return -1;
	for (unsigned int round = 0; remove_once(root, path) < 0; round++) {
		if ((errno != EBUSY && errno != ENOTEMPTY) || pr_now_ms() >= deadline)
			return pr_fail(reterr, PR_STEP_WRITE);
		pr_cgroup_pause(round);
	}
	/* The parents that we made go too, as far as nobody else uses them. */
	for (char *slash; --made > 0 && (slash = strrchr(path, '/')) != NULL;) {
		*slash = '\0';
		if (remove_directory(root, path) < 0)
			break;
	}
	return 0;
}

int pr_cgroup_remove(const char *groups, const uint32_t *made, uint32_t n, int timeout_ms, uint32_t *ret_failed, struct pr_error *reterr)
{
	int64_t deadline = pr_now_ms() + timeout_ms;
	int failed = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct pr_group group = pr_group_at(groups);
		/* The others go even when one cannot. */
		if (remove_group(&group, made[i], deadline, failed ? NULL : reterr) < 0 && !failed) {
			failed = -1;
			*ret_failed = i;
		}
		groups = group.next;
	}
	return failed;
}
