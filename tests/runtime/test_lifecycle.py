# SPDX-License-Identifier: Apache-2.0
"""The order of a container's life: what each verb does, and what it refuses in which phase."""

from __future__ import annotations

import json

import pytest

from .harness import Container, Runtime, departs, needs, probes, until
from .harness.waiting import alive


def test_program_waits_for_start(container: Container) -> None:
    """PRC-8, OPS-C6, LIF-1: the program does not run before start."""
    container.bundle.sh("echo ran > /ran")
    container.create()
    assert not (container.bundle.rootfs / "ran").exists()
    container.start()
    assert container.wait() == 0
    assert (container.bundle.rootfs / "ran").read_text() == "ran\n"


def test_create_is_silent(container: Container) -> None:
    """OPS-C3: create prints nothing on stdout either."""
    assert container.create().out == ""


def test_start_is_silent(container: Container) -> None:
    """OPS-T3: start prints nothing."""
    container.create()
    assert container.start().out == ""


def test_delete_after_the_end(container: Container) -> None:
    """OPS-D3: delete of a stopped container removes its record and its cgroups."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    container.delete()
    container.absent()


def test_id_is_free_after_delete(container: Container) -> None:
    """OPS-D5: a deleted container's id may be used again."""
    container.bundle.args("/bin/true")
    assert container.finish() == (0, "")
    container.deleted = False
    assert container.finish() == (0, "")


def test_id_in_use(container: Container) -> None:
    """OPS-C2: create with an id in use fails and leaves the first container as it was."""
    container.create()
    bundle = str(container.bundle.path)
    message = container.runtime.fails("create", "--bundle", bundle, container.id)
    name = container.runtime.name
    assert message == f"{name} create failed: container with given ID already exists"
    assert container.status == "created"


def test_start_twice(container: Container) -> None:
    """OPS-T2: start of a running container is an error without effect."""
    container.up()
    message = container.runtime.fails("start", container.id)
    assert message == "cannot start an already running container"
    assert container.status == "running"


def test_start_stopped(container: Container) -> None:
    """OPS-T2: start of a stopped container is an error."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    message = container.runtime.fails("start", container.id)
    assert message == "cannot start a container that has stopped"


def test_start_when_init_was_killed_before(container: Container) -> None:
    """OPS-T2: start after the created container's process was killed is an error, not a hang."""
    container.create()
    container.kill("KILL")
    assert container.wait() == 137
    message = container.runtime.fails("start", container.id)
    assert message == "cannot start a container that has stopped"


def test_delete_running(container: Container) -> None:
    """OPS-D2: delete of a running container is an error without effect."""
    container.up()
    message = container.runtime.fails("delete", container.id)
    assert message == f"cannot delete container {container.id} that is not stopped: running"
    assert container.status == "running"


def test_delete_created(container: Container) -> None:
    """OPS-D3: delete of a created container ends and removes it, as engines expect."""
    container.create()
    container.delete()
    assert container.wait() == 137
    container.absent()


@pytest.mark.parametrize("verb", ["start", "kill", "delete", "pause", "resume", "state", "ps"])
def test_unknown_id(runtime: Runtime, verb: str) -> None:
    """OPS-K2, OPS-D1, OPS-S2: every verb refuses an id nobody created, with the same words."""
    assert runtime.fails(verb, "nobody") == "container does not exist"


def test_exec_unknown_id(runtime: Runtime) -> None:
    """OPS-S2: exec into an unknown container fails with 255."""
    assert runtime.fails("exec", "nobody", "true", code=255).endswith("container does not exist")


@pytest.mark.parametrize(
    "verb", ["create", "start", "kill", "delete", "pause", "resume", "ps", "run"]
)
def test_no_id(runtime: Runtime, verb: str) -> None:
    """OPS-C1, OPS-T1, OPS-K1, OPS-D1: a verb without an id is an error."""
    assert runtime.fails(verb).startswith(f'{runtime.argv0}: "{verb}" requires')


def test_state_directory_modes(container: Container) -> None:
    """LIF-5: the root is for its owner only; a container's directory may be passed through."""
    container.create()
    directory = container.runtime.root / container.id
    assert container.runtime.root.stat().st_mode & 0o777 == 0o700
    assert directory.stat().st_mode & 0o777 == 0o711
    assert (directory / "state.json").stat().st_mode & 0o777 == 0o600


def test_state_file_is_json(container: Container) -> None:
    """LIF-5: the record other tools look for is ROOT/ID/state.json and holds a JSON object."""
    container.create()
    record = json.loads((container.runtime.root / container.id / "state.json").read_text())
    assert record["id"] == container.id


def test_exec_fifo_marks_created(container: Container) -> None:
    """STA-8: ROOT/ID/exec.fifo is there exactly while the container is only created."""
    container.create()
    fifo = container.runtime.root / container.id / "exec.fifo"
    assert fifo.is_fifo()
    container.start()
    assert not fifo.exists()


def test_config_edit_after_create(container: Container) -> None:
    """VAL-4: editing config.json after create changes nothing for that container."""
    container.bundle.args("/bin/echo", "first")
    container.create()
    container.bundle.args("/bin/echo", "second").write()
    container.start()
    container.wait()
    assert container.output() == "first\n"


def test_config_removed_after_create(container: Container) -> None:
    """VAL-4: start and delete use what create took in, even when config.json is gone."""
    container.bundle.args("/bin/echo", "first")
    container.create()
    (container.bundle.path / "config.json").unlink()
    container.start()
    container.wait()
    assert container.output() == "first\n"
    container.delete()


def test_config_edit_does_not_change_hooks(container: Container) -> None:
    """VAL-4: a poststop hook added after create does not run at delete."""
    touched = container.runtime.home / "touched"
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    hook = {"path": "/bin/busybox", "args": ["busybox", "touch", str(touched)]}
    container.bundle.config["hooks"] = {"poststop": [hook]}
    container.bundle.write()
    container.delete()
    assert not touched.exists()


def test_unknown_members(container: Container) -> None:
    """EXT-1: unknown members at any level are ignored."""
    config = container.bundle.config
    config["x-unknown"] = {"a": 1}
    config["process"]["x-unknown"] = [1]
    config["linux"]["x-unknown"] = "a"
    container.bundle.args("/bin/true")
    assert container.finish() == (0, "")


def test_relative_bundle(container: Container) -> None:
    """BND-1, STA-5: --bundle may be relative to the cwd; the state has it absolute."""
    container.bundle.write()
    home = container.runtime.home
    pid_file = home / "pid"
    args = ["create", "--bundle", "b", "--pid-file", str(pid_file), container.id]
    container.runtime(*args, cwd=home)
    container.pid = int(pid_file.read_text())
    assert container.state()["bundle"] == str(container.bundle.path)


def test_bundle_defaults_to_cwd(container: Container) -> None:
    """BND-1: without --bundle the current directory is the bundle."""
    container.bundle.write()
    pid_file = container.runtime.home / "pid"
    args = ["create", "--pid-file", str(pid_file), container.id]
    container.runtime(*args, cwd=container.bundle.path)
    container.pid = int(pid_file.read_text())
    assert container.state()["bundle"] == str(container.bundle.path)


def test_absolute_root_path(container: Container) -> None:
    """ROOT-2, BND-2: root.path may be absolute and lie outside the bundle."""
    elsewhere = container.runtime.home / "elsewhere"
    container.bundle.rootfs.rename(elsewhere)
    container.bundle.config["root"]["path"] = str(elsewhere)
    container.bundle.args("/bin/echo", "here")
    assert container.report() == ["here"]


def test_root_path_is_relative_to_the_bundle(container: Container) -> None:
    """ROOT-2: a relative root.path is taken from the bundle, not from the caller's cwd."""
    container.bundle.args("/bin/echo", "here")
    container.bundle.write()
    container.runtime("run", "-b", str(container.bundle.path), container.id, cwd="/")


def test_readonly_root(container: Container) -> None:
    """ROOT-5: with root.readonly a write to / fails with EROFS."""
    container.bundle.config["root"]["readonly"] = True
    container.bundle.inside("write", "/file", "text")
    assert container.report() == ["EROFS"]


def test_writable_root_by_default(container: Container) -> None:
    """ROOT-5: root.readonly is false by default."""
    del container.bundle.config["root"]["readonly"]
    container.bundle.inside("write", "/file", "text")
    assert container.report() == ["ok"]


def test_two_containers_at_once(make_container: object) -> None:
    """OPS-C3: two containers live side by side and are ended one by one."""
    one, two = make_container("one").up(), make_container("two").up()  # type: ignore[operator]
    one.kill("KILL")
    one.wait()
    one.delete()
    assert two.status == "running"
    two.delete("--force")
    assert two.wait() == 137


def test_end_of_init_ends_all(container: Container) -> None:
    """OPS-D3: when a container with its own pid namespace ends, no process of it is left."""
    container.bundle.sh("sleep 1000 & sleep 1000 & exit 3")
    container.up()
    assert container.wait() == 3
    container.delete()


@needs(probes.new_proc)
@departs("runc", "warns about cgroups that it can only remove at the second try")
def test_delete_ends_processes_of_a_shared_pid_namespace(container: Container) -> None:
    """OPS-D3: without a pid namespace, delete --force ends the processes init left in the
    cgroup.
    """
    container.bundle.no_namespace("pid")
    container.bundle.sh("sleep 1000 & echo $!; exit 0")
    container.up()
    container.wait()
    orphan = int(container.output())
    container.delete("--force")
    until(lambda: not alive(orphan), "the orphan's end")
