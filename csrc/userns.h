/* SPDX-License-Identifier: Apache-2.0 */
/* An id-mapped clone of a mount source. */
#pragma once

#include "pyrunc.h"

/* Clones the mount (or tree) at `path`, id-mapped and detached. Returns its descriptor (the caller's). mount_setattr(2). */
int pr_open_idmapped(const char *path, const struct pr_idmap *idmap, struct pr_error *reterr);
