# SPDX-License-Identifier: Apache-2.0
"""Ops for mounts[]: one entry after the other, binds, file systems and the cgroup view."""

from __future__ import annotations

from posixpath import basename, isabs, join, normpath

from pyrunc.errors import ConfigError
from pyrunc.plan import ops
from pyrunc.plan.facts import NO_IDMAP
from pyrunc.plan.options import MountOptions
from pyrunc.tables.mounts import IDMAP, RIDMAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyrunc.config.types import Mount
    from pyrunc.plan.facts import Facts

# What lxcfs and the like replace; nothing else may be mounted inside /proc (CVE-2019-16884).
PROC_FILES = frozenset(
    "/proc/" + name
    for name in (
        "cpuinfo",
        "diskstats",
        "meminfo",
        "stat",
        "swaps",
        "uptime",
        "loadavg",
        "slabinfo",
        "sys/kernel/ns_last_pid",
        "sys/crypto/fips_enabled",
    )
)

CGROUP_TYPES = ("cgroup", "cgroup2")
# File systems whose one superblock the host shares, so that it can carry no label of ours; the
# others take SELinux' context as an option. selinux(8), mount(8).
_UNLABELLED = frozenset(("proc", "sysfs", "mqueue"))
_MAPPED = frozenset((IDMAP, RIDMAP))


def is_mapped(mount: Mount) -> bool:
    """True when the mount is to be id-mapped: told so, or given mappings (IDM-3)."""
    return bool(mount.get("uidMappings")) or not _MAPPED.isdisjoint(mount.get("options", ()))


def cgroup_mounts(
    view: Iterable[tuple[str, str, str]],
) -> list[tuple[str, list[str], str]]:
    """The mounts of a v1 view, (name, options, the container's cgroup) each: controllers that share
    a hierarchy share one. view: (controller, mount point, the container's cgroup).
    """
    seen: dict[str, tuple[str, list[str], str]] = {}
    for name, mountpoint, path in view:
        entry = seen.setdefault(mountpoint, (basename(mountpoint), [], path))
        entry[1].extend(["none", name] if name.startswith("name=") else [name])
    return list(seen.values())


def clean(destination: str) -> str:
    """The destination as an absolute path without "." and ".." (a relative one is below "/",
    MNT-2).
    """
    return normpath("/" + destination.lstrip("/"))


def add_mounts(plan: ops.Plan, mounts: list[Mount], facts: Facts, label: str = "") -> None:
    """Adds all mounts in their order, new file systems with SELinux' context `label` (LBL-1).
    ConfigError for what may not be mounted where it should.
    """
    for index, mount in enumerate(mounts):
        options = MountOptions(mount.get("options", ()))
        if options.data:
            options.data = [_unquoted(word) for word in options.data]
        target = clean(mount["destination"])
        if target == "/":
            raise ConfigError(
                f"mounts[{index}].destination: a mount on / would cover the root filesystem"
            )
        kind = mount.get("type", "")
        if options.remount and not options.bind:
            _add_remount(plan, target, options)
        elif options.bind:
            _add_bind(plan, mount, index, target, options, facts)
        elif kind in CGROUP_TYPES:
            _add_cgroup(plan, target, options, facts, label)
        else:
            if label and kind not in _UNLABELLED and not _has_context(options):
                options.data.append(f"context={label}")
            _add_filesystem(plan, mount, index, target, options, facts)
            if label and kind == "mqueue":
                plan.add("LABEL", f"mountLabel of {target}", strings=(target, label))


def _unquoted(word: str) -> str:
    """Without the quotes that a label with commas has in mount(8)'s lists: context="a:b:c0,c1"."""
    key, _, value = word.partition("=")
    quoted = key.endswith("context") and len(value) > 1 and value[0] == value[-1] == '"'
    return f"{key}={value[1:-1]}" if quoted else word


def _has_context(options: MountOptions) -> bool:
    """The mount names its label itself."""
    return any(word.partition("=")[0].endswith("context") for word in options.data)


def _packed(low: int, high: int) -> int:
    return low | high << 32


def _proc_flags(index: int, target: str, *, is_proc: bool) -> int:
    """Flags for a target at or below /proc; ConfigError when it must not be covered."""
    if target == "/proc":
        return ops.MOUNT_IN_PROC | (0 if is_proc else ops.MOUNT_FROM_PROC)
    if target in PROC_FILES:
        return ops.MOUNT_IN_PROC
    if target.startswith("/proc/"):
        raise ConfigError(
            f'mounts[{index}].destination: "{target}" cannot be mounted because it is inside /proc'
        )
    return 0


def _add_remount(plan: ops.Plan, target: str, options: MountOptions) -> None:
    plan.add(
        "REMOUNT",
        f"remount {target}",
        _packed(options.set, options.set_all),
        _packed(options.clear, options.clear_all),
        ops.pack_propagations(options.propagation),
        options.superblock,
        len(options.data),
        strings=(None, None, target, options.data),
    )


def _add_bind(
    plan: ops.Plan, mount: Mount, index: int, target: str, options: MountOptions, facts: Facts
) -> None:
    if options.data:
        words = ",".join(options.data)
        raise ConfigError(
            f"mounts[{index}].options: a bind mount cannot have filesystem-specific options: "
            f"{words}"
        )
    source = mount.get("source", "")
    if not source:
        raise ConfigError(f"mounts[{index}].source: a bind mount needs a source")
    if not isabs(source):
        source = join(facts.bundle, source)
    flags = _proc_flags(index, target, is_proc=False)
    if options.recursive:
        flags |= ops.MOUNT_RECURSIVE
    idmap = NO_IDMAP
    if index in facts.idmap_fds:
        flags |= ops.MOUNT_DETACHED
        whole = ops.IDMAP_TREE if options.recursive else 0
        whole |= ops.IDMAP_RECURSIVE if options.idmap == RIDMAP else 0
        idmap = (facts.idmap_fds[index], whole)
    plan.add(
        "BIND",
        f"mount {source} on {target}",
        _packed(options.set, options.set_all),
        _packed(options.clear, options.clear_all),
        ops.pack_propagations(options.propagation),
        facts.source_index(source, idmap),
        strings=(None, source, target),
        flags=flags,
    )


def _add_filesystem(
    plan: ops.Plan, mount: Mount, index: int, target: str, options: MountOptions, facts: Facts
) -> None:
    kind = mount.get("type", "")
    if not kind:
        raise ConfigError(f"mounts[{index}].type: a mount that is not a bind needs a type")
    if options.idmap:
        raise ConfigError(f"mounts[{index}].options: {options.idmap} is for bind mounts only")
    flags = 0
    if target == "/proc" and kind != "proc":
        raise ConfigError(
            f"mounts[{index}].destination: only procfs may be mounted on /proc, not {kind}"
        )
    flags |= _proc_flags(index, target, is_proc=kind == "proc")
    source = mount.get("source", kind)
    if kind in ("proc", "sysfs"):
        flags |= ops.MOUNT_PLAIN_DIR
    if kind == "sysfs" and facts.user_namespace:
        # Without a network namespace of its own a user namespace may not mount sysfs anew.
        flags |= ops.MOUNT_OR_BIND
        source = "/sys"
    if options.copyup and kind == "tmpfs":
        flags |= ops.MOUNT_COPYUP
    on, superblock = options.set, options.superblock
    if target == "/dev" and on & 1:
        # Its nodes are made first; a late op sets it read-only.
        facts.late_readonly.append(target)
        on &= ~1
        superblock &= ~1
    plan.add(
        "MOUNT",
        f"mount {kind} on {target}",
        _packed(on, options.set_all),
        options.clear_all << 32,
        ops.pack_propagations(options.propagation),
        superblock,
        len(options.data),
        strings=(kind, source, target, options.data),
        flags=flags,
    )


def _add_cgroup(
    plan: ops.Plan, target: str, options: MountOptions, facts: Facts, label: str
) -> None:
    """The container's view of its cgroups: v2 as one mount, v1 as a tmpfs with one mount a
    hierarchy.
    """
    if facts.cgroup_version == 2:
        _add_cgroup2(plan, target, options, facts)
        return
    data = ["mode=755", f"context={label}"] if label else ["mode=755"]
    plan.add(
        "MOUNT",
        f"mount tmpfs on {target}",
        options.set & ~1,
        0,
        0,
        0,
        len(data),
        strings=("tmpfs", "tmpfs", target, data),
    )
    for name, words, path in facts.cgroup_mounts:
        below = f"{target}/{name}"
        if facts.new_cgroup_namespace:
            plan.add(
                "MOUNT",
                f"mount cgroup {name} on {below}",
                options.set,
                0,
                0,
                0,
                len(words),
                strings=("cgroup", "cgroup", below, words),
            )
        else:
            plan.add(
                "BIND",
                f"mount {path} on {below}",
                options.set,
                0,
                0,
                facts.source_index(path),
                strings=(None, path, below),
            )
        for controller in name.split(","):
            if controller != name:
                plan.add(
                    "SYMLINK",
                    f"link {target}/{controller}",
                    strings=(name, f"{target}/{controller}"),
                )
    plan.add(
        "SETATTR",
        f"attributes of {target}",
        options.set & 1,
        0,
        ops.pack_propagations(options.propagation),
        strings=(None, None, target),
    )


def _add_cgroup2(plan: ops.Plan, target: str, options: MountOptions, facts: Facts) -> None:
    # A user namespace may be refused a mount of its own.
    bound = facts.user_namespace and bool(facts.cgroup_mounts)
    if facts.new_cgroup_namespace:
        plan.add(
            "MOUNT",
            f"mount cgroup2 on {target}",
            options.set,
            0,
            ops.pack_propagations(options.propagation),
            0,
            0,
            strings=("cgroup2", facts.cgroup_mounts[0][2] if bound else "cgroup", target),
            flags=ops.MOUNT_OR_BIND if bound else 0,
        )
        return
    if not facts.cgroup_mounts:
        raise ConfigError(f"mount cgroup on {target}: the host has no cgroup file system to show")
    path = facts.cgroup_mounts[0][2]
    plan.add(
        "BIND",
        f"mount {path} on {target}",
        options.set,
        0,
        ops.pack_propagations(options.propagation),
        facts.source_index(path),
        strings=(None, path, target),
    )
