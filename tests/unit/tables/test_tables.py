# SPDX-License-Identifier: Apache-2.0
"""The tables: the kernel's and libseccomp's numbers, and the same words as in the schemas."""

from __future__ import annotations

import ctypes.util
import importlib
import os
import pkgutil
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pyrunc.tables
from pyrunc.config._schemas import SCHEMAS
from pyrunc.plan import devices, rootfs
from pyrunc.tables import (
    capabilities,
    mounts,
    namespaces,
    process,
    rlimits,
    seccomp,
    signals,
    spec,
)


def compiled(headers, names):
    """The values that the C compiler gives `names` after `headers`."""
    lines = "".join(f'printf("%llu\\n", (unsigned long long){name});' for name in names)
    source = "#define _GNU_SOURCE\n#include <stdio.h>\n" + "".join(
        f"#include <{header}>\n" for header in headers) + f"int main(void) {{ {lines} }}\n"
    program = Path(os.environ.get("TMPDIR", "/tmp")) / f"pyrunc-tables-{os.getpid()}"
    try:
        subprocess.run(["cc", "-x", "c", "-", "-o", program], input=source, text=True, check=True)
        done = subprocess.run([program], capture_output=True, text=True, check=True)
    finally:
        program.unlink(missing_ok=True)
    return dict(zip(names, map(int, done.stdout.split()), strict=True))


@pytest.mark.parametrize(("headers", "table"), [
    (["linux/capability.h"], capabilities.CAPABILITIES),
    (["sys/resource.h"], {name: number for name, number in rlimits.RLIMITS.items()
                          if name != "RLIMIT_RTTIME"}),
    (["linux/sched.h"], {name: value for name, value in vars(namespaces).items()
                         if name.startswith("CLONE_")}),
    (["linux/mount.h"], {name: value for name, value in vars(mounts).items()
                         if name.startswith(("MS_", "MOUNT_ATTR_"))}),
    (["linux/sched.h"], {name: value for name, value in process.SCHED_POLICIES.items()
                         if name not in ("SCHED_OTHER", "SCHED_ISO")}),
    (["linux/sched.h"], process.SCHED_FLAGS),
    (["linux/ioprio.h"], process.IOPRIO_CLASSES),
    (["linux/mempolicy.h"], {name: value for name, value in {
        **process.MEMPOLICY_MODES, **process.MEMPOLICY_FLAGS}.items()
        if name != "MPOL_WEIGHTED_INTERLEAVE"}),
    (["sys/stat.h"], {name: value for name, value in vars(devices).items()
                      if name.startswith("S_IF")}),
    (["linux/seccomp.h"], {**seccomp.FLAGS, "SECCOMP_FILTER_FLAG_NEW_LISTENER":
                           seccomp.SECCOMP_FILTER_FLAG_NEW_LISTENER}),
], ids=["capabilities", "rlimits", "clone", "mounts", "policies", "sched-flags", "ioprio",
        "mempolicy", "modes", "seccomp"])
def test_numbers_are_the_kernels(headers, table):
    """CAP-4, RLM-2, NS-1, OPT-1, SCH-1, SCH-3, IOP-1, MPL-1, SEC-4: the numbers of the headers."""
    assert len(table) >= 3
    assert compiled(headers, list(table)) == table


def test_numbers_older_headers_lack():
    """RLM-2, MPL-1, SCH-1: numbers from the kernel's sources that not every header has."""
    assert process.MEMPOLICY_MODES["MPOL_WEIGHTED_INTERLEAVE"] == 6
    assert rlimits.RLIMITS["RLIMIT_RTTIME"] == 15
    assert process.SCHED_POLICIES["SCHED_OTHER"] == os.SCHED_OTHER
    assert process.PERSONALITIES == {"LINUX": 0, "LINUX32": 8}


def test_signals_are_those_of_the_c_library():
    """OPS-K3: every signal Python knows, and the whole range of real-time ones."""
    for entry in signal.Signals:
        if not entry.name.startswith("SIGRT"):
            assert signals.SIGNALS[entry.name[3:]] == entry.value
    real = {number for name, number in signals.SIGNALS.items() if name.startswith("RT")}
    assert real == set(range(signal.SIGRTMIN, signal.SIGRTMAX + 1))
    assert signals.SIGNALS["RTMIN+3"] == signal.SIGRTMIN + 3
    assert signals.SIGNALS["RTMAX-1"] == signal.SIGRTMAX - 1


def test_rlimits_are_those_of_the_c_library():
    """RLM-2: sixteen limits."""
    assert len(rlimits.RLIMITS) == 16
    for name, number in rlimits.RLIMITS.items():
        assert getattr(resource, name, number) == number


def test_seccomp_tokens_are_libseccomps():
    """SEC-3: the architecture tokens are those that libseccomp gives for the names."""
    path = ctypes.util.find_library("seccomp")
    if path is None:
        pytest.skip("libseccomp is not installed")
    library = ctypes.CDLL(path)
    library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    resolved = {word: library.seccomp_arch_resolve_name(
        word.removeprefix("SCMP_ARCH_").lower().encode()) for word in seccomp.ARCHITECTURES}
    known = {word: token for word, token in resolved.items() if token}
    assert len(known) >= 19
    assert known == {word: seccomp.ARCHITECTURES[word] for word in known}


def test_mount_option_words():
    """OPT-1: the 61 words of the standard's table and rnodev, each in one table only."""
    tables = (mounts.MOUNT_OPTIONS, mounts.RECURSIVE_OPTIONS, mounts.PROPAGATION,
              dict.fromkeys(mounts.SPECIAL_OPTIONS))
    words = [word for table in tables for word in table]
    assert len(words) == len(set(words)) == 62


def test_opposite_mount_options_touch_the_same_bits():
    """OPT-5: of two opposite words one sets exactly what the other clears."""
    opposites = [("async", "sync"), ("atime", "noatime"), ("dev", "nodev"), ("exec", "noexec"),
                 ("diratime", "nodiratime"), ("noiversion", "iversion"), ("rw", "ro"),
                 ("nolazytime", "lazytime"), ("loud", "silent"), ("nomand", "mand"),
                 ("norelatime", "relatime"), ("nostrictatime", "strictatime"),
                 ("suid", "nosuid"), ("symfollow", "nosymfollow")]
    for clearing, setting in opposites:
        bits = mounts.MOUNT_OPTIONS[setting][0]
        assert bits
        assert mounts.MOUNT_OPTIONS[setting] == (bits, 0)
        assert mounts.MOUNT_OPTIONS[clearing] == (0, bits)


def test_recursive_atime_words_clear_the_whole_field():
    """OPT-1: mount_setattr(2) wants MOUNT_ATTR__ATIME cleared whenever an atime value is set."""
    for word, (bits, clear) in mounts.RECURSIVE_OPTIONS.items():
        if word.endswith("atime") and "dir" not in word:
            assert clear == mounts.MOUNT_ATTR__ATIME
            assert bits & ~mounts.MOUNT_ATTR__ATIME == 0
        else:
            assert (bits == 0) != (clear == 0)


def _enum(file, *way):
    node = SCHEMAS[file]
    for step in way:
        node = node[step]
    return set(node["enum"])


@pytest.mark.parametrize(("words", "table"), [
    (_enum("linux.schema.json", "definitions", "namespace", "properties", "type"),
     namespaces.NAMESPACES),
    (_enum("process.schema.json", "definitions", "rlimit", "properties", "type"), rlimits.RLIMITS),
    (_enum("process.schema.json", "definitions", "scheduler", "properties", "policy"),
     process.SCHED_POLICIES),
    (_enum("process.schema.json", "definitions", "scheduler", "properties", "flags", "items"),
     process.SCHED_FLAGS),
    (_enum("process.schema.json", "definitions", "ioPriority", "properties", "class"),
     process.IOPRIO_CLASSES),
    (_enum("linux.schema.json", "definitions", "memoryPolicy", "properties", "mode"),
     process.MEMPOLICY_MODES),
    (_enum("linux.schema.json", "definitions", "memoryPolicy", "properties", "flags", "items"),
     process.MEMPOLICY_FLAGS),
    (_enum("linux.schema.json", "definitions", "personality", "properties", "domain"),
     process.PERSONALITIES),
    (_enum("linux.schema.json", "definitions", "device", "properties", "type"),
     devices.TYPES),
    (_enum("linux.schema.json", "properties", "rootfsPropagation"), set(rootfs.PROPAGATION) - {""}),
    (_enum("seccomp.schema.json", "definitions", "action"), seccomp.ACTIONS),
    (_enum("seccomp.schema.json", "definitions", "argument", "properties", "op"),
     seccomp.OPERATORS),
    (_enum("seccomp.schema.json", "properties", "architectures", "items"),
     seccomp.ARCHITECTURES),
    (_enum("seccomp.schema.json", "properties", "flags", "items"), seccomp.FLAGS),
    (set(SCHEMAS["config.schema.json"]["definitions"]["hooks"]["properties"]), spec.HOOKS),
    (set(SCHEMAS["process.schema.json"]["properties"]["capabilities"]["properties"]),
     capabilities.CAPABILITY_SETS),
])
def test_schema_words_are_the_table(words, table):
    """FEA-14: a schema lists exactly the words of the table that the rest works with."""
    assert words == set(table)


def test_tables_import_nothing():
    """PY-12: a table costs no more than itself."""
    names = [module.name for module in pkgutil.iter_modules(pyrunc.tables.__path__)]
    assert len(names) >= 9
    code = "import sys; before = set(sys.modules); " + "; ".join(
        f"import pyrunc.tables.{name}" for name in names) + "; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=Path(pyrunc.tables.__path__[0]).parents[1])
    assert set(done.stdout.split()) == {
        "pyrunc", "pyrunc.tables", *(f"pyrunc.tables.{name}" for name in names)}
    for name in names:
        assert importlib.import_module(f"pyrunc.tables.{name}").__doc__
