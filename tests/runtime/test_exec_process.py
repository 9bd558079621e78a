# SPDX-License-Identifier: Apache-2.0
"""exec --process FILE: everything about the program comes from the file, nothing from
config.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, departs, needs
from .harness.probes import user_namespaces
from .harness.sockets import Receiver, Terminal
from .harness.waiting import exit_code


@pytest.fixture
def up(container: Container) -> Container:
    """A running container."""
    return container.up()


def process(*args: str, **more: Any) -> dict[str, Any]:
    """A process object: root in /, PATH only."""
    base = {"user": {"uid": 0, "gid": 0}, "args": list(args), "env": ["PATH=/bin"], "cwd": "/"}
    return {**base, **more}


def written(container: Container, what: dict[str, Any]) -> Path:
    """Write the process file."""
    path = container.runtime.home / "process.json"
    path.write_text(json.dumps(what))
    return path


def lines(container: Container, *args: str, **more: Any) -> list[str]:
    """Exec this process, which must succeed in silence; its stdout lines."""
    path = written(container, process(*args, **more))
    return container.runtime("exec", "--process", path, container.id).lines


def test_args(up: Container) -> None:
    """PRC-6: args is the argv in full."""
    assert lines(up, "inside", "argv", "", "a b") == ["argv", "", "a b"]


def test_env_is_the_files(up: Container) -> None:
    """PRC-5: the environment is the file's, with HOME added; the config's is not merged in."""
    got = lines(up, "inside", "env", env=["PATH=/bin", "X=1"])
    assert sorted(got) == ["HOME=/root", "PATH=/bin", "X=1"]


def test_cwd(up: Container) -> None:
    """PRC-4: cwd is the file's."""
    assert lines(up, "inside", "cwd", cwd="/tmp") == ["/tmp"]


def test_user(up: Container) -> None:
    """USR-1, USR-4: uid, gid and groups are the file's."""
    user = {"uid": 1000, "gid": 1001, "additionalGids": [7]}
    got = lines(up, "sh", "-c", "inside ids; grep Groups /proc/self/status", user=user)
    assert got[0] == "1000 1000 1000 1001 1001 1001"
    assert got[-1].split() == ["Groups:", "7"]


@departs("runc", "1.1 applies umask to the first process only")
def test_umask(up: Container) -> None:
    """USR-3: umask is the file's."""
    user = {"uid": 0, "gid": 0, "umask": 0o027}
    assert lines(up, "inside", "umask", user=user) == ["0027"]


def test_capabilities(up: Container) -> None:
    """CAP-2: the sets are the file's."""
    names = ["CAP_KILL", "CAP_SYS_ADMIN"]
    sets = {name: names for name in ("bounding", "effective", "permitted")}
    got = lines(up, "grep", "CapEff", "/proc/self/status", capabilities=sets)
    assert int(got[0].split()[1], 16) == 1 << 5 | 1 << 21


def test_rlimits(up: Container) -> None:
    """RLM-3: the limits are the file's."""
    entry = {"type": "RLIMIT_MSGQUEUE", "soft": 33, "hard": 44}
    assert "12 33 44" in lines(up, "inside", "rlimits", rlimits=[entry])


def test_no_new_privileges(up: Container) -> None:
    """NNP-1: noNewPrivileges is the file's."""
    assert "nnp 1" in lines(up, "inside", "ids", noNewPrivileges=True)


@departs("runc", "1.1 leaves it at the container's value")
def test_oom_score(up: Container) -> None:
    """OOM-1: oomScoreAdj is the file's."""
    assert lines(up, "cat", "/proc/self/oom_score_adj", oomScoreAdj=77) == ["77"]


def test_short_flag(up: Container) -> None:
    """OPS-0: -p is short for --process; the file may be a descriptor's path."""
    path = written(up, process("echo", "x"))
    with open(path, "rb") as file:
        result = up.runtime("exec", "-p", "/proc/self/fd/0", up.id, stdin=file.fileno())
    assert result.lines == ["x"]


def test_exit_code(up: Container) -> None:
    """OPS-0: the exit code is the program's."""
    path = written(up, process("sh", "-c", "exit 21"))
    assert up.runtime.run("exec", "--process", path, up.id).code == 21


def test_detached_as_the_shim_does(up: Container) -> None:
    """STA-4: exec --process FILE --detach --pid-file, as containerd's shim calls it."""
    path = written(up, process("sh", "-c", "exit 22"))
    pid_file = up.runtime.home / "exec.pid"
    up.runtime("exec", "--process", path, "--detach", "--pid-file", pid_file, up.id)
    assert exit_code(int(pid_file.read_bytes())) == 22


def test_terminal_as_the_shim_does(up: Container, home: Path) -> None:
    """PRC-2, PRC-3: a terminal of the file's size, sent to the console socket."""
    size = {"height": 12, "width": 34}
    path = written(up, process("inside", "tty", terminal=True, consoleSize=size))
    pid_file = up.runtime.home / "exec.pid"
    with Receiver(home / "c.sock") as receiver:
        flags = ["--console-socket", receiver.path, "--detach", "--pid-file", pid_file]
        up.runtime("exec", "--process", path, *flags, up.id)
        _, [fd] = receiver.take()
        Terminal(fd).read_until("size 12 34")
    assert exit_code(int(pid_file.read_bytes())) == 0


def test_missing_file(up: Container) -> None:
    """ERR-1: a file that is not there is named; exit code 255."""
    message = up.runtime.fails("exec", "--process", "/nothing/like/it", up.id, code=255)
    assert message.startswith("exec failed: ")
    assert message.endswith("/nothing/like/it: no such file or directory")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"args": 1}'])
def test_broken_file(up: Container, text: str) -> None:
    """VAL-1: a file that is no process object is refused with 255."""
    path = up.runtime.home / "process.json"
    path.write_text(text)
    assert up.runtime.fails("exec", "--process", path, up.id, code=255)


def test_missing_program(up: Container) -> None:
    """PRC-9: a missing program, the fixed words, 255."""
    path = written(up, process("nothing-like-it"))
    message = up.runtime.fails("exec", "--process", path, up.id, code=255)
    assert message.endswith('exec: "nothing-like-it": executable file not found in $PATH')


def test_no_pid_file_after_failure(up: Container) -> None:
    """ERR-1: a failing exec writes no pid file; conmon tells failure by that."""
    path = written(up, process("nothing-like-it"))
    pid_file = up.runtime.home / "exec.pid"
    flags = ["--process", path, "--detach", "--pid-file", pid_file]
    up.runtime.fails("exec", *flags, up.id, code=255)
    assert not pid_file.exists()


@pytest.mark.parametrize("change", [{"cwd": ""}, {"cwd": "tmp"}, {"args": []}])
def test_bad_process(up: Container, change: dict[str, Any]) -> None:
    """PRC-4, PRC-6: cwd must be absolute and args not empty here too."""
    path = written(up, process("true", **change))
    assert up.runtime.fails("exec", "--process", path, up.id, code=255)


@pytest.mark.parametrize("number", range(3, 12))
def test_cwd_may_not_be_a_leaked_descriptor(up: Container, number: int) -> None:
    """PRC-4: cwd=/proc/self/fd/N is refused, or is the container's own root; never a host's."""
    script = "inside cwd; [ . -ef / ] && echo root"
    path = written(up, process("sh", "-c", script, cwd=f"/proc/self/fd/{number}"))
    result = up.runtime.run("exec", "--process", path, up.id)
    assert (result.code, result.lines) in ((255, []), (0, ["/", "root"]))


@needs(user_namespaces)
def test_in_a_user_namespace(container: Container) -> None:
    """UMP-2: exec enters the container's user namespace; ids are the container's."""
    container.bundle.namespace("user")
    for name in ("uidMappings", "gidMappings"):
        container.bundle.linux[name] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    container.up()
    got = lines(container, "inside", "ids", user={"uid": 5, "gid": 6})
    assert got[0] == "5 5 5 6 6 6"
