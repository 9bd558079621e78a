# SPDX-License-Identifier: Apache-2.0
"""update of device rules: the new list in the place of the old, felt by a running container."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .harness import Container, departs, needs, probes, until
from .harness.limits import MIB, controllers, directory, on_v1, value

pytestmark = [
    departs("runc", "its update leaves device rules alone"),
    needs(probes.device_nodes),
]

KMSG = {"type": "c", "major": 1, "minor": 11}
DENY = {"allow": False, "access": "rwm"}
READ = {"allow": True, **KMSG, "access": "r"}
O_RDONLY_NONBLOCK, O_WRONLY_NONBLOCK = "0x800", "0x801"


@pytest.fixture
def container(container: Container) -> Container:
    """A container with /dev/k, which is /dev/kmsg, and the capability that reading it takes."""
    container.bundle.linux["devices"] = [{"path": "/dev/k", **KMSG}]
    container.bundle.linux["resources"] = {"devices": [DENY]}
    for names in container.bundle.process["capabilities"].values():
        names.append("CAP_SYSLOG")
    return container


def sent(container: Container, **changes: Any) -> None:
    """Update with these resources; it must succeed in silence."""
    stdin = json.dumps(changes)
    assert container.runtime("update", "-r", "-", container.id, stdin=stdin).out == ""


def may(container: Container, flags: str = O_RDONLY_NONBLOCK, device: str = "/dev/k") -> str:
    """Open a device in the running container: "ok" or the errno."""
    return container.exec("inside", "open", device, flags).out.strip()


def test_allow_and_deny(container: Container) -> None:
    """CGD-1, CGD-8: a rule that is new in the list opens a device, one that is gone closes it."""
    container.up()
    found = [may(container)]
    for rules in ([DENY, READ], [DENY]):
        sent(container, devices=rules)
        found.append(may(container))
    assert found == ["EPERM", "ok", "EPERM"]


def test_access(container: Container) -> None:
    """CGD-5: only the access of the new rule is given."""
    container.up()
    sent(container, devices=[READ])
    assert (may(container), may(container, O_WRONLY_NONBLOCK)) == ("ok", "EPERM")
    sent(container, devices=[{**READ, "access": "w"}])
    assert (may(container), may(container, O_WRONLY_NONBLOCK)) == ("EPERM", "ok")


def test_everything(container: Container) -> None:
    """CGD-3: a rule for all devices opens them, as for a privileged container, and back."""
    container.up()
    sent(container, devices=[{"allow": True, "access": "rwm"}])
    assert may(container) == "ok"
    sent(container, devices=[DENY])
    assert may(container) == "EPERM"


@pytest.mark.parametrize("rules", [[], [DENY]], ids=["none", "deny all"])
def test_default_devices_stay(container: Container, rules: list[dict[str, Any]]) -> None:
    """CGD-7: the default rules stand behind every list."""
    container.bundle.linux["resources"] = {"devices": [DENY, READ]}
    container.up()
    sent(container, devices=rules)
    found = [may(container, "2", f"/dev/{name}") for name in ("null", "zero", "full", "ptmx")]
    assert found == ["ok"] * 4
    assert may(container) == "EPERM"


@controllers("pids")
def test_other_updates_leave_them(container: Container) -> None:
    """CGP-5: an update without devices leaves the rules as they are."""
    container.bundle.linux["resources"] = {"devices": [DENY, READ]}
    container.up()
    sent(container, pids={"limit": 50})
    sent(container, devices=None, pids={"limit": 60})
    assert may(container) == "ok"


def test_open_descriptors_stay(container: Container) -> None:
    """CGD-1: what a process has open stays usable; the rules are for opening."""
    container.bundle.linux["resources"] = {"devices": [DENY, READ]}
    container.bundle.sh("exec 3</dev/k; echo open; while [ ! -e /go ]; do sleep 0.01; done;"
                        " head -c 1 <&3 >/dev/null && echo read; sleep 1000")
    container.up()
    container.says("open")
    sent(container, devices=[DENY])
    (container.bundle.rootfs / "go").touch()
    container.says("read")


def test_created(container: Container) -> None:
    """CGD-8: in a created container too; the program finds the device open."""
    container.bundle.inside("open", "/dev/k", O_RDONLY_NONBLOCK)
    container.create()
    sent(container, devices=[DENY, READ])
    container.start()
    assert container.wait() == 0
    assert container.output() == "ok\n"


@needs(probes.freezer)
def test_paused(container: Container) -> None:
    """CGD-8: in a paused container too, which stays paused."""
    container.up()
    container.runtime("pause", container.id)
    sent(container, devices=[DENY, READ])
    assert container.status == "paused"
    container.runtime("resume", container.id)
    assert may(container) == "ok"


def test_never_in_between(container: Container) -> None:
    """CGD-1: a running program never meets a list that is half written: /dev/null, which both
    lists have, can be opened all the time."""
    container.bundle.sh(
        "echo up; while [ ! -e /stop ]; do true </dev/null || echo refused; done; echo end"
    )
    container.up()
    container.says("up")
    for _ in range(6):
        sent(container, devices=[DENY, READ])
        sent(container, devices=[DENY])
    (container.bundle.rootfs / "stop").touch()
    container.says("end")
    assert container.output() == "up\nend\n"
    assert container.errors() == ""


@needs(probes.v1_cgroups)
@controllers("devices")
def test_same_rules_again(container: Container) -> None:
    """CGP-5: engines send the config's rules along; while they are what is in force, devices that
    somebody else has opened to the container (as hooks for GPUs do) stay open."""
    container.up()
    (directory(container, "devices") / "devices.allow").write_text("c 1:11 r")
    sent(container, devices=[DENY], pids={"limit": 60})
    assert may(container) == "ok"
    sent(container, devices=[{"allow": False, "type": "a", "access": "rwm"}])
    assert may(container) == "ok"


@controllers("pids")
@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ([{"allow": True, "type": "z", "access": "r"}], "devices[0].type"),
        ([DENY, {**READ, "access": "q"}], "devices[1].access"),
        ([{"access": "r"}], "devices[0]"),
        ("all", "devices"),
    ],
    ids=str,
)
def test_bad_rule(container: Container, rules: object, field: str) -> None:
    """CGD-2, CGD-3, CGD-5: a rule that is none is named, and the old ones stay in force."""
    container.bundle.linux["resources"] = {"devices": [DENY, READ], "pids": {"limit": 50}}
    container.up()
    stdin = json.dumps({"devices": rules, "pids": {"limit": 7}})
    message = container.runtime.fails("update", "-r", "-", container.id, stdin=stdin)
    assert field in message
    assert may(container) == "ok"


@controllers("pids")
def test_refused_limit_beside_rules(container: Container) -> None:
    """ERR-1: when the kernel refuses a limit of the same update the rules are as before."""
    container.up()
    stdin = json.dumps({"devices": [DENY, READ], "pids": {"limit": 2**62}})
    message = container.runtime.fails("update", "-r", "-", container.id, stdin=stdin)
    assert message.startswith("linux.resources.pids.limit: write")
    assert may(container) == "EPERM"
    sent(container, devices=[DENY, READ])  # the next one starts from the rules in force
    assert may(container) == "ok"


@needs(probes.v1_cgroups)
@controllers("devices", "memory")
def test_rule_that_v1_cannot_do(container: Container) -> None:
    """VAL-1, ERR-1: what v1 would take without effect (one device out of a wider rule) is refused,
    and limit and rules are as before."""
    if not on_v1("devices"):
        pytest.skip("the devices controller is not on v1")
    container.bundle.linux["resources"] = {"devices": [DENY, READ], "memory": {"limit": 64 * MIB}}
    container.up()
    rules = [DENY, {"allow": True, "type": "c", "major": 1, "access": "rwm"},
             {"allow": False, **KMSG, "access": "r"}]  # fmt: skip
    stdin = json.dumps({"devices": rules, "memory": {"limit": 96 * MIB}})
    message = container.runtime.fails("update", "-r", "-", container.id, stdin=stdin)
    assert message.startswith("linux.resources.devices[2]: v1 cannot take")
    assert may(container) == "ok"
    limit = value(container, "memory", "memory.limit_in_bytes", "memory.max")
    assert limit == str(64 * MIB)
    until(lambda: container.status == "running", "running")
