// SPDX-License-Identifier: Apache-2.0
// The witness: a static program that tests put into a container to report facts from inside it.
//
// Usage: inside SUBCOMMAND [ARG]...   Results are lines on stdout; a failing call prints the errno's name.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"

static const struct {
	int number;
	const char *name;
} errnos[] = {
	{EPERM, "EPERM"},	{ENOENT, "ENOENT"},	  {ESRCH, "ESRCH"},	  {EINTR, "EINTR"},
	{EIO, "EIO"},		{ENXIO, "ENXIO"},	  {EBADF, "EBADF"},	  {ECHILD, "ECHILD"},
	{EAGAIN, "EAGAIN"},	{ENOMEM, "ENOMEM"},	  {EACCES, "EACCES"},	  {EFAULT, "EFAULT"},
	{EBUSY, "EBUSY"},	{EEXIST, "EEXIST"},	  {EXDEV, "EXDEV"},	  {ENODEV, "ENODEV"},
	{ENOTDIR, "ENOTDIR"},	{EISDIR, "EISDIR"},	  {EINVAL, "EINVAL"},	  {EMFILE, "EMFILE"},
	{ENOTTY, "ENOTTY"},	{EFBIG, "EFBIG"},	  {ENOSPC, "ENOSPC"},	  {EROFS, "EROFS"},
	{ELOOP, "ELOOP"},	{ENAMETOOLONG, "ENAMETOOLONG"}, {ENOSYS, "ENOSYS"}, {ENOTEMPTY, "ENOTEMPTY"},
	{ENODATA, "ENODATA"},	{EOPNOTSUPP, "EOPNOTSUPP"}, {ECONNREFUSED, "ECONNREFUSED"},
	{EUSERS, "EUSERS"},	{EDQUOT, "EDQUOT"},	  {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
};

const char *errno_name(int number)
{
	static char unknown[24];

	for (size_t i = 0; i < COUNT(errnos); i++)
		if (errnos[i].number == number)
			return errnos[i].name;
	snprintf(unknown, sizeof(unknown), "errno-%d", number);
	return unknown;
}

// Print "ok" or the name of errno; the exit status is always 0: the line is the answer.
int verdict(long result)
{
	puts(result < 0 ? errno_name(errno) : "ok");
	return 0;
}

long long number(const char *text)
{
	return (long long)strtoull(text, NULL, 0);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"fds", do_fds},	   {"rlimits", do_rlimits}, {"tty", do_tty},	   {"argv", do_argv},
	{"env", do_env},	   {"cwd", do_cwd},	    {"umask", do_umask},   {"stat", do_stat},
	{"open", do_open},	   {"read", do_read},	    {"write", do_write},   {"mount", do_mount},
	{"umount", do_umount},	   {"mknod", do_mknod},	    {"syscall", do_syscall}, {"sched", do_sched},
	{"mempolicy", do_mempolicy}, {"clock", do_clock},   {"ns", do_ns},	   {"keyring", do_keyring},
	{"ids", do_ids},	   {"notify", do_notify},   {"alloc", do_alloc},   {"fork", do_fork},
	{"trap", do_trap},	   {"pause", do_pause},	    {"winch", do_winch},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < COUNT(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "inside: no such subcommand\n");
	return 2;
}
