# SPDX-License-Identifier: Apache-2.0
"""Facts about this host and process that decide how a plan looks."""

from __future__ import annotations

import os

from pyrunc.errors import ConfigError, NativeError
from pyrunc.plan.facts import Join
from pyrunc.runtime.context import in_user_namespace
from pyrunc.runtime.process import read_file
from pyrunc.tables.namespaces import NAMESPACES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrunc.config.types import Config, IdMapping, Linux
    from pyrunc.plan.facts import Facts
    from pyrunc.runtime.context import Context

_CAP_LAST_CAP = "/proc/sys/kernel/cap_last_cap"
_APPARMOR_ENABLED = "/sys/module/apparmor/parameters/enabled"
# The first is where the kernel (5.8) keeps AppArmor's own, whichever security module answers the
# second.
_APPARMOR_FILES = ("attr/apparmor/exec", "attr/exec")


def last_capability() -> int:
    """The highest capability the kernel has. capabilities(7)."""
    try:
        return int(read_file(_CAP_LAST_CAP))
    except OSError:
        return 63


def permitted_capabilities() -> int:
    """This process's permitted capabilities as a mask: no process can be given more. proc(5)."""
    data = read_file("/proc/self/status")
    at = data.index(b"CapPrm:") + len(b"CapPrm:")
    return int(data[at : data.index(b"\n", at)], 16)


def apparmor_file() -> str:
    """The file below /proc/self that takes the profile for exec; ConfigError without AppArmor
    (AA-1).
    """
    try:
        enabled = read_file(_APPARMOR_ENABLED)[:1] == b"Y"
    except OSError:
        enabled = False
    if not enabled:
        raise ConfigError("process.apparmorProfile: AppArmor is not enabled on this host")
    first, second = _APPARMOR_FILES
    return first if os.path.exists(f"/proc/self/{first}") else second


def check_selinux(member: str = "process.selinuxLabel") -> None:
    """ConfigError unless SELinux is there to take the label in `member` (SEL-1, LBL-1)."""
    if not os.path.exists("/sys/fs/selinux/enforce"):
        raise ConfigError(f"{member}: SELinux is not enabled on this host")


def setgroups_denied(pid: int | str) -> bool:
    """True when setgroups(2) is forbidden in the user namespace of `pid`. user_namespaces(7)."""
    try:
        return read_file(f"/proc/{pid}/setgroups").strip() == b"deny"
    except OSError:
        return False


def user_namespace_facts(facts: Facts, linux: Linux) -> None:
    """Sets what the plan must know of the container's user namespace and the caller's own."""
    asked = any(entry["type"] == "user" for entry in linux.get("namespaces", ()))
    inside = in_user_namespace()
    facts.user_namespace = asked or inside
    if not asked:
        facts.available_capabilities = permitted_capabilities()
    facts.open_sources = asked and facts.privileged
    own_gid = not facts.privileged and is_own_id(linux.get("gidMappings", ()), os.getegid())
    # What is denied in a user namespace is denied in those made there.
    facts.setgroups_denied = own_gid or (inside and setgroups_denied("self"))


def is_own_id(mappings: Sequence[IdMapping], own: int) -> bool:
    """True when `mappings` map nothing but the id `own`, which needs no privilege."""
    return len(mappings) == 1 and mappings[0]["size"] == 1 and mappings[0]["hostID"] == own


def is_rootless(ctx: Context) -> bool:
    """True when cgroup permission errors are to be expected: told so, not root, or in a user
    namespace.
    """
    if ctx.rootless is not None:
        return ctx.rootless
    return os.geteuid() != 0 or in_user_namespace()


def open_joins(config: Config) -> list[Join]:
    """Opens the namespaces that the config names by path; the fds are the caller's (NS-2)."""
    joins: list[Join] = []
    try:
        for index, entry in enumerate(config.get("linux", {}).get("namespaces", ())):
            path = entry.get("path")
            if path:
                joins.append(open_namespace(path, entry["type"], f"linux.namespaces[{index}].path"))
    except BaseException:
        close_joins(joins)
        raise
    return joins


def open_namespace(path: str, kind: str, member: str) -> Join:
    """Opens a namespace file and checks its type by NS_GET_NSTYPE. ioctl_ns(2)."""
    from fcntl import ioctl

    flag, name = NAMESPACES[kind]
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NativeError(f"{member}: open {path}", error.errno or 0) from None
    try:
        found = ioctl(fd, _NS_GET_NSTYPE)
    except OSError:
        found = -1
    if found != flag:
        os.close(fd)
        raise ConfigError(
            f'{member}: "{path}" is not a {kind} namespace (/proc/PID/ns/{name} would be)'
        )
    return Join(fd, flag, path)


_NS_GET_NSTYPE = 0xB703


def close_joins(joins: list[Join]) -> None:
    """Closes what open_joins opened."""
    for join in joins:
        os.close(join.fd)
    joins.clear()


def check_joined(config: Config, joins: list[Join]) -> None:
    """ConfigError when a namespace joined by path is the runtime's own and the config would change
    it: that is the host, whatever linux.namespaces calls it (SYS-3, HST-2)."""
    settings = config.get("linux", {}).get("sysctl", {})
    names = {flag: (word, name) for word, (flag, name) in NAMESPACES.items()}
    for join in joins:
        word, name = names[join.flag]
        changed = [member for member in _MEMBERS.get(word, ()) if config.get(member)]
        if settings:
            from pyrunc.config.grammar import sysctl_path
            from pyrunc.config.rules.sysctls import owner

            theirs = [key for key in settings if owner(sysctl_path(key)) == word]
            changed += [f"linux.sysctl.{key}" for key in theirs]
        if changed and same_namespace(join.fd, name):
            raise ConfigError(
                f"{changed[0]}: would change the host: {join.path} is the runtime's own {word} "
                "namespace"
            )


# Members of the config that change a namespace.
_MEMBERS = {"uts": ("hostname", "domainname")}


def same_namespace(fd: int, name: str) -> bool:
    """True when the open namespace is this process's own of that /proc/PID/ns name."""
    ours = os.stat(f"/proc/self/ns/{name}")
    theirs = os.fstat(fd)
    return (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino)
