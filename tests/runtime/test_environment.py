# SPDX-License-Identifier: Apache-2.0
"""The caller's side: works with an empty environment, any cwd, through links, with odd stdio."""

from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path

import pytest

from .harness import Container, Runtime


def whole_life(container: Container, **how: object) -> None:
    """Create, state, start, exec, kill, delete: each must succeed in silence."""
    runtime = container.runtime
    container.create(**how)
    assert runtime("state", container.id, **how).json()["status"] == "created"
    runtime("start", container.id, **how)
    assert runtime("exec", container.id, "echo", "hello", **how).out == "hello\n"
    runtime("kill", container.id, "KILL", **how)
    assert container.wait() == 137
    runtime("delete", container.id, **how)
    container.deleted = True


def test_empty_environment(container: Container) -> None:
    """OPS-0: every verb works with an empty environment."""
    whole_life(container, env={})


def test_only_xdg_runtime_dir(container: Container) -> None:
    """OPS-0: every verb works with XDG_RUNTIME_DIR alone, which is what podman passes."""
    whole_life(container, env={"XDG_RUNTIME_DIR": "/run/user/0"})


@pytest.mark.parametrize(
    "name",
    ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "LD_LIBRARY_PATH", "LC_ALL", "TMPDIR", "HOME"],
)
def test_odd_variables(container: Container, name: str) -> None:
    """OPS-0: variables that steer interpreters and libraries do not matter."""
    whole_life(container, env={"PATH": os.environ["PATH"], name: "/nothing/like/it"})


@pytest.mark.parametrize("path", ["/", "/proc", "/dev"])
def test_any_cwd(container: Container, path: str) -> None:
    """OPS-0: every verb works from any current directory."""
    whole_life(container, cwd=path)


def test_removed_cwd(container: Container) -> None:
    """OPS-0: state and delete work from a directory that is gone."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    place = container.runtime.home / "gone"
    prefix = ["/bin/sh", "-c", f'mkdir {place}; cd {place}; rmdir {place}; exec "$@"', "sh"]
    assert container.runtime("state", container.id, prefix=prefix).json()["status"] == "stopped"
    container.runtime("delete", container.id, prefix=prefix)
    container.deleted = True


def linked(runtime: Runtime, name: str) -> Path:
    """A symlink to the runtime; the runtime is called through it from now on."""
    link = runtime.home / name
    link.symlink_to(shutil.which(runtime.command[0]) or runtime.command[0])
    runtime.command = [str(link), *runtime.command[1:]]
    return link


def test_through_a_symlink(container: Container) -> None:
    """OPS-0: every verb works when the runtime is called through a symlink."""
    linked(container.runtime, container.runtime.name)
    whole_life(container)


def test_through_a_symlink_by_another_name(container: Container) -> None:
    """OPS-0: the symlink's name does not matter: some engines call every runtime "runc"."""
    linked(container.runtime, "runc")
    whole_life(container)


def test_by_path_lookup(container: Container) -> None:
    """OPS-0: every verb works when the runtime is found through PATH."""
    link = linked(container.runtime, "the-runtime")
    container.runtime.command[0] = "the-runtime"
    env = {"PATH": f"{link.parent}:/bin"}
    prefix = ["/bin/sh", "-c", 'exec "$@"', "sh"]
    whole_life(container, env=env, prefix=prefix)


def test_few_descriptors(container: Container) -> None:
    """OPS-0: a caller limited to 64 open files can use every verb."""
    limit = (64, 64)
    whole_life(container, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit))


def test_odd_umask(container: Container) -> None:
    """OPS-0: with umask 0777 outside, files of the container and the record are usable."""
    whole_life(container, preexec_fn=lambda: os.umask(0o777) and None)


def test_umask_zero(container: Container) -> None:
    """OPS-0: with umask 0 outside nothing of the record is open to others."""
    container.create(preexec_fn=lambda: os.umask(0) and None)
    root = container.runtime.root
    assert root.stat().st_mode & 0o077 == 0
    record = root / container.id / "state.json"
    assert record.stat().st_mode & 0o077 == 0


def test_unusual_paths(container: Container) -> None:
    """OPS-0: blanks, quotes and letters beyond ASCII in paths are no problem."""
    runtime = container.runtime
    odd = runtime.home / "a b 'c' \"d\" ü"
    container.bundle.path.rename(odd)
    container.bundle.path, container.bundle.rootfs = odd, odd / "rootfs"
    runtime.root = runtime.home / "ro ot ü"
    whole_life(container)
    assert runtime("list", "-q").out == ""
    runtime.root.rmdir()


@pytest.mark.parametrize("id", ["a", "A.b_c+d-9", "-x", "." + "x", "x" * 200])
def test_ids(container: Container, id: str, mark: str) -> None:
    """OPS-C2: letters, digits and _+.- make an id, at any place."""
    container.id = id
    container.bundle.args("/bin/true")
    container.bundle.write()
    runtime = container.runtime
    args = ["--bundle", str(container.bundle.path), "--pid-file", container.pid_file]
    runtime("create", *args, "--", id)
    container.pid = int(container.pid_file.read_text())
    runtime("start", "--", id)
    assert container.wait() == 0
    assert runtime("list", "-q").lines == [id]
    runtime("delete", "--", id)
    container.deleted = True
