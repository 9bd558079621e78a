# SPDX-License-Identifier: Apache-2.0
"""Bad input: one line on stderr, one JSON line in --log, the right exit code, nothing left."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .harness import Container, departs, needs, probes

CLONE_NEWNS = 0x00020000
MS_PRIVATE_REC = 1 << 18 | 1 << 14
libc = ctypes.CDLL(None, use_errno=True)


def refused(container: Container, verb: str = "create", write: bool = True, **how: object) -> str:
    """Create (or run) what must be refused; check the promises; return the message."""
    runtime = container.runtime
    log = runtime.home / f"{verb}.log"
    if write:
        container.bundle.write()
    top = ["--log", log, "--log-format", "json"]
    flags = ["--bundle", container.bundle.path, "--pid-file", container.pid_file]
    result = runtime.run(verb, *flags, container.id, top=top, **how)
    assert result.code == 1, (result.code, result.err)
    assert result.out == ""
    lines = result.err.splitlines()
    assert len(lines) == 1, lines
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(record["level"], record["msg"].strip()) for record in records] == [("error", lines[0])]
    assert not container.pid_file.exists()
    container.absent()
    return lines[0]


Case = Callable[[Container], None]


@pytest.mark.parametrize("verb", ["create", "run"])
def test_no_config(container: Container, verb: str) -> None:
    """BND-1: a bundle without config.json."""
    message = refused(container, verb, write=False)
    assert message.endswith("JSON specification file config.json not found")


def test_no_bundle(container: Container) -> None:
    """OPS-C1: a bundle directory that is not there."""
    shutil.rmtree(container.bundle.path)
    assert "no such file or directory" in refused(container, write=False)


def test_bundle_is_a_file(container: Container) -> None:
    """OPS-C1: a bundle that is a file."""
    shutil.rmtree(container.bundle.path)
    container.bundle.path.write_text("")
    assert "not a directory" in refused(container, write=False)


@pytest.mark.parametrize(
    "text",
    ["", "{", "nonsense", '{"a":}', '{"ociVersion": "1.0.2",}', "[", "\x00", '"\\x"'],
)
def test_broken_json(container: Container, text: str) -> None:
    """JSN-1, VAL-1: a config.json that is no JSON."""
    (container.bundle.path / "config.json").write_text(text)
    assert refused(container, write=False)


@departs("runc", "1.1 reads it as if it were text")
@pytest.mark.parametrize(
    "data", [b"\xff\xfe{\x00}\x00", b'\xef\xbb\xbf{"ociVersion":"1.0.2"}', b'{"a":"\xff"}']
)
def test_not_utf8(container: Container, data: bytes) -> None:
    """JSN-1: a config that is not plain UTF-8, a byte-order mark included."""
    (container.bundle.path / "config.json").write_bytes(data)
    assert refused(container, write=False)


@pytest.mark.parametrize("value", [[], 1, "x", True])
def test_wrong_top(container: Container, value: object) -> None:
    """VAL-1: a config that is JSON and no object."""
    (container.bundle.path / "config.json").write_text(json.dumps(value))
    assert refused(container, write=False)


@pytest.mark.parametrize(
    ("member", "value"),
    [("args", "true"), ("cwd", 3), ("env", {"A": "b"}), ("user", []), ("terminal", "no")],
)
def test_wrong_type(container: Container, member: str, value: object) -> None:
    """VAL-1: a member of the wrong type."""
    container.bundle.process[member] = value
    assert member in refused(container)


def test_deep_nesting(container: Container) -> None:
    """VAL-1: absurdly nested JSON is refused and does not bring the runtime down."""
    (container.bundle.path / "config.json").write_text("[" * 100000 + "]" * 100000)
    assert refused(container, write=False)


def test_config_is_a_directory(container: Container) -> None:
    """BND-1: a directory called config.json."""
    (container.bundle.path / "config.json").mkdir()
    assert "is a directory" in refused(container, write=False)


def test_missing_rootfs(container: Container) -> None:
    """ROOT-4: a root filesystem that is not there."""
    container.bundle.config["root"]["path"] = "nothing"
    assert "nothing" in refused(container)


def test_rootfs_is_a_file(container: Container) -> None:
    """ROOT-4: a root filesystem that is a file."""
    (container.bundle.path / "file").write_text("")
    container.bundle.own.add("file")
    container.bundle.config["root"]["path"] = "file"
    assert "not a directory" in refused(container)


@pytest.mark.parametrize("verb", ["create", "run"])
def test_missing_program(container: Container, verb: str) -> None:
    """PRC-9: a program that is not there is reported at create, with the fixed words."""
    container.bundle.args("nothing-like-it")
    assert refused(container, verb) == (
        f"{container.runtime.name} {verb} failed: unable to start container process: "
        'exec: "nothing-like-it": executable file not found in $PATH'
    )


def test_missing_program_by_path(container: Container) -> None:
    """PRC-9: a path that is not there."""
    container.bundle.args("/nothing/like/it")
    message = refused(container)
    assert message.endswith(
        'exec: "/nothing/like/it": stat /nothing/like/it: no such file or directory'
    )


def test_program_without_permission(container: Container) -> None:
    """PRC-6: a program without x bits."""
    container.bundle.args("/etc/passwd")
    assert refused(container).endswith('exec: "/etc/passwd": permission denied')


def test_program_is_a_directory(container: Container) -> None:
    """PRC-6: a program that is a directory."""
    container.bundle.args("/etc")
    assert refused(container).endswith(("is a directory", "permission denied"))


def test_no_args(container: Container) -> None:
    """PRC-6: no args at all."""
    container.bundle.process["args"] = []
    assert "args" in refused(container)


def test_no_process(container: Container) -> None:
    """PRC-1: no process at all: refused at create."""
    del container.bundle.config["process"]
    assert "process" in refused(container)


def test_relative_cwd(container: Container) -> None:
    """PRC-4: a cwd that is not absolute."""
    container.bundle.process["cwd"] = "tmp"
    assert "cwd" in refused(container).lower()


@pytest.mark.parametrize(
    "id", ["a/b", "a b", "..", ".", "../x", "a\n", "ü", "a:b", "a\0b"[:1] + "*"]
)
def test_bad_id(container: Container, id: str) -> None:
    """OPS-C2: an id with other characters, or one that would leave the root directory."""
    container.id = id
    container.bundle.write()
    result = container.runtime.run("create", "-b", container.bundle.path, "--", id)
    assert result.code == 1
    assert result.error == f"{container.runtime.name} create failed: invalid container ID format"
    root = container.runtime.root
    assert not root.exists() or os.listdir(root) == []


def test_empty_id(container: Container) -> None:
    """OPS-C2: an empty id."""
    container.bundle.write()
    message = container.runtime.fails("create", "-b", container.bundle.path, "")
    assert message == f"{container.runtime.name} create failed: container id cannot be empty"


@pytest.mark.parametrize("verb", ["state", "start", "kill", "delete", "ps"])
@pytest.mark.parametrize("id", ["../x", "a/b", ".."])
def test_bad_id_of_other_verbs(container: Container, verb: str, id: str) -> None:
    """OPS-S2, OPS-D4: an id that is none never reaches outside of the root directory."""
    container.runtime.root.mkdir()
    outside = container.runtime.home / "x"
    outside.mkdir()
    assert container.runtime.run(verb, id).code == 1
    assert outside.is_dir()


@pytest.mark.parametrize("id", ["../x", "a/b", ".."])
def test_force_with_a_bad_id(container: Container, id: str) -> None:
    """OPS-D4: delete --force with an id that is none removes nothing."""
    container.runtime.root.mkdir()
    outside = container.runtime.home / "x"
    outside.mkdir()
    (outside / "file").write_text("")
    container.runtime.run("delete", "--force", id)
    assert (outside / "file").exists() and container.runtime.root.is_dir()


def test_missing_mount_source(container: Container) -> None:
    """MNT-3: a bind whose source is not there; the source is named."""
    container.bundle.bind("/nothing/like/it", "/mnt")
    message = refused(container)
    assert "/nothing/like/it" in message and "no such file or directory" in message


def test_unknown_filesystem(container: Container) -> None:
    """MNT-5: a filesystem that the kernel does not know."""
    container.bundle.mount("/mnt", "nothingfs", "none")
    message = refused(container)
    assert "/mnt" in message and "no such device" in message


def test_bad_filesystem_option(container: Container) -> None:
    """OPT-4: an option that the filesystem refuses."""
    container.bundle.mount("/mnt", "tmpfs", "none", "nothing=like-it")
    message = refused(container)
    assert "/mnt" in message and "invalid argument" in message


def test_unknown_namespace(container: Container) -> None:
    """NS-1: a namespace of an unknown type."""
    container.bundle.namespace("nothing")
    assert "nothing" in refused(container)


def test_missing_namespace_path(container: Container) -> None:
    """NS-2: a namespace path that is not there."""
    container.bundle.namespace("network", "/nothing/like/it")
    assert "/nothing/like/it" in refused(container)


def test_failing_sysctl(container: Container) -> None:
    """SYS-2: a sysctl that is not the container's own."""
    container.bundle.linux["sysctl"] = {"vm.swappiness": "1"}
    assert "vm.swappiness" in refused(container)


def test_run_of_a_bad_bundle_after_a_good_one(container: Container) -> None:
    """ERR-1: after a refused create the same id is free and works."""
    container.bundle.args("nothing-like-it")
    refused(container)
    container.bundle.args("/bin/true")
    assert container.finish() == (0, "")


class Full:
    """A preexec function: a private mount namespace in which `path` is a full, tiny filesystem."""

    def __init__(self, path: Path, room: int) -> None:
        self.path = path
        self.room = room

    def __call__(self) -> None:
        target = os.fsencode(self.path)
        if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_PRIVATE_REC, None):
            raise OSError(ctypes.get_errno(), "private mount namespace")
        if libc.mount(b"full", target, b"tmpfs", 0, b"size=%d" % self.room):
            raise OSError(ctypes.get_errno(), "mount tmpfs")
        with open(self.path / "fill", "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass


@needs(probes.mount_namespaces)
def test_full_disk(container: Container) -> None:
    """ERR-1: a state directory on a full disk: nothing is left running or in a cgroup."""
    container.runtime.root.mkdir()
    refused(container, preexec_fn=Full(container.runtime.root, 65536))


@departs("runc", "1.1 prints a missing value where the reason should be")
@needs(probes.mount_namespaces)
def test_full_disk_is_named(container: Container) -> None:
    """ERR-1: a state directory on a full disk: the errno's text."""
    container.runtime.root.mkdir()
    message = refused(container, preexec_fn=Full(container.runtime.root, 65536))
    assert "no space left on device" in message


@needs(probes.root)
@pytest.mark.parametrize("verb", ["create", "run"])
def test_no_permission(container: Container, verb: str) -> None:
    """ERR-1: an unprivileged caller and a root directory that is not its own."""
    container.runtime.root.mkdir(mode=0o700)
    container.bundle.namespace("user")
    for name in ("uidMappings", "gidMappings"):
        container.bundle.linux[name] = [{"containerID": 0, "hostID": 65534, "size": 1}]
    container.bundle.write()
    flags = ["--bundle", container.bundle.path]
    message = container.runtime.fails(verb, *flags, container.id, user=65534, group=65534)
    assert "permission denied" in message
    container.absent()


@needs(probes.root)
@pytest.mark.parametrize("verb", ["state", "start", "kill", "delete"])
def test_no_permission_for_the_record(container: Container, verb: str) -> None:
    """ERR-1: another user can do nothing to a container."""
    container.create()
    result = container.runtime.run(verb, container.id, user=65534, group=65534)
    assert result.code == 1
    assert len(result.err.splitlines()) == 1
    assert container.status == "created"


def test_root_is_a_file(container: Container) -> None:
    """ERR-1: --root names a file."""
    container.runtime.root.write_text("")
    message = container.runtime.fails("create", "-b", container.bundle.path, container.id)
    assert "not a directory" in message or "not found" in message
    container.runtime.root.unlink()
