# SPDX-License-Identifier: Apache-2.0
"""systemd units: names, paths, properties and annotations, all pure."""

from __future__ import annotations

from typing import Any

import pytest

from pyrunc.cgroups import gvariant, sdbus, unit_names, unit_properties, v1_values, v2_values
from pyrunc.cgroups.devices import rules_of
from pyrunc.cgroups.sdbus import Variant
from pyrunc.errors import ConfigError


@pytest.mark.parametrize(("path", "user", "wanted"), [
    ("", False, ("system.slice", "runc-c1.scope")),
    ("", True, ("user.slice", "runc-c1.scope")),
    (":cri:abc", False, ("system.slice", "cri-abc.scope")),
    ("machine.slice:libpod:abc", False, ("machine.slice", "libpod-abc.scope")),
    ("machine.slice::abc", False, ("machine.slice", "abc.scope")),
    ("kube.slice::kube-pod1.slice", False, ("kube.slice", "kube-pod1.slice")),
])  # fmt: skip
def test_cgroups_path_names_slice_and_unit(path: str, user: bool, wanted: tuple[str, str]) -> None:
    """CGP-2: slice:prefix:name is a scope in a slice, or a slice itself; absent is :runc:ID."""
    assert unit_names.parse(path, "c1", user=user) == wanted


@pytest.mark.parametrize(("path", "reason"), [
    ("/a/b", ('expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, '
              'got "/a/b" instead')),
    ("a:b", "expected cgroupsPath to be of format"),
    ("a:b:c:d", "expected cgroupsPath to be of format"),
    ("machine:a:b", "'machine' is not the name of a systemd slice"),
    ("a/b.slice:a:b", "'a/b.slice' is not the name of a systemd slice"),
    ("a--b.slice:a:b", "'a--b.slice' is not the name of a systemd slice"),
    ("-a.slice:a:b", "'-a.slice' is not the name of a systemd slice"),
    (".slice:a:b", "'.slice' is not the name of a systemd slice"),
    ("a.slice:x:../y", "'x-../y.scope' cannot be a systemd unit's name"),
    ("a.slice:x:", "'x-.scope' cannot be a systemd unit's name"),
    ("a.slice:x:y\n", "'x-y\\n.scope' cannot be a systemd unit's name"),
])  # fmt: skip
def test_bad_unit_names(path: str, reason: str) -> None:
    """CGP-2: another form, or what systemd would not take as a name, is an error."""
    with pytest.raises(ConfigError) as caught:
        unit_names.parse(path, "c1", user=False)
    assert str(caught.value).startswith("linux.cgroupsPath")
    assert reason in str(caught.value)


@pytest.mark.parametrize(("parent", "unit", "path"), [
    ("system.slice", "a.scope", "system.slice/a.scope"),
    ("a-b-c.slice", "x.scope", "a.slice/a-b.slice/a-b-c.slice/x.scope"),
    ("-.slice", "x.scope", "x.scope"),
    ("kube.slice", "kube-pod.slice", "kube.slice/kube-pod.slice"),
])  # fmt: skip
def test_where_a_unit_is(parent: str, unit: str, path: str) -> None:
    """CGP-1: the dashes of a slice's name are its parents."""
    assert unit_names.unit_path(parent, unit) == path


def infinity(name: str) -> tuple[str, Variant]:
    return name, Variant("t", 2**64 - 1)


V2_PROPERTIES = [
    ({"memory": {"limit": 5, "reservation": 3, "swap": 9}},
     [("MemoryMax", Variant("t", 5)), ("MemoryLow", Variant("t", 3)),
      ("MemorySwapMax", Variant("t", 4))]),
    ({"memory": {"limit": -1}}, [infinity("MemoryMax"), infinity("MemorySwapMax")]),
    ({"unified": {"memory.high": "7"}, "cpu": {"shares": 1024}},
     [("MemoryHigh", Variant("t", 7)), ("CPUWeight", Variant("t", 100))]),
    ({"cpu": {"quota": 50001, "period": 100000}},
     [("CPUQuotaPeriodUSec", Variant("t", 100000)), ("CPUQuotaPerSecUSec", Variant("t", 510000))]),
    ({"cpu": {"quota": -1}}, [("CPUQuotaPeriodUSec", Variant("t", 100000)),
                              infinity("CPUQuotaPerSecUSec")]),
    ({"cpu": {"idle": 1}}, [("CPUWeight", Variant("t", 0))]),
    ({"cpu": {"cpus": "0-1,9", "mems": "0"}},
     [("AllowedCPUs", Variant("ay", b"\x03\x02")), ("AllowedMemoryNodes", Variant("ay", b"\x01"))]),
    ({"pids": {"limit": 5}}, [("TasksMax", Variant("t", 5))]),
    ({"pids": {"limit": 0}}, [("TasksMax", Variant("t", 1))]),
    ({"pids": {"limit": -1}}, [infinity("TasksMax")]),
    ({"unified": {"pids.max": "max", "io.max": "8:0 rbps=1", "memory.max": "1G"}},
     [infinity("TasksMax")]),
]  # fmt: skip


@pytest.mark.parametrize(("resources", "wanted"), V2_PROPERTIES)
def test_v2_limits_as_properties(
    resources: dict[str, Any], wanted: list[tuple[str, Variant]]
) -> None:
    """PID-4, CPU-7, UNI-5: each limit, also one of unified, as systemd calls it."""
    assert unit_properties.from_writes(v2_values.writes(resources), 252) == wanted


def test_v1_limits_as_properties() -> None:
    """MEM-1, CPU-1, CPU-2: v1's files have properties of their own."""
    resources = {"memory": {"limit": 5}, "cpu": {"shares": 1024, "quota": 5000, "period": 10000}}
    assert unit_properties.from_writes(v1_values.writes(resources), 252) == [
        ("MemoryLimit", Variant("t", 5)), ("CPUShares", Variant("t", 1024)),
        ("CPUQuotaPeriodUSec", Variant("t", 10000)), ("CPUQuotaPerSecUSec", Variant("t", 500000)),
    ]  # fmt: skip


def test_old_systemd_is_not_told_what_it_does_not_know() -> None:
    """Properties are those of systemd's version: 241 has neither the period nor cpusets."""
    resources = {"cpu": {"quota": 5000, "period": 10000, "cpus": "0", "idle": 1}}
    found = unit_properties.from_writes(v2_values.writes(resources), 241)
    assert found == [("CPUQuotaPerSecUSec", Variant("t", 500000))]


def test_device_rules_as_properties() -> None:
    """CGD-8: strict policy with one entry for each allowed device, groups by their name."""
    names = "Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n  8 sd\n"
    rule = {"allow": True, "type": "b", "major": 8, "access": "r"}
    policy, (name, allow) = unit_properties.devices(rules_of([rule]), names)
    assert policy == ("DevicePolicy", Variant("s", "strict"))
    assert (name, allow.signature) == ("DeviceAllow", "a(ss)")
    wanted = {("block-sd", "r"), ("char-*", "m"), ("char-pts", "rwm"), ("/dev/char/1:3", "rwm")}
    assert wanted <= set(allow.value)


def test_all_devices_as_properties() -> None:
    """CGD-8: a container that may use every device has no device policy."""
    rules = rules_of([{"allow": True, "access": "rwm"}])
    assert unit_properties.devices(rules, "") == [
        ("DevicePolicy", Variant("s", "auto")), ("DeviceAllow", Variant("a(ss)", []))]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [
    ("true", Variant("b", True)), ("5", Variant("i", 5)), ("-7", Variant("i", -7)),
    ("uint64 5", Variant("t", 5)), ("0x10", Variant("i", 16)), ("1.5", Variant("d", 1.5)),
    ("'a b'", Variant("s", "a b")), ('"it\'s"', Variant("s", "it's")),
    (r"'a\'b\n'", Variant("s", "a'b\n")), ("objectpath '/a'", Variant("o", "/a")),
    ("['a', 'b']", Variant("as", ["a", "b"])), ("@as []", Variant("as", [])),
    ("[uint32 1, 2]", None), ("@au [1, 2]", Variant("au", [1, 2])),
    ("(1, 'x')", Variant("(is)", (1, "x"))), ("[('a', true)]", Variant("a(sb)", [("a", True)])),
    ("<'x'>", Variant("v", Variant("s", "x"))),
    ("", None), ("word", None), ("[1, 'a']", None), ("[]", None), ("'open", None),
    ("5 6", None), ("byte 256", None), ("(1", None), ("string 5", None),
])  # fmt: skip
def test_gvariant_text(text: str, value: Variant | None) -> None:
    """org.systemd.property.*: the text format of GVariant, refused where it is not."""
    if value is None:
        with pytest.raises(ValueError):
            gvariant.parse(text)
    else:
        assert gvariant.parse(text) == value


def test_annotations_become_properties() -> None:
    """org.systemd.property.NAME sets NAME; a time in seconds becomes microseconds."""
    annotations = {
        "org.systemd.property.TimeoutStopSec": "uint64 5",
        "other": "x",
        "org.systemd.property.CollectMode": "'inactive-or-failed'",
    }
    assert unit_properties.from_annotations(annotations) == [
        ("TimeoutStopUSec", Variant("t", 5000000)),
        ("CollectMode", Variant("s", "inactive-or-failed"))]  # fmt: skip


@pytest.mark.parametrize(("key", "text", "reason"), [
    ("Exec;Start", "'x'", "'Exec;Start' is not the name of a unit's property"),
    ("CollectMode", "x", "'x' is no GVariant text: 'x' is no value (strings are quoted)"),
    ("TimeoutStopSec", "'x'", "'x' is not a number of seconds"),
])  # fmt: skip
def test_bad_annotations(key: str, text: str, reason: str) -> None:
    """org.systemd.property.*: a bad name or value is an error that names the annotation."""
    with pytest.raises(ConfigError) as caught:
        unit_properties.from_annotations({f"org.systemd.property.{key}": text})
    assert str(caught.value) == f"annotation org.systemd.property.{key}: {reason}"


@pytest.mark.parametrize(("signature", "types"), [
    ("", []), ("sas", ["s", "as"]), ("ssa(sv)a(sa(sv))", ["s", "s", "a(sv)", "a(sa(sv))"]),
    ("aau(i)a{sv}", ["aau", "(i)", "a{sv}"]),
])  # fmt: skip
def test_signatures(signature: str, types: list[str]) -> None:
    """A D-Bus signature falls into its complete types."""
    assert sdbus.split_signature(signature) == types
