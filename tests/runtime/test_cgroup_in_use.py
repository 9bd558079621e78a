# SPDX-License-Identifier: Apache-2.0
"""A cgroup that others are in: refused, and left as it is."""

from __future__ import annotations

import os
from collections.abc import Callable

from .harness import Container, departs, needs, probes

WARNS = departs("runc", "1.1 warns and puts the container into the others' cgroup")


@WARNS
def test_the_others_live(make_container: Callable[..., Container]) -> None:
    """CGP-6: a create that is refused because the cgroup has processes does not end those."""
    first, second = make_container("a").up(), make_container("b")
    second.bundle.linux["cgroupsPath"] = first.bundle.linux["cgroupsPath"]
    second.bundle.write()
    fixed = ["create", "--bundle", second.bundle.path, second.id]
    message = second.runtime.fails(*fixed)
    assert "container's cgroup is not empty: 1 process(es) found" in message
    assert not (second.runtime.root / second.id).exists()
    assert (first.status, os.path.exists(f"/proc/{first.pid}")) == ("running", True)
    assert first.exec("echo", "well").out == "well\n"


@WARNS
@needs(probes.freezer)
def test_a_frozen_cgroup_stays_frozen(make_container: Callable[..., Container]) -> None:
    """CGP-6: a create that is refused because the cgroup is frozen thaws and kills nothing."""
    first, second = make_container("a").up(), make_container("b")
    first.runtime("pause", first.id)
    second.bundle.linux["cgroupsPath"] = first.bundle.linux["cgroupsPath"]
    second.bundle.write()
    second.runtime.fails("create", "--bundle", second.bundle.path, second.id)
    assert first.status == "paused"
    first.runtime("resume", first.id)
    assert first.status == "running"
