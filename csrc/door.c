/* SPDX-License-Identifier: Apache-2.0 */
/* The front door: main() of the static executable. It is the init stage when it is told so, answers what needs no decision, and
 * hands every other verb to Python. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "door.h"
#include "pyrunc.h"
#include "trace.h"
#include "version_text.h"

/* Pythons that the package is built for, newest first. */
static const char *const versions[] = { "3.13", "3.12", "3.11" };
static const char *const package_dirs[] = { "site-packages", "dist-packages" };

struct python {
	char interpreter[4096];
	char program[4096]; /* the package's __main__.py */
	char frozen[4096];  /* csrc/interpreter.c for this version: interpreter and package in one file; it may be missing */
};

bool pr_join(char *buffer, size_t size, const char *const *parts)
{
	size_t used = 0;
	for (; *parts; parts++) {
		size_t n = strlen(*parts);
		if (n >= size - used)
			return false;
		memcpy(buffer + used, *parts, n);
		used += n;
	}
	buffer[used] = '\0';
	return true;
}

size_t pr_put(int fd, const char *data, size_t size)
{
	size_t done = 0;
	while (done < size) {
		ssize_t n = write(fd, data + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* Says on stderr why Python could not be started; returns the exit code. */
static int complain(const char *const *parts)
{
	static char line[8192];
	if (pr_join(line, sizeof(line), parts))
		(void)pr_put(STDERR_FILENO, line, strlen(line));
	return 1;
}

#define COMPLAIN(...) complain((const char *const[]){ "pyrunc: ", __VA_ARGS__, "\n", NULL })

/* The path of this executable: a symlink to it does not matter. proc_pid_exe(5). */
static bool find_self(char *buf, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	return true;
}

/* Cuts the last two components off a path (PREFIX/bin/pyrunc). */
static bool cut_to_prefix(char *path)
{
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(path, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
	return true;
}

/* The newest Python below `prefix` that has the package, with the interpreter beside it or else Debian's. */
static bool find_python(const char *prefix, struct python *ret)
{
	for (size_t v = 0; v < sizeof(versions) / sizeof(*versions); v++)
		for (size_t d = 0; d < sizeof(package_dirs) / sizeof(*package_dirs); d++) {
			if (!PR_JOIN(ret->program, prefix, "/lib/python", versions[v], "/", package_dirs[d], "/pyrunc/__main__.py") ||
			    access(ret->program, R_OK) < 0)
				continue;
			if (!PR_JOIN(ret->frozen, prefix, "/lib/python", versions[v], "/", package_dirs[d], "/pyrunc/_python", versions[v]))
				continue;
			if (PR_JOIN(ret->interpreter, prefix, "/bin/python", versions[v]) && access(ret->interpreter, X_OK) == 0)
				return true;
			if (PR_JOIN(ret->interpreter, "/usr/bin/python", versions[v]) && access(ret->interpreter, X_OK) == 0)
				return true;
		}
	return false;
}

/* "pyrunc_start=" and the init stage's message in hexadecimal: runtime/start.py says it and undoes the container. */
static const char *start_failure(const struct pr_msg *msg)
{
	static char text[sizeof("pyrunc_start=") + 2 * sizeof(*msg)] = "pyrunc_start=";
	char *at = text + strlen(text);
	const uint8_t *bytes = (const uint8_t *)msg;
	for (size_t i = 0; i < sizeof(*msg); i++) {
		*at++ = "0123456789abcdef"[bytes[i] >> 4];
		*at++ = "0123456789abcdef"[bytes[i] & 15];
	}
	return text;
}

/* True when a word of the command line looks like the flag --trace: Python tells whether it is, and then wants to know when we began. */
static bool may_trace(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--trace", 7) == 0 || strncmp(argv[i], "-trace", 6) == 0)
			return true;
	return false;
}

/* Replaces this process by Python with the same arguments; returns only when that failed, with the exit code. `told` is an option that says
 * what was done already, or NULL; with `return_here` a foreground `run` or `exec` comes back to this executable (pr_door_foreground). `began`:
 * see main. */
static int hand_over(int argc, char **argv, const char *told, bool return_here, uint64_t began)
{
	static struct python python;
	static char door[4096 + 16];
	char prefix[4096];
	if (!find_self(prefix, sizeof(prefix)))
		return COMPLAIN("cannot read /proc/self/exe: mount /proc");
	if (!PR_JOIN(door, "pyrunc_door=", prefix) || !cut_to_prefix(prefix))
		return COMPLAIN("cannot tell where this executable is installed from ", prefix);
	if (!find_python(prefix, &python))
		return COMPLAIN("no Python 3.11 to 3.13 with the package pyrunc below ", prefix,
		                "/lib: install with pip, and link to the executable instead of copying it");
	static char name[4096 + 16]; /* what the caller called us: messages and help say it */
	char **args = calloc((size_t)argc + 16, sizeof(*args));
	if (!args || !PR_JOIN(name, "pyrunc=", argc > 0 && strlen(argv[0]) < 4096 ? argv[0] : "pyrunc"))
		return COMPLAIN("cannot start Python: out of memory");
	int n = 0;
	args[n++] = python.interpreter;
	args[n++] = (char *)"-I"; /* no PYTHON* variables, no current directory, no user site */
	args[n++] = (char *)"-S"; /* no .pth files */
	args[n++] = (char *)"-X";
	args[n++] = name;
	args[n++] = (char *)"-X";
	/* In the C locale Python sets LC_CTYPE; __main__.py takes it back, for hooks inherit our environment. */
	args[n++] = getenv("LC_CTYPE") ? (char *)"utf8" : (char *)"pyrunc_no_lc_ctype";
	if (return_here) {
		args[n++] = (char *)"-X";
		args[n++] = door;
	}
	if (told) {
		args[n++] = (char *)"-X";
		args[n++] = (char *)(uintptr_t)told;
	}
	static char trace[64];
	if (began && pr_format(trace, sizeof(trace), "pyrunc_trace=", began, "") > 0) {
		args[n++] = (char *)"-X";
		args[n++] = trace;
	}
	args[n++] = python.program;
	for (int i = 1; i < argc; i++)
		args[n++] = argv[i];
	execv(python.frozen, args);
	execv(python.interpreter, args);
	return COMPLAIN("cannot execute ", python.interpreter, ": ", strerror(errno));
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 8;
}

static bool wants_version(int argc, char **argv)
{
	return argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0);
}

/* Engines want the first line of a runtime named runc to begin with "runc version": that of "pyrunc version" without "py". */
static bool called_runc(const char *program)
{
	const char *slash = strrchr(program, '/');
	return strcmp(slash ? slash + 1 : program, "runc") == 0;
}

/* A descriptor opened later must not become 0, 1 or 2 because the caller closed those: /dev/null stands in (FD-3). */
static void open_standard_streams(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", O_RDWR);
	}
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "init") == 0 && is_number(argv[2]) && is_number(argv[3])) {
		pr_init_main(atoi(argv[2]), atoi(argv[3]));
		return 255;
	}
	uint64_t began = may_trace(argc, argv) ? pr_now_ns() : 0;
	open_standard_streams();
	const char *door = getenv("PYRUNC_DOOR");
	const char *told = NULL;
	bool on = !door || strcmp(door, "off") != 0;
	if (on && pr_door_is_foreground(argc, argv)) {
		int code = pr_door_foreground(&argc, &argv, &told);
		if (code != PR_DOOR_PYTHON)
			return code;
	} else if (on) {
		struct pr_msg failure = { 0 };
		struct pr_request request;
		if (wants_version(argc, argv)) {
			const char *text = PR_VERSION_TEXT + (called_runc(argv[0]) ? 2 : 0);
			return pr_put(STDOUT_FILENO, text, strlen(text)) == strlen(text) ? 0 : 1;
		}
		int code = pr_door_parse(argc, argv, &request) ? pr_door_serve(&request, &failure) : PR_DOOR_PYTHON;
		if (code != PR_DOOR_PYTHON)
			return code;
		if (failure.kind == PR_MSG_ERROR)
			told = start_failure(&failure);
	}
	return hand_over(argc, argv, told, on, began);
}
