# SPDX-License-Identifier: Apache-2.0
"""What `state` prints in each phase of a container's life."""

from __future__ import annotations

import os
import re

from .harness import Container, Runtime, needs, probes
from .harness.cloning import process_with_pid
from .harness.waiting import alive

RFC3339_NANO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def test_created(container: Container) -> None:
    """STA-3, STA-8: after create and before start the status is "created"."""
    container.create()
    assert container.status == "created"


def test_running(container: Container) -> None:
    """STA-8: after start the status is "running"."""
    container.up()
    assert container.status == "running"


def test_stopped_while_zombie(container: Container) -> None:
    """STA-10: a container whose process is an unreaped zombie is stopped, with pid 0."""
    container.bundle.args("/bin/true")
    container.up()
    os.waitid(os.P_PID, container.pid, os.WEXITED | os.WNOWAIT)
    state = container.state()
    assert (state["status"], state["pid"]) == ("stopped", 0)


def test_stopped_after_reaping(container: Container) -> None:
    """STA-8: after the process has ended and was reaped the status is "stopped" and the pid 0."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    state = container.state()
    assert (state["status"], state["pid"]) == ("stopped", 0)


def test_pid(container: Container) -> None:
    """STA-4: the state's pid is the one in the pid file, in created and in running."""
    container.create()
    assert container.state()["pid"] == container.pid
    container.start()
    assert container.state()["pid"] == container.pid


def test_identity(container: Container) -> None:
    """STA-1, STA-2, STA-5: id, absolute bundle and a version of the standard are in the state."""
    container.create()
    state = container.state()
    assert (state["id"], state["bundle"]) == (container.id, str(container.bundle.path))
    assert re.fullmatch(r"1\.\d+\.\d+(-\w+)?", state["ociVersion"])


def test_rootfs(container: Container) -> None:
    """STA-7: the state names the absolute path of the root filesystem."""
    container.create()
    assert container.state()["rootfs"] == str(container.bundle.rootfs)


def test_created_time(container: Container) -> None:
    """STA-7: `created` is RFC 3339 in UTC, with at most nanoseconds."""
    container.create()
    assert RFC3339_NANO.fullmatch(container.state()["created"])


def test_owner_is_empty(container: Container) -> None:
    """STA-7: `owner` is there and empty in `state` (only `list` fills it)."""
    container.create()
    assert container.state()["owner"] == ""


def test_annotations(container: Container) -> None:
    """ANN-8, STA-6, EXT-3: annotations appear in the state as they are, unknown keys too."""
    container.bundle.config["annotations"] = {"org.example.key": "a value", "empty": ""}
    container.create()
    annotations = container.state()["annotations"]
    wanted = {"org.example.key": "a value", "empty": ""}
    assert {key: annotations.get(key) for key in wanted} == wanted


def test_no_annotations(container: Container) -> None:
    """STA-6: without annotations the member is left out or empty."""
    container.create()
    assert not container.state().get("annotations")


def test_form(container: Container) -> None:
    """STA-9: the state is JSON, indented by two spaces."""
    container.create()
    text = container.runtime("state", container.id).out
    assert text.startswith('{\n  "ociVersion": "')
    assert text.rstrip().endswith("\n}")


def test_unknown_id(runtime: Runtime) -> None:
    """OPS-S2: the state of an unknown id is an error."""
    assert runtime.fails("state", "nobody") == "container does not exist"


def test_no_id(runtime: Runtime) -> None:
    """OPS-S1: state without an id is an error."""
    assert runtime.fails("state") == f'{runtime.argv0}: "state" requires exactly 1 argument(s)'


def test_second_process_of_the_owner(container: Container) -> None:
    """LIF-5: another process with the same root may use every operation (each verb is one)."""
    container.create()
    top = ["--root", container.runtime.root]
    container.runtime("start", container.id, top=top, root=False, cwd="/tmp")
    assert container.runtime("state", container.id, top=top, root=False).json()["pid"] == (
        container.pid
    )


@needs(probes.chosen_pids)
def test_reused_pid(container: Container) -> None:
    """STA-10: when the recorded pid belongs to another process, the container is stopped."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    with process_with_pid(container.pid):
        state = container.state()
    assert (state["status"], state["pid"]) == ("stopped", 0)


@needs(probes.chosen_pids)
def test_reused_pid_is_not_killed(container: Container) -> None:
    """STA-10: delete --force of a container whose pid was reused leaves the other process alone."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    with process_with_pid(container.pid):
        container.delete("--force")
        assert alive(container.pid)
