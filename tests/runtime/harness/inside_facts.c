// SPDX-License-Identifier: Apache-2.0
// The witness's subcommands that report what the process is: fds, limits, ids, terminal, namespaces.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

// fds: one line "N TARGET" for each open descriptor but the one that reads the directory.
int do_fds(int argc, char **argv)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char target[4096];

	(void)argc, (void)argv;
	if (!dir)
		return verdict(-1);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir))
			continue;
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = 0;
		printf("%s %s\n", entry->d_name, target);
	}
	closedir(dir);
	return 0;
}

// rlimits: one line "NUMBER SOFT HARD" for each resource, as unsigned 64-bit numbers.
int do_rlimits(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (int i = 0; i < 16; i++) {
		uint64_t limit[2];
		if (syscall(SYS_prlimit64, 0, i, NULL, limit) == 0)
			printf("%d %llu %llu\n", i, (unsigned long long)limit[0],
			       (unsigned long long)limit[1]);
	}
	return 0;
}

// tty: for fds 0, 1, 2 a line "N ISATTY RDEV-MAJOR:MINOR", then "size ROWS COLUMNS" of fd 0.
int do_tty(int argc, char **argv)
{
	struct winsize size;
	struct stat st;

	(void)argc, (void)argv;
	for (int fd = 0; fd < 3; fd++) {
		fstat(fd, &st);
		printf("%d %d %u:%u\n", fd, isatty(fd), major(st.st_rdev), minor(st.st_rdev));
	}
	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		printf("size %d %d\n", size.ws_row, size.ws_col);
	else
		printf("size %s\n", errno_name(errno));
	return 0;
}

// argv ...: each argument (and argv[0]) on its own line.
int do_argv(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		puts(argv[i]);
	return 0;
}

// env: the environment, one entry a line, in order.
int do_env(int argc, char **argv)
{
	extern char **environ;

	(void)argc, (void)argv;
	for (char **entry = environ; *entry; entry++)
		puts(*entry);
	return 0;
}

// cwd: what the getcwd system call itself says.
int do_cwd(int argc, char **argv)
{
	char path[4096];
	long len = syscall(SYS_getcwd, path, sizeof(path));

	(void)argc, (void)argv;
	if (len < 0)
		return verdict(-1);
	puts(path);
	return 0;
}

// umask: the mask, in octal.
int do_umask(int argc, char **argv)
{
	(void)argc, (void)argv;
	printf("%04o\n", (unsigned)umask(0));
	return 0;
}

static char type_letter(mode_t mode)
{
	static const struct {
		mode_t type;
		char letter;
	} types[] = {{S_IFREG, 'f'}, {S_IFDIR, 'd'},  {S_IFLNK, 'l'}, {S_IFCHR, 'c'},
		     {S_IFBLK, 'b'}, {S_IFIFO, 'p'}, {S_IFSOCK, 's'}};

	for (size_t i = 0; i < COUNT(types); i++)
		if ((mode & S_IFMT) == types[i].type)
			return types[i].letter;
	return '?';
}

// stat PATH...: "TYPE MODE UID GID MAJOR:MINOR FSMAGIC" (lstat; octal mode; device numbers; hexadecimal magic).
int do_stat(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat st;
		struct statfs fs = {0};
		if (lstat(argv[i], &st) < 0) {
			verdict(-1);
			continue;
		}
		statfs(argv[i], &fs);
		printf("%c %04o %u %u %u:%u %lx\n", type_letter(st.st_mode), st.st_mode & 07777, st.st_uid,
		       st.st_gid, major(st.st_rdev), minor(st.st_rdev), (unsigned long)fs.f_type);
	}
	return 0;
}

struct sched_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

// sched: "POLICY FLAGS NICE PRIORITY RUNTIME DEADLINE PERIOD", then "ioprio CLASS LEVEL", then "cpus LIST".
int do_sched(int argc, char **argv)
{
	struct sched_attributes a = {0};
	cpu_set_t set;

	(void)argc, (void)argv;
	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
		return verdict(-1);
	printf("%u %llu %d %u %llu %llu %llu\n", a.policy, (unsigned long long)a.flags, a.nice, a.priority,
	       (unsigned long long)a.runtime, (unsigned long long)a.deadline, (unsigned long long)a.period);
	long prio = syscall(SYS_ioprio_get, 1, 0);
	printf("ioprio %ld %ld\n", prio >> 13, prio & 0x1fff);
	printf("cpus");
	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			printf(" %d", i);
	puts("");
	return 0;
}

// mempolicy: "MODE NODEMASK" in decimal and hexadecimal, from get_mempolicy(2).
int do_mempolicy(int argc, char **argv)
{
	int mode = -1;
	unsigned long nodes[16] = {0};

	(void)argc, (void)argv;
	if (syscall(SYS_get_mempolicy, &mode, nodes, sizeof(nodes) * 8, NULL, 0) < 0)
		return verdict(-1);
	printf("%d %lx\n", mode, nodes[0]);
	return 0;
}

// clock ID: the clock's seconds.
int do_clock(int argc, char **argv)
{
	struct timespec now;

	if (argc < 2)
		return 2;
	if (clock_gettime((clockid_t)number(argv[1]), &now) < 0)
		return verdict(-1);
	printf("%lld\n", (long long)now.tv_sec);
	return 0;
}

// ns: "TYPE INODE" for each namespace of this process.
int do_ns(int argc, char **argv)
{
	static const char *const types[] = {"mnt", "pid", "ipc", "uts", "net", "user", "cgroup", "time"};

	(void)argc, (void)argv;
	for (size_t i = 0; i < COUNT(types); i++) {
		char path[32];
		struct stat st;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", types[i]);
		if (stat(path, &st) == 0)
			printf("%s %llu\n", types[i], (unsigned long long)st.st_ino);
	}
	return 0;
}

// keyring: the session keyring's description, from keyctl(KEYCTL_DESCRIBE).
int do_keyring(int argc, char **argv)
{
	char text[512];
	long len = syscall(SYS_keyctl, 6, -3, text, sizeof(text));

	(void)argc, (void)argv;
	if (len < 0)
		return verdict(-1);
	puts(text);
	return 0;
}

// ids: "RUID EUID SUID RGID EGID SGID", then "dumpable N", "nnp N".
int do_ids(int argc, char **argv)
{
	uid_t u[3];
	gid_t g[3];

	(void)argc, (void)argv;
	syscall(SYS_getresuid, &u[0], &u[1], &u[2]);
	syscall(SYS_getresgid, &g[0], &g[1], &g[2]);
	printf("%u %u %u %u %u %u\n", u[0], u[1], u[2], g[0], g[1], g[2]);
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	printf("nnp %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	return 0;
}
