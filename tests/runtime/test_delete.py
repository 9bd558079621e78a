# SPDX-License-Identifier: Apache-2.0
"""delete and delete --force."""

from __future__ import annotations

import pytest

from .harness import Container, Runtime


@pytest.mark.parametrize("flag", ["--force", "-f", "--force=true"])
def test_force_running(container: Container, flag: str) -> None:
    """OPS-D3: delete --force kills and removes a running container."""
    container.up()
    container.delete(flag)
    assert container.wait() == 137
    container.absent()


def test_force_created(container: Container) -> None:
    """OPS-D3: delete --force kills and removes a created container."""
    container.create()
    container.delete("--force")
    assert container.wait() == 137
    container.absent()


def test_force_stopped(container: Container) -> None:
    """OPS-D3: delete --force removes a stopped container."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    container.delete("--force")
    container.absent()


def test_force_ignoring_term(container: Container) -> None:
    """OPS-D3: a program that ignores signals does not survive delete --force."""
    container.bundle.inside("trap")
    container.up()
    container.delete("--force")
    assert container.wait() == 137


def test_force_unknown(runtime: Runtime) -> None:
    """OPS-D1: delete --force of an unknown id succeeds in silence."""
    assert runtime("delete", "--force", "nobody").out == ""


def test_force_removes_a_broken_record(runtime: Runtime) -> None:
    """OPS-D3: delete --force removes a state directory that holds nothing usable."""
    (runtime.root / "broken").mkdir(parents=True)
    runtime("delete", "--force", "broken")
    assert not (runtime.root / "broken").exists()


def test_delete_is_silent(container: Container) -> None:
    """OPS-D3: delete prints nothing."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    assert container.delete().out == ""


def test_deleted_is_unknown(container: Container) -> None:
    """OPS-D3: after delete the id is unknown."""
    container.bundle.args("/bin/true")
    container.finish()
    assert container.runtime.fails("delete", container.id) == "container does not exist"


def test_force_paused(container: Container) -> None:
    """OPS-D3: delete --force thaws, kills and removes a paused container."""
    container.up()
    container.runtime("pause", container.id)
    container.delete("--force")
    assert container.wait() == 137
    container.absent()


def test_bundle_is_untouched(container: Container) -> None:
    """OPS-D4: delete leaves config.json and the root filesystem's own files."""
    container.bundle.file("etc/keep", "kept\n")
    container.bundle.args("/bin/true")
    container.finish()
    assert (container.bundle.rootfs / "etc/keep").read_text() == "kept\n"
    assert (container.bundle.path / "config.json").exists()
