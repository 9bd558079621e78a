/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of the container, resolved below its root through descriptors only. */
#pragma once

#include <sys/types.h>

#include "pyrunc.h"

enum pr_make { PR_MAKE_NOTHING, PR_MAKE_DIRECTORY, PR_MAKE_FILE };

/* Opens `path` below root_fd as an O_PATH descriptor (the caller's): links are followed inside the root, magic links never. What is
 * missing is made: directories with `mode`, the last component as `make` says. openat2(2) RESOLVE_IN_ROOT. */
int pr_lookup(int root_fd, const char *path, enum pr_make make, mode_t mode, struct pr_error *reterr);

/* The same, but a link in the last component is opened itself. */
int pr_lookup_nofollow(int root_fd, const char *path, enum pr_make make, mode_t mode, struct pr_error *reterr);

/* Opens the parent directory of `path` (made when missing, 0755); *ret_name points at the last component inside `path`. */
int pr_lookup_parent(int root_fd, const char *path, const char **ret_name, struct pr_error *reterr);
