/* SPDX-License-Identifier: Apache-2.0 */
/* A started Python as part of the executable's file. See image.c. */
#ifndef PR_IMAGE_H
#define PR_IMAGE_H

#include <stdbool.h>

/* Of a variable that the image is to hold; Python's are in it anyway. */
#define PR_IN_IMAGE __attribute__((section(".pr_image_room")))

/* True in an executable that holds an image: Python is started in its memory, and pr_image_wake is to be called in place of
 * Py_Initialize. */
bool pr_image_made(void);

/* Before Py_PreInitialize: has Python take all memory from the image's room, so that pr_image_write can save it. */
void pr_image_prepare(void);

/* Writes the image, the content of section .pr_image, into the file `path`: the caller holds the GIL, is the only thread and runs no Python
 * code. Memory allocated later comes from the C library. Returns 0 or -1 with errno. */
int pr_image_write(const char *path);

/* Makes the Python of the image this process's own: its thread, signals, locks, standard streams, os.environ and sys.argv, sys.orig_argv,
 * sys._xoptions and sys.executable from `argv`, which is python3's command line with the index of the program's name in it. Returns 0, or -1
 * with a Python exception set. */
int pr_image_wake(int argc, char **argv, int program);

#endif
