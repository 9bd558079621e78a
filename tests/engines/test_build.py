# SPDX-License-Identifier: Apache-2.0
"""Image builds whose RUN steps go through the runtime: docker (both builders), podman, buildah."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest

from .engine import Docker, Engine, Podman

BUILDERS = ("docker-classic", "docker-buildkit", "podman", "buildah")
DOCKERFILE = """FROM {image}
ENV COLOUR=green
WORKDIR /work
RUN echo $COLOUR > made && id -u >> made
USER app
RUN id -u > /tmp/by-app
USER root
RUN ["sh", "-c", "pwd >> made && test -w / && cat /proc/1/comm"]
CMD ["cat", "/work/made", "/tmp/by-app"]
"""


_numbers = itertools.count(1)


class Builder:
    """One way of building, and the engine that then runs the image."""

    def __init__(self, name: str, engine: Engine, parent: str) -> None:
        self.name, self.engine, self.parent = name, engine, parent

    def cgroup(self) -> str:
        """buildah takes its `parent` for the container's own cgroup: a new one each time."""
        return f"--cgroup-parent={self.parent}/build-{next(_numbers)}"

    def build(self, context: Path, tag: str, *options: str,
              status: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Build `context` as `tag`, without the layer cache."""
        args = ["--no-cache", "--network=none", "-t", tag, *options, str(context)]
        if self.name == "docker-buildkit":
            return self.engine("build", "--progress=plain", *args, status=status,
                               env={"DOCKER_BUILDKIT": "1"})
        if self.name == "buildah":
            runtime = self.engine.base[self.engine.base.index("--runtime") + 1]
            argv = ["buildah", "build", "--isolation=oci", "--runtime", runtime,
                    self.cgroup(), *args]
            return self.engine.sandbox.run(argv, status=status, env=self.engine.env)
        if self.name == "podman":
            args.insert(0, self.cgroup())
        return self.engine("build", *args, status=status)


@pytest.fixture(params=BUILDERS)
def builder(request: pytest.FixtureRequest, cgroup_parent: str) -> Builder:
    """Each builder."""
    engine: Docker | Podman = request.getfixturevalue(
        "docker" if request.param.startswith("docker") else "podman")
    return Builder(request.param, engine, cgroup_parent)


@pytest.fixture
def context(home: Path, builder: Builder, request: pytest.FixtureRequest) -> Path:
    """An empty build context."""
    place = home / "contexts" / str(abs(hash(request.node.name)))
    place.mkdir(parents=True)
    return place


def test_build_with_run_steps(builder: Builder, image: str, context: Path) -> None:
    """PRC-4, USR-1, PRC-5: RUN steps run in order as the right user, and their files are kept."""
    (context / "Dockerfile").write_text(DOCKERFILE.format(image=image))
    tag = f"built-{builder.name}-{image.split(':')[0]}:test"
    builder.build(context, tag)
    assert builder.engine.run_out(tag).split() == ["green", "0", "/work", "1000"]
    builder.engine("rmi", tag)


def test_failing_step_ends_the_build(builder: Builder, context: Path) -> None:
    """OPS-T3: a RUN step's exit status ends the build and is told."""
    (context / "Dockerfile").write_text("FROM busybox:test\nRUN echo before; exit 7\nRUN echo no\n")
    done = builder.build(context, "never:test", status=None)
    text = done.stdout + done.stderr
    assert done.returncode not in (0, 127)
    assert "before" in text
    assert "code: 7" in text or "exit status 7" in text


def test_missing_program_in_a_step(builder: Builder, context: Path) -> None:
    """PRC-6, PRC-9: a RUN step whose program is missing says so."""
    (context / "Dockerfile").write_text('FROM busybox:test\nRUN ["no-such", "x"]\n')
    done = builder.build(context, "never:test", status=None)
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert 'exec: "no-such": executable file not found in $PATH' in text.replace("\\", "")


def test_cache_and_tmpfs_mounts(builder: Builder, context: Path) -> None:
    """MNT-1, OPT-4: RUN --mount gives a tmpfs and a cache, and neither is in the image."""
    if builder.name == "docker-classic":
        pytest.skip("docker's classic builder has no RUN --mount")
    (context / "Dockerfile").write_text(
        "FROM busybox:test\n"
        "RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch "
        "touch /cache/a /scratch/b && mount | grep -q ' /scratch type tmpfs' && echo yes > /ok\n"
        'CMD ["sh", "-c", "cat /ok; ls -A /cache /scratch 2>/dev/null; true"]\n')
    tag = f"mounted-{builder.name}:test"
    builder.build(context, tag)
    assert "a" not in builder.engine.run_out(tag).split()
    assert builder.engine.run_out(tag).split()[0] == "yes"
    builder.engine("rmi", tag)
