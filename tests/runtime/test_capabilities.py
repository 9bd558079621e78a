# SPDX-License-Identifier: Apache-2.0
"""process.capabilities: the five sets."""

from __future__ import annotations

import pytest

from .harness import Container

NUMBERS = {"CAP_CHOWN": 0, "CAP_KILL": 5, "CAP_NET_BIND_SERVICE": 10, "CAP_NET_ADMIN": 12}
SETS = dict(
    zip(
        ("bounding", "effective", "inheritable", "permitted", "ambient"),
        ("Bnd", "Eff", "Inh", "Prm", "Amb"),
        strict=True,
    )
)


def sets(container: Container, capabilities: dict[str, list[str]], uid: int = 0) -> dict[str, int]:
    """Run with these sets; return the five masks inside."""
    container.bundle.process.update(capabilities=capabilities, user={"uid": uid, "gid": uid})
    container.bundle.args("/bin/cat", "/proc/self/status")
    return {line[3:6]: int(line.split()[1], 16) for line in container.report() if line[:3] == "Cap"}


def mask(*names: str) -> int:
    """The mask of these capabilities."""
    return sum(1 << NUMBERS[name] for name in names)


def test_three_sets_of_root(container: Container) -> None:
    """CAP-2: bounding, effective and permitted are exactly as listed; the others are empty."""
    names = ["CAP_CHOWN", "CAP_KILL"]
    wanted = {"bounding": names, "effective": names, "permitted": names}
    got = sets(container, wanted)
    assert got == {
        "Bnd": mask(*names),
        "Eff": mask(*names),
        "Prm": mask(*names),
        "Inh": 0,
        "Amb": 0,
    }


def test_five_sets_of_a_user(container: Container) -> None:
    """CAP-2: a user's program keeps what is ambient, in all five sets."""
    names = ["CAP_NET_BIND_SERVICE"]
    got = sets(container, {name: names for name in SETS}, uid=1000)
    assert got == {name: mask(*names) for name in SETS.values()}


def test_user_without_ambient(container: Container) -> None:
    """CAP-2: a user's program without ambient ones has none effective; bounding stays."""
    names = ["CAP_NET_BIND_SERVICE"]
    wanted = {name: names for name in ("bounding", "effective", "permitted")}
    got = sets(container, wanted, uid=1000)
    assert got == {"Bnd": mask(*names), "Eff": 0, "Prm": 0, "Inh": 0, "Amb": 0}


@pytest.mark.parametrize("empty", [{}, {"bounding": []}])
def test_empty(container: Container, empty: dict[str, list[str]]) -> None:
    """CAP-2: a set that is not listed is empty, even for root."""
    assert set(sets(container, empty).values()) == {0}


def test_bounding_only(container: Container) -> None:
    """CAP-2: root's program gets what the bounding set lets exec give it."""
    got = sets(container, {"bounding": ["CAP_KILL"]})
    assert got["Bnd"] == mask("CAP_KILL")


def test_unknown_is_not_fatal(container: Container) -> None:
    """CAP-3: an unknown capability does not make create fail; the known ones hold."""
    names = ["CAP_KILL", "CAP_UNKNOWN_THING"]
    container.bundle.process["capabilities"] = {"bounding": names, "permitted": names}
    container.bundle.args("/bin/grep", "CapBnd", "/proc/self/status")
    result = container.run()
    assert (result.code, int(result.out.split()[1], 16)) == (0, mask("CAP_KILL"))


def test_effect(container: Container) -> None:
    """CAP-2: without CAP_CHOWN root cannot give a file away."""
    container.bundle.process["capabilities"] = {"bounding": ["CAP_KILL"]}
    container.bundle.sh("touch /file; busybox chown 1000 /file || echo no")
    assert container.report()[-1] == "no"


def test_ambient_needs_inheritable(container: Container) -> None:
    """CAP-5: an ambient capability that is not inheritable cannot be raised and is no error."""
    names = ["CAP_KILL"]
    wanted = {name: names for name in ("bounding", "effective", "permitted", "ambient")}
    container.bundle.process.update(capabilities=wanted, user={"uid": 1000, "gid": 1000})
    container.bundle.args("/bin/grep", "CapAmb", "/proc/self/status")
    result = container.run()
    assert (result.code, result.out.split()[-1]) == (0, "0" * 16)
