# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the black-box suite: the runtime, bundles, containers, and the check that nothing
stays.
"""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Bundle, Container, Runtime, cgroupfs, mountinfo, trace, unprivileged
from .harness import runtime as runtime_module
from .harness.bundle import compile_witness
from .harness.marks import require
from .harness.waiting import PATIENCE

SESSION = f"prt{secrets.token_hex(3)}"
NUMBERS = itertools.count(1)
TEST_BOUND = 60  # seconds; tests take parts of one


def pytest_report_header() -> str:
    return (
        f"runtime under test: {' '.join(runtime_module.command())} (cgroups: {cgroupfs.layout()},"
        f" {runtime_module.driver()} driver)"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("departs"):
        runtime, why = mark.args
        if runtime == runtime_module.name():
            pytest.skip(f"{runtime} departs: {why}")
    for mark in item.iter_markers("needs"):
        for probe in mark.args:
            require(probe)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """End a test that hangs, so that what it started is cleaned up and the next one runs."""

    def late(*_: object) -> None:
        raise AssertionError(f"the test did not end within {bound} s")

    mark = item.get_closest_marker("bound")
    bound = int((mark.args[0] if mark else TEST_BOUND) * PATIENCE)
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(bound)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session", autouse=True)
def session_cgroup() -> Iterator[str]:
    """The cgroup below which all containers of this session live; removed at the end."""
    trace.become_subreaper()
    yield SESSION
    cgroupfs.remove(SESSION)


@pytest.fixture(scope="session")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static program `inside`, compiled once, or before: PYRUNC_WITNESS names it."""
    if "PYRUNC_WITNESS" in os.environ:
        return Path(os.environ["PYRUNC_WITNESS"])
    target = tmp_path_factory.mktemp("witness") / "inside"
    compile_witness(target)
    return target


@pytest.fixture
def mark() -> str:
    """A name that only this test uses; it is part of every id, path and cgroup of the test."""
    return f"{SESSION}n{next(NUMBERS)}x"


@pytest.fixture(autouse=True)
def home(mark: str) -> Iterator[Path]:
    """The test's directory. When the test is over, nothing of it may be left on the machine."""
    path = Path(tempfile.gettempdir()) / mark
    path.mkdir(mode=0o755)
    before = trace.Trace(mark, path)
    yield path
    left = before.left()
    before.sweep()
    if path.exists():
        shutil.rmtree(path, ignore_errors=True)
    if left:
        pytest.fail("left behind: " + "; ".join(left), pytrace=False)


@pytest.fixture
def runtime(home: Path) -> Runtime:
    """The runtime under test with a private --root."""
    return Runtime(home)


@pytest.fixture
def make_bundle(home: Path, witness: Path, mark: str) -> Iterator[Callable[[str], Bundle]]:
    """Make further bundles by name; at the end no runtime may have added files to any of them."""
    made: list[Bundle] = []

    def make(name: str) -> Bundle:
        cgroup = runtime_module.cgroups_path(SESSION, f"{mark}-{name}")
        bundle = Bundle(home / name, witness, cgroup)
        made.append(bundle)
        return bundle

    yield make
    strange = [f"{bundle.path}: {bundle.strange()}" for bundle in made if bundle.strange()]
    assert not strange, f"files left in the bundle: {strange}"


@pytest.fixture
def bundle(make_bundle: Callable[[str], Bundle]) -> Bundle:
    """The test's bundle."""
    return make_bundle("b")


@pytest.fixture
def make_container(
    runtime: Runtime, make_bundle: Callable[[str], Bundle], mark: str
) -> Iterator[Callable[..., Container]]:
    """Make further containers by name, each with its own bundle unless one is given."""
    made: list[Container] = []

    def make(name: str, bundle: Bundle | None = None) -> Container:
        made.append(Container(runtime, bundle or make_bundle(name), f"{mark}-{name}"))
        return made[-1]

    yield make
    for container in made:
        container.clean()


@pytest.fixture
def container(make_container: Callable[..., Container], bundle: Bundle) -> Container:
    """The test's container, made from `bundle`; removed at the end whatever happened."""
    return make_container("c", bundle)


@pytest.fixture
def rootless(container: Container) -> Container:
    """The test's container as an unprivileged user can have it; call with unprivileged.AS_USER."""
    return unprivileged.give(container)


@pytest.fixture
def tree(home: Path) -> Iterator[Path]:
    """A tmpfs on the host with another one mounted in it, at sub, and a file."""
    top = home / "tree"
    top.mkdir()
    mountinfo.mount("tmpfs", top, "tmpfs", 0)
    mountinfo.mount("tmpfs", top, None, mountinfo.MS_PRIVATE)
    (top / "sub").mkdir()
    (top / "file").write_text("bound")
    mountinfo.mount("tmpfs", top / "sub", "tmpfs", 0)
    yield top
    mountinfo.unmount(top)
