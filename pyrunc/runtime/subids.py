# SPDX-License-Identifier: Apache-2.0
"""newuidmap and newgidmap, which write id maps that /etc/subuid and /etc/subgid grant to a user."""

from __future__ import annotations

import os
import stat

from pyrunc.errors import PyruncError, errno_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrunc.config.types import IdMapping

_NO_NEW_PRIVS = b"\nNoNewPrivs:\t1\n"
# helper: (member of config.json, file of grants, option of usermod(8))
_ABOUT = {
    "newuidmap": ("linux.uidMappings", "/etc/subuid", "--add-subuids"),
    "newgidmap": ("linux.gidMappings", "/etc/subgid", "--add-subgids"),
}


def call(name: str, pid: int, mappings: Sequence[IdMapping]) -> None:
    """Lets the helper `name` write the map of process `pid`; PyruncError tells what it said and
    what to do. newuidmap(1), newgidmap(1).
    """
    member = _ABOUT[name][0]
    path = _find(name)
    if not path:
        raise PyruncError(
            f"{member}: {name} is needed to map other ids than the caller's own one and is not in "
            "$PATH (Debian: apt-get install uidmap)"
        )
    numbers = [str(m[key]) for m in mappings for key in ("containerID", "hostID", "size")]
    code, said = _run([path, str(pid), *numbers])
    if code:
        said = " ".join(said.split()).removeprefix(f"{name}: ")
        why = said or f"exit status {code}"
        raise PyruncError(f"{member}: {name} failed: {why} ({_advice(name, path, mappings)})")


def _find(name: str) -> str:
    """The program's path by $PATH, "" when there is none."""
    for directory in os.get_exec_path():
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK):
            return path
    return ""


def _run(argv: list[str]) -> tuple[int, str]:
    """The exit code of a program, and what it wrote to stderr."""
    reader, writer = os.pipe()
    try:
        streams = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0),
            (os.POSIX_SPAWN_DUP2, 0, 1),
            (os.POSIX_SPAWN_DUP2, writer, 2),
        ]
        try:
            child = os.posix_spawn(argv[0], argv, os.environ, file_actions=streams)
        finally:
            os.close(writer)
        with open(reader, "rb", closefd=False) as pipe:
            said = pipe.read(4096).decode(errors="replace")
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said
    except OSError as error:
        raise PyruncError(f"exec {argv[0]}: {errno_text(error.errno or 0)}") from None
    finally:
        os.close(reader)


def _advice(name: str, path: str, mappings: Sequence[IdMapping]) -> str:
    """What the user or the administrator can do."""
    if _no_new_privileges():
        return f"{name} cannot become root: this process runs with no_new_privs"
    if not _is_privileged(path):
        return f"{path} is neither set-uid root nor has it file capabilities: reinstall it"
    _, file, option = _ABOUT[name]
    own = os.geteuid() if name == "newuidmap" else os.getegid()
    user = _user_name()
    wanted = [m for m in mappings if (m["hostID"], m["size"]) != (own, 1)]
    lines = " and ".join(f"{user}:{m['hostID']}:{m['size']}" for m in wanted)
    usermod = " ".join(f"{option} {m['hostID']}-{m['hostID'] + m['size'] - 1}" for m in wanted)
    return f"{file} must grant {lines or 'it'}: usermod {usermod} {user}"


def _no_new_privileges() -> bool:
    with open("/proc/self/status", "rb", buffering=0) as file:
        return _NO_NEW_PRIVS in file.read()


def _is_privileged(path: str) -> bool:
    try:
        found = os.stat(path)
        if found.st_mode & stat.S_ISUID and found.st_uid == 0:
            return True
        return bool(os.getxattr(path, "security.capability"))
    except OSError:
        return False


def _user_name() -> str:
    """The caller's name as the grants know it; a number where it has none."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
