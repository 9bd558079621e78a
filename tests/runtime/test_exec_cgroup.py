# SPDX-License-Identifier: Apache-2.0
"""exec --cgroup: a sub-cgroup of the container's, in one hierarchy or in all; and who sees it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Container, cgroupfs, departs, exit_code, needs, probes, until
from .harness.limits import controllers, directory, on_v1
from .harness.waiting import alive

V1 = needs(probes.v1_cgroups)
V2 = needs(probes.v2_cgroups)


@pytest.fixture
def up(container: Container) -> Container:
    """A running container."""
    return container.up()


def tops(container: Container) -> dict[str, Path]:
    """The container's own cgroup in each hierarchy, by its /proc/PID/cgroup."""
    names = [name for name in cgroupfs.hierarchies() if name or cgroupfs.layout() == "v2"]
    return {name: directory(container, name) for name in names}


@pytest.fixture
def sub(up: Container) -> Iterator[Callable[..., list[Path]]]:
    """Makes the sub-cgroup `sub` for the named controllers (none: in every hierarchy)."""
    made: list[Path] = []

    def make(*names: str) -> list[Path]:
        wanted = [path for name, path in tops(up).items() if not names or name in names or not name]
        for path in dict.fromkeys(wanted):
            (path / "sub").mkdir()
            made.append(path / "sub")
            for file in ("cpuset.cpus", "cpuset.mems"):  # v1 takes no process without them
                if (path / file).exists() and on_v1("cpuset"):
                    (path / "sub" / file).write_text((path / file).read_text())
        return made

    yield make
    for path in made:
        until(lambda path=path: _removed(path), f"{path} to be empty")


def _removed(path: Path) -> bool:
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def where(up: Container, *flags: str) -> dict[str, str]:
    """{controller: path below the container's own cgroup} of a process of exec."""
    result = up.exec_with([*flags], "cat", "/proc/self/cgroup")
    assert (result.code, result.err) == (0, "")
    found = {}
    own = {name: "/" + str(path.relative_to(cgroupfs.hierarchies()[name]))
           for name, path in tops(up).items()}  # fmt: skip
    for line in result.lines:
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            if name in own:
                assert path.startswith(own[name]), line
                found[name] = path.removeprefix(own[name])
    return found


@V1
@controllers("pids", "memory")
def test_one_controller(up: Container, sub: Callable[..., list[Path]]) -> None:
    """CGP-1: CONTROLLER:PATH moves in that hierarchy alone."""
    sub("pids")
    found = where(up, "--cgroup", "pids:sub")
    assert (found["pids"], found["memory"], found["freezer"]) == ("/sub", "", "")


@V1
@controllers("pids", "memory")
@pytest.mark.parametrize(
    "flags",
    [["--cgroup", "pids,memory:sub"], ["--cgroup", "pids:sub", "--cgroup=memory:/sub"]],
    ids=["one flag", "two flags"],
)
def test_two_controllers(
    up: Container, sub: Callable[..., list[Path]], flags: list[str]
) -> None:
    """CGP-1: several controllers, in one flag or in several; a slash in front means nothing."""
    sub("pids", "memory")
    found = where(up, *flags)
    assert (found["pids"], found["memory"], found["freezer"]) == ("/sub", "/sub", "")


@departs("runc", "1.1 does not find the path in one of the hierarchies")
def test_all(up: Container, sub: Callable[..., list[Path]]) -> None:
    """CGP-1: PATH alone is the place in every hierarchy."""
    sub()
    assert set(where(up, "--cgroup", "sub").values()) == {"/sub"}


@pytest.mark.parametrize("flags", [[], ["--cgroup", "/"]], ids=["no flag", "top"])
def test_top(up: Container, flags: list[str]) -> None:
    """CGP-1: without the flag, and with `/`, it is the container's own cgroup."""
    assert set(where(up, *flags).values()) == {""}


@controllers("pids")
@departs("runc", "1.1 needs threads there for itself")
def test_limit_of_the_sub_cgroup(up: Container, sub: Callable[..., list[Path]]) -> None:
    """PID-1: the process is held to the limits of the sub-cgroup it is put into."""
    if not on_v1("pids"):
        pytest.skip("on v2 a cgroup with processes cannot have limited children")
    (path,) = sub("pids")
    (path / "pids.max").write_text("2")
    result = up.exec_with(["--cgroup", "pids:sub"], "inside", "fork", "9")
    assert (result.code, result.out) == (0, "1 EAGAIN\n")


@V1
@pytest.mark.parametrize(
    "spec",
    ["nothing:sub", "pids,nothing:sub", "pids:none/such", "pids:../x", "pids:a\nb"],
    ids=repr,
)
def test_bad_spec(up: Container, spec: str) -> None:
    """CGP-2: an unknown controller, a cgroup that is not there, or a path that leads out is
    refused with 255 and one line, and nothing is run."""
    result = up.exec_with(["--cgroup", spec], "touch", "/ran")
    assert (result.code, len(result.err.splitlines())) == (255, 1)
    assert not (up.bundle.rootfs / "ran").exists()
    assert up.status == "running"


@V2
@pytest.mark.parametrize("flags", [["pids:sub"], ["sub", "sub"], ["none/such"], ["../x"]], ids=str)
def test_bad_spec_on_v2(up: Container, flags: list[str]) -> None:
    """CGP-2: on v2 there is one path, without controllers."""
    given = [word for flag in flags for word in ("--cgroup", flag)]
    result = up.exec_with([*given], "touch", "/ran")
    assert (result.code, len(result.err.splitlines())) == (255, 1)
    assert not (up.bundle.rootfs / "ran").exists()


@needs(probes.freezer)
@departs("runc", "1.1 waits for the thaw")
def test_frozen_sub_cgroup(up: Container, sub: Callable[..., list[Path]]) -> None:
    """CGP-6: a sub-cgroup that is frozen, in which nothing could ever run, is refused."""
    (path,) = sub("freezer")
    file, word, thawed = (("freezer.state", "FROZEN", "THAWED") if on_v1("freezer")
                          else ("cgroup.freeze", "1", "0"))  # fmt: skip
    (path / file).write_text(word)
    spec = "freezer:sub" if on_v1("freezer") else "sub"
    try:
        result = up.exec_with(["--cgroup", spec], "true", timeout=15)
    finally:
        (path / file).write_text(thawed)
    assert result.code == 255
    assert result.error.endswith("is frozen (use --ignore-paused to override)")


def test_ps_sees_it(up: Container, sub: Callable[..., list[Path]]) -> None:
    """CGP-3: ps lists the processes of sub-cgroups too."""
    name = "freezer" if on_v1("freezer") else ""
    sub(name)
    pid_file = up.runtime.home / "exec.pid"
    spec = "freezer:sub" if name else "sub"
    up.exec_with(["-d", "--pid-file", pid_file, "--cgroup", spec], "sleep", "1000")
    pid = int(pid_file.read_text())
    assert sorted(up.runtime("ps", "-f", "json", up.id).json()) == sorted([up.pid, pid])
    os.kill(pid, signal.SIGKILL)
    assert exit_code(pid) == 137


@needs(probes.freezer)
def test_pause_reaches_it(up: Container, sub: Callable[..., list[Path]]) -> None:
    """OPS-0: pause stops, and resume lets go on, the processes of sub-cgroups too."""
    name = "freezer" if on_v1("freezer") else ""
    sub(name)
    pid_file = up.runtime.home / "exec.pid"
    spec = "freezer:sub" if name else "sub"
    script = "i=0; while :; do i=$((i+1)); echo $i > /count; done"
    up.exec_with(["-d", "--pid-file", pid_file, "--cgroup", spec], "sh", "-c", script)
    pid, count = int(pid_file.read_text()), up.bundle.rootfs / "count"
    until(count.exists, "the count to begin")
    up.runtime("pause", up.id)
    before = count.read_text()
    time.sleep(0.05)
    assert count.read_text() == before
    up.runtime("resume", up.id)
    until(lambda: count.read_text() not in ("", before), "the count to go on")
    os.kill(pid, signal.SIGKILL)
    exit_code(pid)


@needs(probes.new_proc)
@departs("runc", "1.1 warns when the first try to remove the cgroup comes too early")
def test_delete_reaches_it(container: Container) -> None:
    """OPS-D3: without a pid namespace delete --force ends the processes of sub-cgroups, and
    removes those."""
    container.bundle.no_namespace("pid")
    container.up()
    names = ["freezer"] if on_v1("freezer") else [""]
    paths = [directory(container, name) / "sub" for name in names]
    for path in paths:
        path.mkdir()
    pid_file = container.runtime.home / "exec.pid"
    spec = "freezer:sub" if on_v1("freezer") else "sub"
    container.exec_with(["-d", "--pid-file", pid_file, "--cgroup", spec], "sleep", "1000")
    pid = int(pid_file.read_text())
    container.delete("--force")
    assert exit_code(pid) == 137
    assert not alive(pid) and not any(path.exists() for path in paths)
    container.absent()
