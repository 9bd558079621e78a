# SPDX-License-Identifier: Apache-2.0
"""linux.resources.devices: which devices a container may use, felt from inside."""

from __future__ import annotations

from typing import Any

import pytest

from .harness import Bundle, Container, departs, needs, probes


def resources(container: Container, **members: Any) -> Container:
    """Give the container these resources."""
    container.bundle.linux["resources"] = members
    return container


def may_read_the_log(container: Container) -> Bundle:
    """Give the container CAP_SYSLOG, so that only the device rules stand before /dev/kmsg."""
    for names in container.bundle.process["capabilities"].values():
        names.append("CAP_SYSLOG")
    return container.bundle


@needs(probes.device_nodes)
@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ([{"allow": False, "access": "rwm"}], ["ok", "EPERM"]),
        ([{"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}], ["ok", "ok"]),
        ([{"allow": True, "type": "c", "major": 1, "minor": 11, "access": "w"}], ["ok", "EPERM"]),
        ([{"allow": True, "type": "b", "access": "rwm"}], ["ok", "EPERM"]),
    ],
    ids=["none", "read", "write only", "another type"],
)
def test_device_rules(container: Container, rules: list[dict[str, Any]], wanted: list[str]) -> None:
    """CGD-1, CGD-3, CGD-5: /dev/null can be read whatever the rules; /dev/kmsg (1:11) as they
    say, the later rule winning."""
    container.bundle.linux["devices"] = [{"path": "/dev/k", "type": "c", "major": 1, "minor": 11}]
    deny = {"allow": False, "access": "rwm"}
    resources(container, devices=[deny, *rules])
    may_read_the_log(container).sh("inside open /dev/null 0; inside open /dev/k 0x800")
    assert container.report() == wanted


def test_deny_after_a_wider_allow(container: Container) -> None:
    """CGD-1, VAL-1: a rule that takes one device out of a wider one holds, or is an error where
    the host's cgroups cannot do it (v1): it is never without effect."""
    container.bundle.linux["devices"] = [{"path": "/dev/k", "type": "c", "major": 1, "minor": 11}]
    rules = [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "access": "rwm"},
        {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "r"},
    ]
    resources(container, devices=rules)
    may_read_the_log(container).inside("open", "/dev/k", "0x800")
    result = container.run()
    assert result.out == "EPERM\n" or (result.code == 1 and "device" in result.error)


@needs(probes.device_nodes)
def test_no_device_rules(container: Container) -> None:
    """CGD-7: without rules no device but the usual ones can be used."""
    container.bundle.linux["devices"] = [{"path": "/dev/k", "type": "c", "major": 1, "minor": 11}]
    may_read_the_log(container).sh(
        "inside open /dev/k 0x800; inside open /dev/urandom 0; inside open /dev/ptmx 2"
    )
    assert container.report() == ["EPERM", "ok", "ok"]


@needs(probes.device_nodes)
def test_mknod_is_no_access(container: Container) -> None:
    """CGD-7: a node may be made and not be used."""
    resources(container, devices=[{"allow": False, "access": "rwm"}])
    may_read_the_log(container).sh("inside mknod /tmp/k c 1 11; inside open /tmp/k 0x800")
    assert container.report() == ["ok", "EPERM"]


@pytest.mark.parametrize(
    "rule",
    [{"allow": True, "type": "z", "access": "r"}, {"allow": True, "access": "q"}, {"access": "r"}],
    ids=str,
)
@departs("runc", "1.1 fails in other places, or not at all")
def test_bad_device_rule(container: Container, rule: dict[str, Any]) -> None:
    """CGD-2, CGD-3, CGD-5: rules with unknown words or without allow are refused."""
    assert "devices" in resources(container, devices=[rule]).fails()
