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

struct _frozen;

/* Before Py_PreInitialize: the modules that import all others, in place of those that CPython has in it. The table stays the caller's and must
 * last. */
void pr_image_set_bootstrap(const struct _frozen *modules);

/* In the build, when everything is imported: interns the names of the modules that CPython has in it. Returns 0 or -1. */
int pr_image_intern(void);

/* In the build, before Py_PreInitialize: has Python take all memory from the image's room, so that pr_image_write can save it, and arranged
 * by the file `profile`, which pr_image_write_profile wrote in a process that did the same. Returns 0 or -1 with errno. */
int pr_image_prepare(const char *profile);

/* In its place, in the process that writes the profile. Returns 0 or -1 with errno. */
int pr_image_rehearse(void);

/* What is touched from here on of what was allocated before is to lie together. Returns 0 or -1 with errno. */
int pr_image_watch(void);

/* Writes the profile, to a new file `path`. Returns 0 or -1 with errno. */
int pr_image_write_profile(const char *path);

/* From here on memory comes from Python's own allocators, and pr_image_made() is true. */
void pr_image_seal(void);

/* Writes the image, the content of section .pr_image, into the file `path`: the caller holds the GIL, is the only thread and runs no Python
 * code. Returns 0 or -1 with errno. */
int pr_image_write(const char *path);

/* Makes the Python of the image this process's own: its thread, signals, locks, standard streams, os.environ and sys.argv, sys.orig_argv,
 * sys._xoptions and sys.executable from `argv`, which is python3's command line with the index of the program's name in it. Returns 0, or -1
 * with a Python exception set. */
int pr_image_wake(int argc, char **argv, int program);

#endif
