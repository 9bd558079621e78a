# SPDX-License-Identifier: Apache-2.0
"""Fixtures: one sandbox a session, each engine's daemon in it, two images in each engine."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import cgroups, daemons, images, install
from .engine import Container, Docker, Engine, Podman
from .sandbox import PATH, Sandbox

IMAGES = ("busybox", "debian")
SLEEP = ("sleep", "1000")
LOGS: list[Callable[[], str]] = []


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers used here."""
    config.addinivalue_line("markers", "slow: takes several seconds by its nature")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Add the daemons' log tails to the report of a failure."""
    report = yield
    if report.failed and "engines" in str(item.path):
        for tail in LOGS:
            report.sections.append(("engine log", tail()))
    return report


@pytest.fixture(scope="session")
def progress(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line at once, past pytest's capture."""
    manager = request.config.pluginmanager.getplugin("capturemanager")

    def tell(text: str) -> None:
        with manager.global_and_fixture_disabled():
            print(f"\n[engines] {text}", flush=True)
    return tell


@pytest.fixture(scope="session")
def runtime() -> str:
    """Absolute path of the runtime under test."""
    found = daemons.runtime_path(os.environ.get("OCI_RUNTIME"), sys.executable,
                                 os.environ.get("PATH", PATH))
    assert found, "no runtime: set OCI_RUNTIME or install pyrunc beside this interpreter"
    return os.path.abspath(found)


@pytest.fixture(scope="session")
def home(progress: Callable[[str], None]) -> Iterator[Path]:
    """A private directory for all storage, removed at the end."""
    if os.geteuid():
        pytest.skip("the engines' tests need root: they make namespaces, mounts and cgroups")
    install.install(progress)
    place = Path(tempfile.mkdtemp(prefix="pyrunc-engines-"))
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="session")
def cgroup_parent() -> Iterator[str]:
    """The cgroup below which the containers go; it and podman's own are removed at the end."""
    name = f"pyrunc-engines-{os.getpid()}"
    podmans_was_there = bool(cgroups.find("libpod_parent"))
    yield f"/{name}"
    if not podmans_was_there:
        cgroups.remove("libpod_parent")  # stays when another podman has come to use it
    left = cgroups.remove(name)
    assert not left, f"cgroups left: {left}"


@pytest.fixture(scope="session")
def sandbox(home: Path, cgroup_parent: str) -> Iterator[Sandbox]:
    """The private mount, network, pid and uts namespaces."""
    made = Sandbox(home)
    yield made
    made.close()


@pytest.fixture(scope="session")
def overlay(sandbox: Sandbox, home: Path) -> bool:
    """Whether overlay mounts work where the images are kept."""
    return daemons.overlay_works(sandbox, home)


@pytest.fixture(scope="session")
def tars(home: Path, progress: Callable[[str], None]) -> dict[str, Path]:
    """The root filesystem tar of each image."""
    return {"busybox": images.busybox_tar(home / "busybox.tar"),
            "debian": images.debian_tar(progress)}


@pytest.fixture(scope="session")
def podman(sandbox: Sandbox, home: Path, runtime: str, cgroup_parent: str, overlay: bool,
           tars: dict[str, Path]) -> Iterator[Podman]:
    """podman with both images."""
    engine = daemons.make_podman(sandbox, home / "podman", runtime, cgroup_parent, overlay)
    for name, tar in tars.items():
        engine("import", str(tar), f"{name}:test", timeout=120)
    yield engine
    engine("rm", "-af", "-t", "0", status=None)


@pytest.fixture(scope="session")
def docker(sandbox: Sandbox, home: Path, runtime: str, cgroup_parent: str, overlay: bool,
           tars: dict[str, Path]) -> Iterator[Docker]:
    """docker with both images, on a dockerd of its own."""
    daemon = daemons.DockerDaemon(sandbox, home / "docker", runtime, cgroup_parent, overlay)
    LOGS.append(daemon.engine.log_tail)
    for name, tar in tars.items():
        daemon.engine("import", str(tar), f"{name}:test", timeout=120)
    yield daemon.engine
    daemon.close()


@pytest.fixture(scope="session")
def containerd(sandbox: Sandbox, home: Path, runtime: str, cgroup_parent: str,
               podman: Podman) -> Iterator[daemons.Containerd]:
    """containerd with both images: busybox from an OCI archive, Debian from a docker archive."""
    daemon = daemons.Containerd(sandbox, home / "containerd", runtime, cgroup_parent)
    LOGS.append(daemon.log_tail)
    for name, kind in (("busybox", "oci-archive"), ("debian", "docker-archive")):
        archive = str(home / f"{name}.{kind}")
        podman("save", "--format", kind, "-o", archive, f"{name}:test", timeout=120)
        daemon.ctr("image", "import", archive)
        os.unlink(archive)
    yield daemon
    daemon.close()


@pytest.fixture(params=["podman", "docker"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine that speaks the docker command line."""
    found: Engine = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest) -> str:
    """Each image."""
    return f"{request.param}:test"


@pytest.fixture
def container(engine: Engine, image: str) -> Iterator[Container]:
    """A running container of each image, removed afterwards."""
    with engine.start(image, *SLEEP) as made:
        yield made


@pytest.fixture
def box(engine: Engine) -> Iterator[Container]:
    """A running busybox container, removed afterwards."""
    with engine.start("busybox:test", *SLEEP) as made:
        yield made
