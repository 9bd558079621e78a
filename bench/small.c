/* SPDX-License-Identifier: Apache-2.0 */
/* The container's program of the benchmarks, and a launcher that is small enough to measure peak memory: a process' peak begins with
 * that of the process it was started from. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* small peak FILE CMD...: runs CMD, writes the peak of its resident memory (and its children's) in KiB to FILE. getrusage(2) */
static int peak(char **argv)
{
	pid_t pid = vfork();
	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	int status;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 126;
	struct rusage usage;
	FILE *file = fopen(argv[0], "w");
	if (!file || getrusage(RUSAGE_CHILDREN, &usage) < 0 || fprintf(file, "%ld\n", usage.ru_maxrss) < 0 || fclose(file) != 0)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "peak") == 0)
		return peak(argv + 2);
	if (argc > 1 && strcmp(argv[1], "pause") == 0)
		for (;;)
			pause();
	return 0;
}
