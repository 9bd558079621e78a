/* SPDX-License-Identifier: Apache-2.0 */
/* The foreground: waits for a child, passes signals on, and carries bytes between the caller's streams and the container's terminal. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cleanup.h"
#include "handle.h"
#include "pyrunc.h"
#include "spawn.h"

enum { BUFFER = 16384 };

/* What a mistake of ours ends in. signal(7). */
static const int deadly[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
enum { DEADLY = sizeof(deadly) / sizeof(*deadly) };

struct pipe_end {
	char data[BUFFER];
	size_t used;  /* bytes waiting to be written */
	int from, to; /* -1: nothing more comes, or nobody takes it */
};

struct relay {
	int32_t pid;
	int pidfd, master, signals;
	struct pipe_end in, out;          /* stdin -> master, master -> stdout */
	struct sigaction actions[DEADLY]; /* what these signals did before */
	bool raw, caught;                 /* the caller's terminal is in raw mode; a handler guards it */
	bool ended;
};

static void copy_size(int master)
{
	struct winsize size;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(master, TIOCSWINSZ, &size);
}

/* For the handler: a process has one standard input, and so at most one terminal in raw mode. */
static struct termios before_raw;
static int32_t raw_for_pid;

static void on_deadly(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code <= 0 && info->si_pid != getpid()) {
		(void)kill((pid_t)raw_for_pid, number); /* somebody sent it: it is the program's */
		return;
	}
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before_raw);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

/* Makes the caller's terminal raw. Until leave_raw nothing that this process can catch leaves it so. */
static void enter_raw(struct relay *relay)
{
	struct termios raw;
	struct sigaction action;
	sigset_t set;
	if (relay->master < 0 || tcgetattr(STDIN_FILENO, &before_raw) < 0)
		return;
	raw = before_raw;
	cfmakeraw(&raw);
	raw_for_pid = relay->pid;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_deadly;
	action.sa_flags = SA_SIGINFO;
	sigemptyset(&set);
	for (int i = 0; i < DEADLY; i++) {
		(void)sigaction(deadly[i], &action, &relay->actions[i]);
		(void)sigaddset(&set, deadly[i]);
	}
	relay->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	relay->caught = true;
}

static void leave_raw(struct relay *relay)
{
	sigset_t all;
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	if (relay->raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before_raw);
	for (int i = 0; i < DEADLY && relay->caught; i++)
		(void)sigaction(deadly[i], &relay->actions[i], NULL);
}

/* Reads what there is, as far as there is room. EIO from a pty master means that the last user of the other end is gone. */
static void fill(struct pipe_end *end)
{
	if (end->from < 0 || end->used == BUFFER)
		return;
	ssize_t got = read(end->from, end->data + end->used, BUFFER - end->used);
	if (got > 0)
		end->used = end->to < 0 ? 0 : end->used + (size_t)got; /* what nobody takes is dropped: the writer must not stall */
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		end->from = -1;
}

/* The standard streams belong to the caller: this process must not make them nonblocking. A pipe that is ready takes this much at once. */
static void drain(struct pipe_end *end)
{
	if (end->to < 0 || end->used == 0)
		return;
	ssize_t written = write(end->to, end->data, end->used < PIPE_BUF ? end->used : PIPE_BUF);
	if (written > 0) {
		end->used -= (size_t)written;
		memmove(end->data, end->data + written, end->used);
	} else if (written < 0 && errno != EAGAIN && errno != EINTR) {
		end->used = 0;
		end->to = -1;
	}
}

/* What the program left to us, its subreaper: unwaited for, they would count against its pids.limit. */
static void reap_orphans(const struct relay *relay)
{
	siginfo_t info = { 0 };
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 && info.si_pid != (pid_t)relay->pid) {
		pr_reap((int32_t)info.si_pid);
		info.si_pid = 0;
	}
}

static bool ends(int number)
{
	return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT;
}

static void pass_signal(struct relay *relay)
{
	struct signalfd_siginfo info;
	if (read(relay->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	int number = (int)info.ssi_signo;
	if (number == SIGCHLD)
		reap_orphans(relay);
	if (number == SIGCHLD || number == SIGURG)
		return;
	if (number == SIGPIPE && info.ssi_pid == (uint32_t)getpid())
		return; /* our own write: nobody reads the output any more */
	if (number == SIGWINCH && relay->master >= 0)
		copy_size(relay->master);
	else if (relay->ended)
		relay->out.to = ends(number) ? -1 : relay->out.to; /* nobody reads the last output, and we are not wanted any more */
	else
		(void)kill((pid_t)relay->pid, number); /* a child that was not waited for keeps its number */
}

static int turn(struct relay *relay, int timeout_ms, struct pr_error *reterr)
{
	struct pollfd waits[6] = {
		{ .fd = relay->ended ? -1 : relay->pidfd, .events = POLLIN },
		{ .fd = relay->signals, .events = POLLIN },
		{ .fd = relay->in.used < BUFFER ? relay->in.from : -1, .events = POLLIN },
		{ .fd = relay->in.used ? relay->in.to : -1, .events = POLLOUT },
		{ .fd = relay->out.used < BUFFER ? relay->out.from : -1, .events = POLLIN },
		{ .fd = relay->out.used ? relay->out.to : -1, .events = POLLOUT },
	};
	int count = pr_handle_poll(waits, 6, 0, timeout_ms);
	if (count < 0 && errno != EINTR)
		return pr_fail(reterr, PR_STEP_READ);
	if (count <= 0)
		return count == 0;
	if (waits[0].revents)
		relay->ended = true;
	if (waits[1].revents)
		pass_signal(relay);
	if (waits[2].revents)
		fill(&relay->in);
	if (waits[3].revents)
		drain(&relay->in);
	if (waits[4].revents)
		fill(&relay->out);
	if (waits[5].revents)
		drain(&relay->out);
	return 0;
}

/* Until the process ended and all that it wrote is out. Others may still hold its terminal open: after its end only what is there counts. */
static int carry(struct relay *relay, struct pr_error *reterr)
{
	while (!relay->ended) {
		if (turn(relay, -1, reterr) < 0)
			return -1;
	}
	relay->in.from = relay->in.to = -1;
	while (relay->out.to >= 0 && (relay->out.from >= 0 || relay->out.used)) {
		int idle = turn(relay, relay->out.used ? -1 : 0, reterr);
		if (idle < 0)
			return -1;
		if (idle)
			break;
	}
	return 0;
}

static int exit_status(struct relay *relay, struct pr_error *reterr)
{
	siginfo_t info;
	memset(&info, 0, sizeof(info));
	int result;
	do
		result = waitid(P_PID, (id_t)relay->pid, &info, WEXITED);
	while (result < 0 && errno == EINTR);
	if (result < 0)
		return pr_fail(reterr, PR_STEP_DEAD);
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

int pr_relay(int32_t pid, int pidfd, int master_fd, struct pr_error *reterr)
{
	struct relay relay;
	memset(&relay, 0, sizeof(relay));
	relay.pid = pid;
	relay.pidfd = pidfd;
	relay.master = master_fd;
	relay.in.from = master_fd >= 0 ? STDIN_FILENO : -1;
	relay.in.to = relay.out.from = master_fd;
	relay.out.to = master_fd >= 0 ? STDOUT_FILENO : -1;
	sigset_t all, old;
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	auto_fd signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0) {
		(void)pr_fail(reterr, PR_STEP_OPEN);
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
		return -1;
	}
	relay.signals = signals;
	if (master_fd >= 0) {
		(void)fcntl(master_fd, F_SETFL, O_RDWR | O_NONBLOCK);
		copy_size(master_fd);
	}
	enter_raw(&relay);
	int result = carry(&relay, reterr);
	leave_raw(&relay);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return result < 0 ? -1 : exit_status(&relay, reterr);
}
