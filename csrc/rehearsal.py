# SPDX-License-Identifier: Apache-2.0
"""What create, run and exec touch, done before the image of the interpreter is arranged
(image_room.c): their work, but for what looks at the host or changes it.

freeze.py puts it into the interpreter as `_pyrunc_rehearsal`; only the build runs it.
"""

from __future__ import annotations

import _collections_abc
import builtins
import fcntl
import gc
import io
import os
import stat
import sys

_CONFIG = b"""{
  "ociVersion": "1.0.2", "hostname": "rehearsal", "root": {"path": "rootfs", "readonly": true},
  "annotations": {"org.example.name": "rehearsal"},
  "process": {
    "user": {"uid": 1, "gid": 1, "additionalGids": [2]}, "args": ["/bin/true"], "cwd": "/",
    "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
    "capabilities": {"bounding": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL"],
                     "inheritable": ["CAP_KILL"], "permitted": ["CAP_KILL"],
                     "ambient": ["CAP_KILL", "CAP_CHOWN"]},
    "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 1024}],
    "noNewPrivileges": true, "oomScoreAdj": 0
  },
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc",
     "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
     "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
     "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs",
     "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
     "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]},
    {"destination": "/etc/hosts", "type": "bind", "source": "/etc/hosts",
     "options": ["rbind", "rprivate"]}
  ],
  "linux": {
    "cgroupsPath": "/rehearsal", "sysctl": {"net.ipv4.ip_unprivileged_port_start": "0"},
    "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"},
                   {"type": "mount"}, {"type": "cgroup"}],
    "resources": {"memory": {"limit": 1073741824}, "cpu": {"shares": 1024}, "pids": {"limit": 64},
                  "devices": [{"allow": false, "access": "rwm"},
                              {"allow": true, "type": "c", "major": 1, "minor": 3,
                               "access": "rwm"}]},
    "maskedPaths": ["/proc/kcore", "/proc/keys", "/sys/firmware"],
    "readonlyPaths": ["/proc/bus", "/proc/sys"]
  }
}"""

_MOUNTINFO = (
    b"25 30 0:23 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
    b"29 25 0:25 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory\n"
)

# Modules whose functions look at the host or change it: they are touched, not called.
_TOUCHED = (
    *("os", "posixpath", "pyrunc", "pyrunc.__main__", "pyrunc.jsonio", "pyrunc.log"),
    *("pyrunc.native", "pyrunc.config.bundle", "pyrunc.plan.mounts", "pyrunc.plan.ops"),
    *("pyrunc.cli.call", "pyrunc.cli.globals", "pyrunc.cli.main", "pyrunc.cli.options"),
    *("pyrunc.cli.parser", "pyrunc.cli.tables"),
    *("pyrunc.cli.verbs.create", "pyrunc.cli.verbs.exec", "pyrunc.cli.verbs.run"),
    *("pyrunc.cgroups", "pyrunc.cgroups.calls", "pyrunc.cgroups.hierarchies"),
    *("pyrunc.cgroups.manager", "pyrunc.cgroups.paths", "pyrunc.cgroups.v1", "pyrunc.cgroups.v2"),
    *("pyrunc.cgroups.writes", "pyrunc.runtime.context", "pyrunc.runtime.create"),
    *("pyrunc.runtime.entering", "pyrunc.runtime.execute", "pyrunc.runtime.foreground"),
    *("pyrunc.runtime.host", "pyrunc.runtime.options", "pyrunc.runtime.process"),
    *("pyrunc.runtime.record", "pyrunc.runtime.recording", "pyrunc.runtime.run"),
    *("pyrunc.runtime.stage", "pyrunc.runtime.state", "pyrunc.tables.rlimits"),
)
# What they call of Python itself, by type or module.
_CALLED: tuple[tuple[object, str], ...] = (
    (str, "__getitem__ isdecimal isprintable removesuffix upper"),
    (bytes, "count rindex"),
    (int, "to_bytes"),
    (list, "clear"),
    (dict, "update"),
    (builtins, "min sum"),
    (_collections_abc.Mapping, "get"),
    (fcntl, "flock"),
    (gc, "disable"),
    (io.BufferedWriter, "tell"),
    (stat, "S_ISLNK"),
    (sys, "maxunicode"),
)


def rehearse() -> None:
    """Raises what the work raises: a build whose rehearsal fails is broken."""
    config = _read()
    _plan(config)
    _describe(config)
    _limit(config["linux"]["resources"])
    for name in _TOUCHED:
        __import__(name)
        _touch(name, vars(sys.modules[name]))
    os.environ.get("PATH")
    for holder, names in _CALLED:
        _hold([getattr(holder, name) for name in names.split()])


def _read():  # type: ignore[no-untyped-def]
    from pyrunc.cli.commands import VERBS
    from pyrunc.cli.parser import check_count, parse
    from pyrunc.cli.tables import GLOBALS, HELP, VERSION, by_name
    from pyrunc.cli.verbs import create, run
    from pyrunc.cli.verbs import exec as execute
    from pyrunc.config.validate import load_config, load_process

    line = ["--root", "/r", "--log", "/l", "--log-format", "json", "create", "--bundle", "/b", "id"]
    parse(line, by_name(GLOBALS, (HELP, VERSION)), stop_early=True)
    assert line[6] in VERBS
    for command in (create.COMMAND, execute.COMMAND, run.COMMAND):
        parse(["--pid-file", "/p", "id"], by_name(command.options, GLOBALS, (HELP,)),
              stop_early=command.stop_early)
        check_count("pyrunc", command.name, 1, command.least, command.most)
    config = load_config(_CONFIG, allow_newer=False, notes=[])
    load_process(_CONFIG[_CONFIG.index(b'"process": ') + 11 : _CONFIG.index(b',\n  "mounts"')])
    return config


def _plan(config) -> None:  # type: ignore[no-untyped-def]
    from pyrunc.plan.build import container_plan
    from pyrunc.plan.enter import exec_plan
    from pyrunc.plan.facts import Facts
    from pyrunc.plan.mounts import cgroup_mounts

    facts = Facts(bundle="/b", rootfs="/b/rootfs", container_id="rehearsal")
    facts.cgroup_mounts = cgroup_mounts([("memory", "/sys/fs/cgroup/memory", "/rehearsal")])
    facts.new_cgroup_namespace = facts.waits_for_start = True
    for version in (1, 2):
        facts.cgroup_version = version
        container_plan(config, facts).encode()
    exec_plan(config, config["process"], facts).encode()


def _describe(config) -> None:  # type: ignore[no-untyped-def]
    from pyrunc import jsonio
    from pyrunc.runtime import lists, state

    container = state.State("/r/rehearsal", {"id": "rehearsal", "bundle": "/b"})
    container.annotations = dict(config["annotations"])
    state.check_id(container.id)
    state.timestamp()
    jsonio.loads(jsonio.dumps(container.members()).encode())
    jsonio.dumps(container.document("created"))
    jsonio.dumps(lists.describe(container, pid=-1, status="?"), "  ")


def _limit(resources) -> None:  # type: ignore[no-untyped-def]
    from pyrunc.cgroups import device_program, devices, hierarchies, v1_values, v2_values

    hierarchies.layout_of(_MOUNTINFO, "/sys/fs/cgroup", "/proc/self")
    hierarchies.parse_proc_cgroup(b"1:memory:/\n0::/\n")
    rules = devices.rules_of(resources["devices"])
    device_program.program(rules)
    devices.v1_writes(rules)
    for values in (v1_values, v2_values):
        values.writes(resources)


def _touch(module: str, names) -> None:  # type: ignore[no-untyped-def]
    """Every function and class among the names that belongs to the module, and what they hold."""
    for value in names.values():
        value = getattr(value, "__func__", getattr(value, "fget", value))
        if isinstance(value, dict):
            value.get(None)
        if getattr(value, "__module__", "") != module:
            continue
        if isinstance(value, type):
            _touch(module, vars(value))
            _hold(vars(value).values())
            _instantiate(value)
        elif hasattr(value, "__code__"):
            _hold((value.__defaults__, value.__kwdefaults__, value.__qualname__))
            _hold(cell.cell_contents for cell in value.__closure__ or ())
            _touch_code(value.__code__)
            _refuse(value)


def _refuse(function) -> None:  # type: ignore[no-untyped-def]
    """Touches the names of a function's parameters, among which one is looked for in vain."""
    if function.__code__.co_flags & 8:  # CO_VARKEYWORDS: it would be called
        return
    try:
        function(no_such_parameter=None)
    except TypeError:
        return


def _instantiate(cls) -> None:  # type: ignore[no-untyped-def]
    """Touches the names of attributes, which all objects of a class share."""
    ours = cls.__module__.startswith("pyrunc.") and cls.__new__ is object.__new__
    if ours and cls.__dictoffset__:
        object.__new__(cls).touched = None


def _touch_code(code) -> None:  # type: ignore[no-untyped-def]
    _hold((code.co_name, code.co_qualname, code.co_filename, code.co_names, code.co_consts))
    for const in code.co_consts:
        if hasattr(const, "co_consts"):
            _touch_code(const)


def _hold(values) -> None:  # type: ignore[no-untyped-def]
    for value in values:
        if isinstance(value, (tuple, list, frozenset)):
            _hold(value)
        elif isinstance(value, dict):
            value.get(None)
            _hold(value.values())
