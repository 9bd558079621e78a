// SPDX-License-Identifier: Apache-2.0
// The witness's subcommands that try something and say how it went: files, mounts, signals, memory.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

// open PATH FLAGS: open(2) with numeric flags and mode 0600.
int do_open(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	return verdict(open(argv[1], (int)number(argv[2]), 0600));
}

// read PATH BYTES: read(2) of so many bytes; prints the count or the errno.
int do_read(int argc, char **argv)
{
	static char buffer[65536];
	if (argc < 3)
		return 2;
	int fd = open(argv[1], O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return verdict(-1);
	ssize_t got = read(fd, buffer, (size_t)number(argv[2]));
	if (got < 0)
		return verdict(-1);
	printf("%zd\n", got);
	return 0;
}

// write PATH TEXT: open for writing (created when missing) and one write(2).
int do_write(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	int fd = open(argv[1], O_WRONLY | O_CREAT, 0600);
	return verdict(fd < 0 ? -1 : write(fd, argv[2], strlen(argv[2])));
}

// mount SOURCE TARGET TYPE FLAGS DATA: mount(2).
int do_mount(int argc, char **argv)
{
	if (argc < 6)
		return 2;
	return verdict(mount(argv[1], argv[2], argv[3], (unsigned long)number(argv[4]), argv[5]));
}

// umount TARGET FLAGS: umount2(2).
int do_umount(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	return verdict(umount2(argv[1], (int)number(argv[2])));
}

// mknod PATH TYPE-LETTER MAJOR MINOR: mknod(2), mode 0600.
int do_mknod(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	mode_t type = argv[2][0] == 'b' ? S_IFBLK : argv[2][0] == 'p' ? S_IFIFO : S_IFCHR;
	return verdict(mknod(argv[1], type | 0600, makedev((unsigned)number(argv[3]), (unsigned)number(argv[4]))));
}

// syscall NUMBER [ARG]...: a raw system call with numeric arguments; prints "RESULT ERRNO-NAME-or-ok".
int do_syscall(int argc, char **argv)
{
	long long arg[7] = {0};

	for (int i = 1; i < argc && i < 8; i++)
		arg[i - 1] = number(argv[i]);
	long result = syscall((long)arg[0], arg[1], arg[2], arg[3], arg[4], arg[5], arg[6]);
	printf("%ld %s\n", result, result < 0 ? errno_name(errno) : "ok");
	return 0;
}

// notify TEXT: send one datagram to $NOTIFY_SOCKET.
int do_notify(int argc, char **argv)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (argc < 2 || !path || fd < 0)
		return 2;
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	return verdict(sendto(fd, argv[1], strlen(argv[1]), 0, (struct sockaddr *)&to, sizeof(to)));
}

// alloc MIB: touch so much memory, then say "ok".
int do_alloc(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	size_t size = (size_t)number(argv[1]) << 20;
	volatile char *memory = malloc(size);

	for (size_t i = 0; memory && i < size; i += 4096)
		memory[i] = 1;
	return verdict(memory ? 0 : -1);
}

// fork N: start N children that wait; prints how many could be started, then ends them.
int do_fork(int argc, char **argv)
{
	static pid_t pids[4096];
	int made = 0, error = 0;

	if (argc < 2)
		return 2;
	for (int want = atoi(argv[1]); made < want && made < 4096; made++) {
		pid_t pid = fork();
		if (pid == 0)
			for (;;)
				pause();
		if (pid < 0) {
			error = errno;
			break;
		}
		pids[made] = pid;
	}
	printf("%d %s\n", made, error ? errno_name(error) : "ok");
	for (int i = 0; i < made; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return 0;
}

static void note(int signo)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "signal %d\n", signo);

	if (write(1, line, (size_t)len) < 0 || signo == SIGTERM)
		_exit(42);
}

// trap: report each signal as a line "signal N"; SIGTERM ends it with status 42. Says "ready" first.
int do_trap(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = note};

	(void)argc, (void)argv;
	sigfillset(&action.sa_mask);
	for (int signo = 1; signo <= 64; signo++)
		sigaction(signo, &action, NULL);
	if (write(1, "ready\n", 6) != 6)
		return 2;
	for (;;)
		pause();
}

static void leave(int signo)
{
	_exit(128 + signo);
}

// pause: wait; SIGTERM and SIGINT end it at once, even as pid 1.
int do_pause(int argc, char **argv)
{
	(void)argc, (void)argv;
	signal(SIGTERM, leave);
	signal(SIGINT, leave);
	for (;;)
		pause();
	return 0;
}

// winch: print "size ROWS COLUMNS" now and at each SIGWINCH; a line on stdin ends it.
static void winch(int signo)
{
	struct winsize size = {0};
	char line[48];

	(void)signo;
	ioctl(0, TIOCGWINSZ, &size);
	int len = snprintf(line, sizeof(line), "size %d %d\n", size.ws_row, size.ws_col);
	if (write(1, line, (size_t)len) < 0)
		_exit(2);
}

int do_winch(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = winch, .sa_flags = SA_RESTART};
	char c;

	(void)argc, (void)argv;
	sigaction(SIGWINCH, &action, NULL);
	winch(0);
	return read(0, &c, 1) == 1 ? 0 : 1;
}
