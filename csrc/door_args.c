/* SPDX-License-Identifier: Apache-2.0 */
/* The front door's command line: the plain forms that engines send. Whatever else there is, Python reads (and explains). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cleanup.h"
#include "door.h"

static const char default_root[] = "/run/pyrunc";

struct words {
	char **at; /* the next word; the last one is NULL */
};

/* With "--name=value" or "--name value" at the front: takes it, returns the value. NULL when another word is there. */
static const char *take_value(struct words *words, const char *name)
{
	size_t size = strlen(name);
	char *word = *words->at;
	if (!word || strncmp(word, name, size) != 0)
		return NULL;
	if (word[size] == '=') {
		words->at++;
		return word + size + 1;
	}
	if (word[size] != '\0' || !words->at[1])
		return NULL;
	words->at += 2;
	return words->at[-1];
}

static bool take_word(struct words *words, const char *name)
{
	if (!*words->at || strcmp(*words->at, name) != 0)
		return false;
	words->at++;
	return true;
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

static const char *const formats[] = { "text", "json", NULL };
static const char *const rootless[] = { "true", "false", "auto", NULL };

/* Takes the global flags that change nothing for our verbs but where to look. False for a value that Python refuses. */
static bool take_globals(struct words *words, struct pr_request *request)
{
	const char *value;
	for (;;) {
		if ((value = take_value(words, "--root")))
			request->root = value;
		else if ((value = take_value(words, "--log")))
			request->log = value;
		else if ((value = take_value(words, "--log-format"))) {
			if (!is_one_of(value, formats))
				return false;
		} else if ((value = take_value(words, "--rootless"))) {
			if (!is_one_of(value, rootless))
				return false;
		} else if (!take_word(words, "--systemd-cgroup"))
			return true;
	}
}

/* Python makes a path absolute by its text; one that this would not change can be used as it is. */
static bool is_plain_root(const char *path)
{
	return path[0] == '/' && path[strspn(path, "/")] != '\0' && !strstr(path, "/.");
}

/* True when `text` is made of these words and blanks. */
static bool has_words(const char *text, const char *const *words)
{
	static const char blanks[] = " \t\n";
	for (; *words; words++) {
		text += strspn(text, blanks);
		size_t size = strcspn(text, blanks);
		if (size != strlen(*words) || strncmp(text, *words, size) != 0)
			return false;
		text += size;
	}
	return text[strspn(text, blanks)] == '\0';
}

/* True when this process sees all user ids as they are. user_namespaces(7). */
static bool sees_all_ids(void)
{
	static const char *const whole[] = { "0", "0", "4294967295", NULL };
	char text[128];
	auto_fd fd = pr_open("/proc/self/uid_map", O_RDONLY);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (size < 0)
		return false;
	text[size] = '\0';
	return has_words(text, whole);
}

/* The machine's root has its containers below the default root, whatever XDG_RUNTIME_DIR says; others may have a directory to be made. */
static bool set_default_root(struct pr_request *request)
{
	const char *directory = getenv("XDG_RUNTIME_DIR"), *user = getenv("USER");
	request->root = default_root;
	return !directory || !*directory || (geteuid() == 0 && ((user && strcmp(user, "root") == 0) || sees_all_ids()));
}

/* An id that may be a path component; the same rule as runtime/state.py's. */
static bool is_id(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-";
	size_t size = strlen(text);
	return size > 0 && size <= 255 && strspn(text, plain) == size && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

/* signal(7), the numbers of asm-generic; the others are for Python. */
static const char *const signals[] = {
	[1] = "HUP",   [2] = "INT",   [3] = "QUIT",  [9] = "KILL",  [10] = "USR1",
	[12] = "USR2", [15] = "TERM", [18] = "CONT", [19] = "STOP", [28] = "WINCH",
};

enum { SIGNALS = sizeof(signals) / sizeof(*signals), HIGHEST = 64 };

/* The number of "9", "KILL" or "SIGKILL" in any case, -1 for what Python has to look up. */
static int signal_number(const char *text)
{
	size_t size = strlen(text);
	if (size > 0 && size < 4 && strspn(text, "0123456789") == size) {
		int number = atoi(text);
		return number <= HIGHEST ? number : -1;
	}
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int i = 0; i < SIGNALS; i++)
		if (signals[i] && strcasecmp(text, signals[i]) == 0)
			return i;
	return -1;
}

/* True when the next word is the id and it is taken. */
static bool take_id(struct words *words, struct pr_request *request)
{
	const char *word = *words->at;
	if (!word || *word == '-' || !is_id(word))
		return false;
	request->id = word;
	words->at++;
	return true;
}

static bool read_plain(struct words *words, struct pr_request *request)
{
	return take_id(words, request);
}

static bool read_kill(struct words *words, struct pr_request *request)
{
	while (take_word(words, "--all") || take_word(words, "-a"))
		request->all = true;
	if (!take_id(words, request))
		return false;
	request->signal = signal_number(*words->at ? *words->at++ : "TERM");
	return request->signal >= 0;
}

static bool read_delete(struct words *words, struct pr_request *request)
{
	while (take_word(words, "--force") || take_word(words, "-f"))
		request->force = true;
	if (!take_id(words, request))
		return false;
	while (take_word(words, "--force") || take_word(words, "-f"))
		request->force = true;
	return true;
}

static bool read_ps(struct words *words, struct pr_request *request)
{
	const char *value;
	while ((value = take_value(words, "--format")) || (value = take_value(words, "-f")))
		request->json = strcmp(value, "json") == 0;
	return request->json && take_id(words, request);
}

static const struct {
	const char *name;
	enum pr_door_verb verb;
	bool (*read)(struct words *words, struct pr_request *request);
} verbs[] = {
	{ "state", PR_DOOR_STATE, read_plain }, { "start", PR_DOOR_START, read_plain },
	{ "kill", PR_DOOR_KILL, read_kill },    { "delete", PR_DOOR_DELETE, read_delete },
	{ "pause", PR_DOOR_PAUSE, read_plain }, { "resume", PR_DOOR_RESUME, read_plain },
	{ "ps", PR_DOOR_PS, read_ps },
};

bool pr_door_parse(int argc, char **argv, struct pr_request *ret_request)
{
	struct words words = { argv + 1 };
	*ret_request = (struct pr_request){ 0 };
	if (argc < 3 || !take_globals(&words, ret_request) || !*words.at)
		return false;
	if (ret_request->root ? !is_plain_root(ret_request->root) : !set_default_root(ret_request))
		return false;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (take_word(&words, verbs[i].name)) {
			ret_request->verb = verbs[i].verb;
			return verbs[i].read(&words, ret_request) && !*words.at;
		}
	return false;
}
