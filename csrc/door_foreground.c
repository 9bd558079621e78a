/* SPDX-License-Identifier: Apache-2.0 */
/* The foreground: what Python leaves itself for when the program of `run` or `exec` runs. Waits for the program, then deletes its container. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "door.h"

/* argv of runtime/foreground.py: PROGRAM foreground PID PIDFD MASTER ROOT ID VERB ..., where the rest is the command line as it was called.
 * MASTER is 0 without a terminal; ROOT and ID are empty when there is nothing to delete. */
enum { PID = 2, PIDFD, MASTER, ROOT, ID, REST };

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 8;
}

/* Nobody who is not the program's parent has anything to wait for or to delete here. */
static bool is_child(int32_t pid)
{
	siginfo_t info;
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

bool pr_door_is_foreground(int argc, char **argv)
{
	return argc > REST && strcmp(argv[1], "foreground") == 0 && is_number(argv[PID]) && is_number(argv[PIDFD]) &&
	       is_number(argv[MASTER]) && is_child(atoi(argv[PID]));
}

/* Waits for the program with its terminal. Returns its exit status, -errno. */
static int relay(int32_t pid, char **argv)
{
	struct pr_error error = { 0 };
	auto_fd pidfd = atoi(argv[PIDFD]);
	auto_fd master = *argv[MASTER] == '0' ? -EBADF : atoi(argv[MASTER]);
	int status = pr_relay(pid, pidfd, master, &error);
	return status < 0 ? -error.errnum : status;
}

/* Deletes the container whose first process this was. Returns 0 or PR_DOOR_PYTHON. */
static int delete_container(int32_t pid, char **argv)
{
	struct pr_msg unused;
	struct pr_request request = { .verb = PR_DOOR_DELETE, .root = argv[ROOT], .id = argv[ID], .pid = pid };
	return *argv[ID] ? pr_door_serve(&request, &unused) : 0;
}

/* "pyrunc_ended=STATUS:PID" for runtime/foreground.py; a negative status is the errno of a relay that failed. */
static const char *ending(int status, int32_t pid)
{
	static char text[64];
	char tail[24];
	(void)pr_format(tail, sizeof(tail), ":", (uint64_t)pid, "");
	(void)pr_format(text, sizeof(text), status < 0 ? "pyrunc_ended=-" : "pyrunc_ended=", (uint64_t)abs(status), tail);
	return text;
}

int pr_door_foreground(int *argc, char ***argv, const char **ret_told)
{
	char **args = *argv;
	int32_t pid = atoi(args[PID]);
	int status = relay(pid, args);
	if (status >= 0 && delete_container(pid, args) == 0)
		return status;
	*ret_told = ending(status, pid);
	args[REST - 1] = args[0];
	*argv += REST - 1;
	*argc -= REST - 1;
	return PR_DOOR_PYTHON;
}
