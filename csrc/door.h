/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the front door: the command line, the verbs, and what they share. */
#pragma once

#include "pyrunc.h"

/* Instead of an exit code: Python is to do it. Nothing was done yet, or what was done Python may do again. */
enum { PR_DOOR_PYTHON = -1 };

enum pr_door_verb { PR_DOOR_STATE, PR_DOOR_START, PR_DOOR_KILL, PR_DOOR_DELETE, PR_DOOR_PAUSE, PR_DOOR_RESUME, PR_DOOR_PS };

struct pr_request {
	const char *root;
	const char *log; /* NULL or "": standard error */
	const char *id;
	enum pr_door_verb verb;
	int signal;
	int32_t pid; /* delete: of the container that is meant; 0: whichever has the id */
	bool all, force, json;
};

/* Reads a command line in the plain forms that engines use; false for every other. */
bool pr_door_parse(int argc, char **argv, struct pr_request *ret_request);

/* Serves the request. Returns the exit code or PR_DOOR_PYTHON; ret_failure->kind is PR_MSG_ERROR when Python is to undo a failed start. */
int pr_door_serve(const struct pr_request *request, struct pr_msg *ret_failure);

/* True for the command line with which a foreground `run` or `exec` leaves Python, called by the parent of the process that it names. */
bool pr_door_is_foreground(int argc, char **argv);

/* Waits for that process and deletes its container. Returns the exit code; PR_DOOR_PYTHON when Python is to do the rest: then argv is the
 * command line as it was called at first, and ret_told an option that says what happened. */
int pr_door_foreground(int *argc, char ***argv, const char **ret_told);

/* Joins strings up to a NULL; false when the result does not fit. No stdio here: it would double the size of what enters containers. */
bool pr_join(char *buffer, size_t size, const char *const *parts);

#define PR_JOIN(buffer, ...) pr_join(buffer, sizeof(buffer), (const char *const[]){ __VA_ARGS__, NULL })

/* Writes all of it, or as much as can be; returns how much was written. */
size_t pr_put(int fd, const char *data, size_t size);
