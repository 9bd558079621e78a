# SPDX-License-Identifier: Apache-2.0
"""A caller without privileges: who that is, what is given to them, and ways to call as them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from . import cgroupfs, enosys, probes
from .container import Container
from .probes import in_child

ID = 65534  # nobody, whom every host has
AS_USER: dict[str, Any] = {"user": ID, "group": ID, "extra_groups": []}
FIRST, COUNT = 200000, 1000  # the host ids that subordinate_ids() grants
GRANT = f"nobody:{FIRST}:{COUNT}"
RANGE = {"containerID": 1, "hostID": FIRST, "size": COUNT}
_DROP = ["setpriv", f"--reuid={ID}", f"--regid={ID}", "--clear-groups"]
_NNP = "NoNewPrivs:\t1"
# In a mount namespace of its own, so that the host's files stay as they are.
_BIND = 'for f in subuid subgid; do mount --bind "$0/$f" "/etc/$f" || exit; done; exec "$@"'


def _become() -> None:
    os.setgroups([])
    os.setresgid(ID, ID, ID)
    os.setresuid(ID, ID, ID)


@cache
def unprivileged_user_namespaces() -> str | None:
    """A user without privileges may make a user namespace."""

    def call() -> None:
        _become()
        if probes.libc.unshare(probes.CLONE_NEWUSER) != 0:
            raise OSError(probes.ctypes.get_errno(), "refused")

    return in_child(call, f"unshare(CLONE_NEWUSER) as uid {ID}")


@cache
def id_map_helpers() -> str | None:
    """newuidmap and newgidmap are installed and can become root."""
    for name in ("newuidmap", "newgidmap"):
        path = shutil.which(name)
        if path is None:
            return f"{name} is not in $PATH"
        found = os.stat(path)
        if found.st_uid != 0 or not found.st_mode & stat.S_ISUID:
            return f"{path} is not root's and set-uid"
    # The filter of PYRUNC_ENOSYS is loaded by the user with no_new_privs.
    command = enosys.behind(enosys.groups(), ["/bin/cat", "/proc/self/status"])
    status = subprocess.run(command, capture_output=True, text=True, check=True, **AS_USER).stdout
    return "no_new_privs: a set-uid newuidmap stays the user's" if _NNP in status else None


def give(container: Container) -> Container:
    """Make the container one that the user can have: a user namespace with the one own id, no
    cgroup path, and their bundle and root directory.
    """
    linux = container.bundle.linux
    container.bundle.namespace("user")
    for kind in ("uid", "gid"):
        linux[f"{kind}Mappings"] = [{"containerID": 0, "hostID": ID, "size": 1}]
    del linux["cgroupsPath"]
    for entry in container.bundle.config["mounts"]:
        entry["options"] = [o for o in entry["options"] if not o.startswith(("gid=", "uid="))]
    runtime = container.runtime
    runtime.root.mkdir(mode=0o700)
    own(runtime.home)
    return container


def own(top: Path) -> None:
    """Give everything below `top` to the user."""
    os.chown(top, ID, ID)
    for where, _, names in os.walk(top):
        for name in [where, *(os.path.join(where, name) for name in names)]:
            os.lchown(name, ID, ID)


def subordinate_ids(home: Path) -> dict[str, Any]:
    """How to call as the user with GRANT in /etc/subuid and /etc/subgid."""
    for name in ("subuid", "subgid"):
        (home / name).write_text(f"{GRANT}\n")
    unshare = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _BIND, str(home)]
    return {"prefix": [*unshare, *_DROP, "--"]}


def in_user_namespace(*flags: str) -> dict[str, Any]:
    """How to call as root of a user namespace that the user made, with the one own id mapped."""
    return {"prefix": [*_DROP, "unshare", "--map-root-user", "--mount", *flags, "--"]}


@contextmanager
def delegated_cgroup(name: str) -> Iterator[dict[str, Any]]:
    """How to call as the user who was given the cgroup `name` and stands in its child `caller`, in
    every hierarchy.
    """
    tops = list(dict.fromkeys(cgroupfs.hierarchies().values()))
    made = [top / part for top in tops for part in (name, f"{name}/caller")]
    for path in made:
        path.mkdir()
        _fill(path)
        for each in (path, *(path / file for file in ("cgroup.procs", "tasks"))):
            if each.exists():
                os.chown(each, ID, ID)
        control = path / "cgroup.subtree_control"
        if control.exists():
            os.chown(control, ID, ID)
    script = (
        "import os, sys\n"
        "for path in sys.argv[1].split(':'):\n"
        "    open(path + '/cgroup.procs', 'w').write('0')\n"
        "os.execvp(sys.argv[2], sys.argv[2:])\n"
    )
    callers = ":".join(str(path) for path in made[1::2])
    try:
        yield {"prefix": [sys.executable, "-c", script, callers, *_DROP, "--"]}
    finally:
        for path in reversed(made):
            path.rmdir()


def _fill(path: Path) -> None:
    """v1: a new cpuset has no CPUs until it is told, on v2: controllers come from above."""
    for file in ("cpuset.cpus", "cpuset.mems"):
        if (path / "tasks").exists() and (path / file).exists():
            (path / file).write_text((path.parent / file).read_text())
    control = path.parent / "cgroup.subtree_control"
    if control.exists():
        offered = (path.parent / "cgroup.controllers").read_text().split()
        for word in offered:
            try:
                control.write_text(f"+{word}")
            except OSError:
                pass
