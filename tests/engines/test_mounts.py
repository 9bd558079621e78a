# SPDX-License-Identifier: Apache-2.0
"""Bind mounts, volumes, tmpfs, read-only root and mount propagation."""

from __future__ import annotations

from pathlib import Path

import pytest

from .engine import Engine
from .sandbox import wait_until

MAY_MOUNT = ("--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined",
             "--security-opt=apparmor=unconfined")


@pytest.fixture
def shared(home: Path, request: pytest.FixtureRequest) -> Path:
    """A directory of the host with one file in it."""
    place = home / "shared" / str(abs(hash(request.node.name)))
    place.mkdir(parents=True)
    place.chmod(0o777)
    (place / "file").write_text("from outside\n")
    return place


def mount_line(engine: Engine, target: str, *options: str) -> list[str]:
    """The mountinfo fields of `target` in a busybox container run with options."""
    text = engine.run_out(*options, "busybox:test", "cat", "/proc/self/mountinfo")
    found = [line.split() for line in text.splitlines() if line.split()[4] == target]
    assert found, f"no mount on {target} in:\n{text}"
    return found[-1]


def test_bind_read_write(engine: Engine, image: str, shared: Path) -> None:
    """MNT-3, MNT-4: both sides see the same files and writes reach the host."""
    done = engine.run_out("-v", f"{shared}:/data", image, "sh", "-c",
                          "cat /data/file; echo inside > /data/new")
    assert done == "from outside"
    assert (shared / "new").read_text() == "inside\n"


def test_bind_read_only(engine: Engine, image: str, shared: Path) -> None:
    """MNT-12, OPT-1: writes are refused with EROFS and nothing is made on the host."""
    done = engine.run("-v", f"{shared}:/data:ro", image, "sh", "-c",
                      "cat /data/file && touch /data/new", status=1)
    assert done.stdout == "from outside\n"
    assert "Read-only file system" in done.stderr
    assert not (shared / "new").exists()


def test_bind_a_file(engine: Engine, image: str, shared: Path) -> None:
    """MNT-3, MNT-4: a single file is mounted over a path that the image lacks."""
    assert engine.run_out("-v", f"{shared}/file:/some/new/name", image, "cat",
                          "/some/new/name") == "from outside"


def test_bind_through_an_image_symlink(engine: Engine, shared: Path) -> None:
    """MNT-8: a link in the image's path is followed inside the root, never outside."""
    script = "FROM busybox:test\nRUN ln -s /etc /link\n"
    place = shared / "context"
    place.mkdir()
    (place / "Dockerfile").write_text(script)
    engine("build", *(["--network=none"]), "-t", "linked", str(place))
    found = engine.run_out("-v", f"{shared}/file:/link/passed", "linked", "cat", "/etc/passed")
    assert found == "from outside"
    assert not Path("/etc/passed").exists()


def test_missing_bind_source(engine: Engine, home: Path) -> None:
    """MNT-8, ERR-1: a --mount source that is not there is refused and named."""
    done = engine.run("--mount", f"type=bind,source={home}/absent,target=/data", "busybox:test",
                      "true", status=None)
    assert done.returncode == 125
    assert f"{home}/absent" in done.stderr


def test_file_onto_directory(engine: Engine, shared: Path) -> None:
    """MNT-8, ERR-1: binding a file over a directory is refused with `not a directory`."""
    done = engine.run("-v", f"{shared}/file:/etc", "busybox:test", "true", status=None)
    assert done.returncode in (125, 126, 127)
    assert "not a directory" in done.stderr


def test_volume_outlives_its_container(engine: Engine, image: str) -> None:
    """MNT-3, MNT-4: a named volume keeps what one container wrote for the next."""
    engine("volume", "create", "kept")
    try:
        engine.run("-v", "kept:/data", image, "sh", "-c", "echo word > /data/file")
        assert engine.run_out("-v", "kept:/data:ro", image, "cat", "/data/file") == "word"
    finally:
        engine("volume", "rm", "-f", "kept")


def test_read_only_root(engine: Engine, image: str) -> None:
    """ROOT-5, ROOT-6: the root refuses writes, a tmpfs and a bind stay writable."""
    done = engine.run("--read-only", "--tmpfs", "/tmp", image, "sh", "-c",
                      "touch /tmp/yes && touch /no", status=1)
    assert "Read-only file system" in done.stderr


def test_tmpfs_options(engine: Engine) -> None:
    """OPT-1, OPT-4: size, mode and flags are the mount's."""
    found = mount_line(engine, "/scratch", "--tmpfs", "/scratch:rw,noexec,size=3m,mode=1770")
    assert "noexec" in found[5].split(",")
    assert {"size=3072k", "mode=1770"} <= set(found[-1].split(","))


def test_tmpfs_size_is_enforced(engine: Engine) -> None:
    """OPT-1, OPT-4: writing beyond size is refused with ENOSPC."""
    done = engine.run("--tmpfs", "/scratch:size=1m", "busybox:test", "dd", "if=/dev/zero",
                      "of=/scratch/x", "bs=64k", "count=40", status=1)
    assert "No space left on device" in done.stderr


def test_shm_size(engine: Engine) -> None:
    """DFS-1, OPT-4: --shm-size is the size of /dev/shm."""
    assert "size=12288k" in mount_line(engine, "/dev/shm", "--shm-size=12m")[-1].split(",")


def test_nested_mounts_keep_their_order(engine: Engine, shared: Path) -> None:
    """MNT-1: a mount inside another mount's target is there, whatever the option order."""
    (shared / "inner").mkdir()
    found = engine.run_out("-v", f"{shared}/file:/outer/inner/file", "-v", f"{shared}:/outer",
                           "busybox:test", "sh", "-c", "ls /outer; cat /outer/inner/file")
    assert found.splitlines() == ["file", "inner", "from outside"]


@pytest.mark.parametrize(("mode", "seen"), [("rslave", True), ("rprivate", False)])
def test_propagation_into_the_container(engine: Engine, shared: Path, mode: str,
                                        seen: bool) -> None:
    """OPT-1, RFP-1: a mount made later outside appears inside with rslave, not rprivate."""
    (shared / "later").mkdir()
    with engine.start("-v", f"{shared}:/data:{mode}", "busybox:test", "sleep", "1000") as made:
        engine.sandbox.run(["mount", "-t", "tmpfs", "none", f"{shared}/later"])
        try:
            engine.sandbox.run(["touch", f"{shared}/later/arrived"])
            assert (made.out("ls", "/data/later") == "arrived") is seen
        finally:
            engine.sandbox.run(["umount", f"{shared}/later"])


def test_propagation_out_of_the_container(engine: Engine, shared: Path) -> None:
    """OPT-1, RFP-1: with rshared a mount made inside appears outside."""
    (shared / "made").mkdir()
    with engine.start(*MAY_MOUNT, "-v", f"{shared}:/data:rshared", "busybox:test",
                      "sleep", "1000") as made:
        made.exec("mount", "-t", "tmpfs", "none", "/data/made")
        made.exec("touch", "/data/made/word")
        assert engine.sandbox.run(["ls", f"{shared}/made"]).stdout == "word\n"
        made.exec("umount", "/data/made")


def test_mounts_do_not_leak_outside(engine: Engine) -> None:
    """OPT-1, RFP-1: what the container mounts privately is never seen outside."""
    with engine.start(*MAY_MOUNT, "busybox:test", "sh", "-c",
                      "mount -t tmpfs marker-of-test /tmp && sleep 1000") as made:
        wait_until(lambda: "marker-of-test" in made.out("cat", "/proc/mounts"), "mounted inside")
        assert "marker-of-test" not in engine.sandbox.run(["cat", "/proc/mounts"]).stdout


def test_volumes_from(engine: Engine) -> None:
    """MNT-3, MNT-4: a second container sees the first one's anonymous volume."""
    with engine.start("-v", "/data", "busybox:test", "sh", "-c",
                      "echo word > /data/file; exec sleep 1000") as made:
        wait_until(lambda: made.exec("cat", "/data/file", status=None).stdout, "written")
        assert engine.run_out("--volumes-from", made.name, "busybox:test", "cat",
                              "/data/file") == "word"
        engine("rm", "-f", "-v", *engine.at_once, made.name)
