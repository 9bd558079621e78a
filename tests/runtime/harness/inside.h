// SPDX-License-Identifier: Apache-2.0
// What the parts of the witness share: how an answer is printed, and the table of subcommands.
#ifndef INSIDE_H
#define INSIDE_H

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *errno_name(int number);
int verdict(long result);
long long number(const char *text);

int do_fds(int argc, char **argv);
int do_rlimits(int argc, char **argv);
int do_tty(int argc, char **argv);
int do_argv(int argc, char **argv);
int do_env(int argc, char **argv);
int do_cwd(int argc, char **argv);
int do_umask(int argc, char **argv);
int do_stat(int argc, char **argv);
int do_sched(int argc, char **argv);
int do_mempolicy(int argc, char **argv);
int do_clock(int argc, char **argv);
int do_ns(int argc, char **argv);
int do_keyring(int argc, char **argv);
int do_ids(int argc, char **argv);
int do_open(int argc, char **argv);
int do_read(int argc, char **argv);
int do_write(int argc, char **argv);
int do_mount(int argc, char **argv);
int do_umount(int argc, char **argv);
int do_mknod(int argc, char **argv);
int do_syscall(int argc, char **argv);
int do_notify(int argc, char **argv);
int do_alloc(int argc, char **argv);
int do_fork(int argc, char **argv);
int do_trap(int argc, char **argv);
int do_pause(int argc, char **argv);
int do_winch(int argc, char **argv);

#endif
