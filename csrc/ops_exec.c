/* SPDX-License-Identifier: Apache-2.0 */
/* Ops at the end of the stage's life: environment, program lookup, hooks, the wait for `start`, execve. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "init.h"
#include "lookup.h"
#include "spawn.h"
#include "syscalls.h"

#define DEFAULT_PATH "/bin:/usr/bin"
enum { PASSWD_MAX = 1 << 20 };

/* Pointers to the `count` strings of a block, with room for `spare` more and a NULL. */
static char **pointers(const char *block, uint64_t count, uint64_t spare)
{
	char **list = calloc(count + spare + 1, sizeof(*list));
	for (uint64_t i = 0; list && i < count; i++, block += strlen(block) + 1)
		list[i] = (char *)(uintptr_t)block;
	return list;
}

static int find_variable(const struct pr_init *init, const char *name)
{
	size_t length = strlen(name);
	for (uint32_t i = 0; i < init->env_count; i++) {
		if (strncmp(init->env[i], name, length) == 0 && init->env[i][length] == '=')
			return (int)i;
	}
	return -1;
}

static const char *variable(const struct pr_init *init, const char *name)
{
	int i = find_variable(init, name);
	return i < 0 ? NULL : strchr(init->env[i], '=') + 1;
}

/* The home directory of uid in a passwd text, copied; NULL when there is none. passwd(5). */
static char *parse_home(char *text, uint32_t uid)
{
	char *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *fields[7] = { 0 };
		int count = 0;
		for (char *at = line; at && count < 7; count++)
			fields[count] = strsep(&at, ":");
		char *end;
		if (count < 6 || !*fields[2])
			continue;
		unsigned long number = strtoul(fields[2], &end, 10);
		if (*end == '\0' && number == uid)
			return strdup(fields[5]);
	}
	return NULL;
}

/* Reads the container's /etc/passwd; anything odd about it means that there is none. */
static char *home_of(const struct pr_init *init, uint32_t uid)
{
	struct pr_error ignored;
	struct stat st;
	auto_fd seen = pr_lookup(init->root, "/etc/passwd", PR_MAKE_NOTHING, 0, &ignored);
	if (seen < 0 || fstat(seen, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	auto_fd fd = pr_open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
	auto_free char *text = malloc(PASSWD_MAX + 1);
	if (fd < 0 || !text)
		return NULL;
	size_t used = 0;
	ssize_t got;
	while (used < PASSWD_MAX && (got = read(fd, text + used, PASSWD_MAX - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	return parse_home(text, uid);
}

static int set_variable(struct pr_init *init, const char *name, const char *value, struct pr_error *reterr)
{
	size_t head = strlen(name), tail = strlen(value);
	char *text = malloc(head + tail + 2);
	if (!text)
		return pr_fail(reterr, PR_STEP_PLAN);
	memcpy(text, name, head);
	text[head] = '=';
	memcpy(text + head + 1, value, tail + 1);
	int at = find_variable(init, name);
	if (at >= 0)
		init->env[at] = text;
	else
		init->env[init->env_count++] = text;
	return 0;
}

int pr_op_env_home(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	enum { ADDED_MAX = 2 }; /* HOME, LISTEN_PID */
	init->env = pointers(pr_op_string(init, op, 0), op->n[0], ADDED_MAX);
	init->args = pointers(pr_op_string(init, op, 1), op->n[1], 0);
	if (!init->env || !init->args)
		return pr_fail(reterr, PR_STEP_PLAN);
	init->env_count = (uint32_t)op->n[0];
	const char *home = variable(init, "HOME");
	if (home && *home)
		return 0;
	auto_free char *found = home_of(init, (uint32_t)op->n[2]);
	return set_variable(init, "HOME", found && *found ? found : "/", reterr);
}

int pr_op_listen_pid(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)op;
	char text[16];
	(void)pr_format(text, sizeof(text), "", (uint64_t)getpid(), "");
	return set_variable(init, "LISTEN_PID", text, reterr);
}

/* 0 when `path` is a file that this process may execute, else an errno. */
static int executable(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	/* AT_EACCESS: by the effective ids and capabilities, as execve will. Before 5.8 only the real ids are left, which are the same. */
	if (syscall(PR_NR_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
		return 0;
	if (errno == ENOSYS && syscall(SYS_faccessat, AT_FDCWD, path, X_OK) == 0)
		return 0;
	return errno;
}

static int lookup_failed(int errnum, struct pr_error *reterr)
{
	uint32_t step = errnum == EISDIR ? PR_STEP_IS_DIRECTORY : errnum == EACCES ? PR_STEP_ACCESS : PR_STEP_LOOKUP;
	return pr_fail_as(reterr, step, errnum);
}

int pr_op_lookup(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)op;
	const char *name = init->args[0], *path = variable(init, "PATH");
	if (strchr(name, '/')) {
		int errnum = executable(name);
		init->program = (char *)(uintptr_t)name;
		return errnum ? lookup_failed(errnum, reterr) : 0;
	}
	int worst = ENOENT;
	size_t tail = strlen(name);
	for (const char *at = path ? path : DEFAULT_PATH; *name; at++) {
		size_t length = strcspn(at, ":");
		char candidate[PATH_MAX];
		if (length + tail + 3 <= sizeof(candidate)) {
			/* An empty element means the working directory. execvp(3). */
			memcpy(candidate, length ? at : ".", length ? length : 1);
			size_t end = length ? length : 1;
			candidate[end] = '/';
			memcpy(candidate + end + 1, name, tail + 1);
			int errnum = executable(candidate);
			if (errnum == 0) {
				init->program = strdup(candidate);
				return init->program ? 0 : pr_fail(reterr, PR_STEP_LOOKUP);
			}
			if (errnum == EACCES)
				worst = EACCES;
		}
		at += length;
		if (*at == '\0')
			break;
	}
	return lookup_failed(worst, reterr);
}

int pr_op_hook(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	const char *block = pr_op_string(init, op, 1), *before = pr_op_string(init, op, 2), *after = pr_op_string(init, op, 3);
	auto_free char **argv = pointers(block, op->n[0], 0);
	for (uint64_t i = 0; i < op->n[0]; i++)
		block += strlen(block) + 1;
	auto_free char **envp = pointers(block, op->n[1], 0);
	size_t room = strlen(before) + strlen(after) + 24;
	auto_free char *state = malloc(room);
	if (!argv || !envp || !state)
		return pr_fail(reterr, PR_STEP_PLAN);
	int size = pr_format(state, room, before, (uint64_t)getpid(), after);
	return pr_run_hook(pr_op_string(init, op, 0), (const char *const *)argv, (const char *const *)envp, NULL, state, (uint32_t)size,
	                   (uint32_t)op->n[2], reterr);
}

int pr_op_ready(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)op;
	/* From here on the socket alone ties us to the parent: it may say GO and exit at once, but dies without it = end of file = the end. */
	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		return pr_fail(reterr, PR_STEP_PRCTL);
	int result = pr_init_sync(init, PR_SYNC_READY, NULL, NULL, reterr);
	pr_close(&init->listener); /* the parent, which answered, has it */
	return result;
}

/* A first process ignores every signal that it does not catch (pid_namespaces(7)); while it waits, `kill` must work (OPS-K3). */
static void end_by_signal(int number)
{
	_exit(128 + number);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = end_by_signal };
	static const int by_default_ignored[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU };
	for (int number = 1; number < NSIG; number++) {
		bool ignored = false;
		for (size_t i = 0; i < sizeof(by_default_ignored) / sizeof(by_default_ignored[0]); i++)
			ignored = ignored || by_default_ignored[i] == number;
		if (!ignored)
			(void)sigaction(number, &action, NULL);
	}
}

int pr_op_wait_start(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	/* The parent is done and may be gone. */
	pr_close(&init->sock);
	catch_signals();
	char path[32];
	(void)pr_format(path, sizeof(path), "self/fd/", op->n[0], "");
	/* A magic link on purpose: it leads to the O_PATH descriptor that the parent handed in. Opening waits for a reader. fifo(7). */
	auto_fd fifo = -EBADF;
	do
		fifo = openat(init->proc, path, O_WRONLY | O_CLOEXEC);
	while (fifo < 0 && errno == EINTR);
	if (fifo < 0)
		return pr_fail(reterr, PR_STEP_FIFO);
	(void)close((int)op->n[0]);
	init->fifo = pr_steal(&fifo);
	pr_reset_signals();
	return 0;
}

/* What is left to say when nobody listens any more goes to the program's own stderr. */
__attribute__((noreturn)) static void exec_failed(const struct pr_init *init, int errnum)
{
	char line[PATH_MAX + 128] = "exec ";
	size_t room = sizeof(line) - 1;
	(void)strncat(line, init->program, room - strlen(line));
	(void)strncat(line, ": ", room - strlen(line));
	size_t start = strlen(line);
	(void)strncat(line, strerror(errnum), room - strlen(line) - 1);
	/* Engines match Go's spelling, which begins in lower case. */
	if (line[start] >= 'A' && line[start] <= 'Z')
		line[start] = (char)(line[start] + ('a' - 'A'));
	(void)strncat(line, "\n", room - strlen(line));
	(void)!write(2, line, strlen(line));
	_exit(255);
}

int pr_op_last_word(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	struct pr_msg msg = { .kind = PR_MSG_EXECUTING, .op = init->index };
	unsigned int first = 3U + (unsigned int)op->n[0];
	int *last = init->sock >= 0 ? &init->sock : &init->fifo;
	if (init->sock >= 0) {
		if (pr_channel_send(init->sock, &msg, NULL, 0, NULL, 0, reterr) < 0)
			return -1;
	} else if (write(init->fifo, &msg, sizeof(msg)) != sizeof(msg)) {
		return pr_fail(reterr, PR_STEP_FIFO);
	}
	/* Close everything now: a path like /proc/self/fd/7/.. is resolved before close-on-exec takes effect (CVE-2024-21626). One descriptor
	 * stays, the socket or fifo whose end tells the other side that execve happened; it leads nowhere. */
	if ((unsigned int)*last != first && dup3(*last, (int)first, O_CLOEXEC) >= 0)
		*last = (int)first;
	unsigned int above = (unsigned int)*last + 1;
	if (pr_close_range(above, ~0U, 0) < 0) {
		/* Before 5.9. */
		long limit = sysconf(_SC_OPEN_MAX);
		for (long fd = above; fd < (limit > 0 && limit < 65536 ? limit : 65536); fd++)
			(void)close((int)fd);
	}
	(void)prctl(PR_SET_NAME, "pyrunc:exec", 0, 0, 0);
	return 0;
}

int pr_op_exec(struct pr_init *init, const struct pr_op *op, struct pr_error *reterr)
{
	(void)op;
	(void)reterr;
	/* Under a filter that may allow this call and nothing else that the program does not need itself. */
	(void)execve(init->program, init->args, init->env);
	exec_failed(init, errno);
}
