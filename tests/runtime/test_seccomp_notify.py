# SPDX-License-Identifier: Apache-2.0
"""Seccomp beyond plain rules: listeners, system calls newer than the profile, engines' profiles."""

from __future__ import annotations

import array
import json
import os
import platform
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, Runtime, departs, needs, probes
from .harness.unprivileged import AS_USER, unprivileged_user_namespaces

pytestmark = departs(
    "runc",
    "1.1 writes ociVersion 1.0.2-dev, words its refusals otherwise, keeps no compiled filters",
)

NOTIF_RECV = 0xC0502100
NOTIF_SEND = 0xC0182101
CONTINUE = 1

CORPUS = Path(__file__).parents[1] / "corpus/good/engines"
# Never given to a system call yet; then numbers of this machine.
UNUSED = 900
MKDIR = 83 if platform.machine() == "x86_64" else 34
VMSPLICE = 278 if platform.machine() == "x86_64" else 75
MBIND = 237 if platform.machine() == "x86_64" else 235


class Agent:
    """Listens as a seccomp agent does; answers each notified call with `answer` (errno or 0)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(str(path))
        self.socket.listen()
        self.messages: list[dict[str, Any]] = []
        self.fds: list[int] = []
        self.calls: list[tuple[int, int]] = []
        self.rest: list[bytes] = []
        self.answer: Callable[[int], int] = lambda _: 0
        self.stop, self.stopping = os.pipe()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while True:
            wanted = [self.stop, self.socket, *self.fds]
            for ready in select.select(wanted, [], [])[0]:
                if ready == self.stop:
                    return
                if ready == self.socket:
                    self._accept()
                elif not self._serve(ready):
                    self.fds.remove(ready)
                    os.close(ready)

    def _accept(self) -> None:
        connection, _ = self.socket.accept()
        with connection:
            data, control, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(64))
            fds = array.array("i")
            for _, _, content in control:
                fds.frombytes(content)
            while more := connection.recv(1 << 16):
                data += more
        self.messages.append(json.loads(data))
        self.fds.extend(fds)

    def _serve(self, fd: int) -> bool:
        buffer = bytearray(80)
        try:
            ioctl(fd, NOTIF_RECV, buffer)
        except OSError:
            return False
        ident, pid, _, number = struct.unpack_from("=QIIi", buffer)
        self.calls.append((number, pid))
        error = self.answer(number)
        reply = struct.pack("=QqiI", ident, 0, -error, 0 if error else CONTINUE)
        try:
            ioctl(fd, NOTIF_SEND, bytearray(reply))
        except FileNotFoundError:
            pass  # the caller was killed meanwhile
        return True

    def close(self) -> None:
        os.write(self.stopping, b"x")
        self.thread.join(10)
        for fd in (self.stop, self.stopping, *self.fds):
            os.close(fd)
        self.socket.close()


@pytest.fixture
def agent(home: Path) -> Iterator[Agent]:
    """An agent at HOME/agent.sock."""
    made = Agent(home / "agent.sock")
    yield made
    made.close()


def notify(container: Container, agent: Agent, *names: str, **more: Any) -> None:
    container.bundle.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "listenerPath": str(agent.path),
        "syscalls": [{"names": list(names), "action": "SCMP_ACT_NOTIFY"}],
        **more,
    }


@pytest.mark.parametrize("no_new_privileges", [False, True])
def test_the_agent_decides(container: Container, agent: Agent, no_new_privileges: bool) -> None:
    """SCN-3, SCN-4: the listener reaches the agent, whose errno the program sees."""
    notify(container, agent, "mkdir")
    container.bundle.process["noNewPrivileges"] = no_new_privileges
    agent.answer = lambda _: 123
    container.bundle.inside("syscall", str(MKDIR), "0")
    assert container.report() == ["-1 errno-123"]
    assert [number for number, _ in agent.calls] == [MKDIR]


def test_message(container: Container, agent: Agent) -> None:
    """SCN-2, SCN-5: one message a connection, with pid, metadata and the state "creating"."""
    notify(container, agent, "mkdir", listenerMetadata="for you: \u00e4")
    container.bundle.config["annotations"] = {"a": "b"}
    container.create()
    assert agent.messages == [
        {
            "ociVersion": "1.3.0",
            "fds": ["seccompFd"],
            "pid": container.pid,
            "metadata": "for you: \u00e4",
            "state": {
                "ociVersion": "1.3.0",
                "id": container.id,
                "status": "creating",
                "pid": container.pid,
                "bundle": str(container.bundle.path),
                "annotations": {"a": "b"},
            },
        }
    ]


def test_no_metadata(container: Container, agent: Agent) -> None:
    """SCN-5: without listenerMetadata the message has no metadata."""
    notify(container, agent, "mkdir")
    container.create()
    assert "metadata" not in agent.messages[0]


@needs(probes.pidfd_getfd)
@pytest.mark.parametrize("no_new_privileges", [False, True])
def test_trapped_sendmsg(container: Container, agent: Agent, no_new_privileges: bool) -> None:
    """SCN-7: the listener gets out although sendmsg and recvmsg are notified themselves."""
    notify(container, agent, "sendmsg", "recvmsg", "mkdir")
    container.bundle.process["noNewPrivileges"] = no_new_privileges
    container.bundle.args("/bin/echo", "hello")
    assert container.report() == ["hello"]
    assert len(agent.messages) == 1


@needs(probes.user_namespaces, probes.pidfd_getfd)
def test_in_a_user_namespace(container: Container, agent: Agent) -> None:
    """SCN-4: the listener is taken from the process that the container's first one became."""
    notify(container, agent, "sendmsg", "mkdir")
    container.bundle.namespace("user")
    for member in ("uidMappings", "gidMappings"):
        container.bundle.linux[member] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    agent.answer = lambda number: 122 if number == MKDIR else 0
    container.bundle.inside("syscall", str(MKDIR), "0")
    assert container.report() == ["-1 EDQUOT"]


def test_exec(container: Container, agent: Agent) -> None:
    """SCN-5: exec sends a message of its own: its pid, and the state "running" of the first."""
    notify(container, agent, "mkdir")
    container.up()
    agent.answer = lambda _: 122
    got = container.exec("/bin/inside", "syscall", str(MKDIR), "0")
    assert (got.code, got.out) == (0, "-1 EDQUOT\n")
    first, second = agent.messages
    assert second["state"] == {**first["state"], "status": "running"}
    assert second["pid"] not in (0, container.pid)


@pytest.mark.parametrize("flag", ["WAIT_KILLABLE_RECV", "TSYNC", "LOG", "SPEC_ALLOW"])
def test_flags_with_listener(container: Container, agent: Agent, flag: str) -> None:
    """SEC-4: each flag goes together with a listener."""
    notify(container, agent, "mkdir", flags=[f"SECCOMP_FILTER_FLAG_{flag}"])
    agent.answer = lambda _: 122
    container.bundle.inside("syscall", str(MKDIR), "0")
    assert container.report() == ["-1 EDQUOT"]


def test_no_agent(container: Container, home: Path) -> None:
    """SCN-2: when the message cannot be sent, create fails and names the socket."""
    container.bundle.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "listenerPath": str(home / "nobody.sock"),
        "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}],
    }
    path = home / "nobody.sock"
    text = f"linux.seccomp.listenerPath: send the listener to {path}: no such file or directory"
    assert text in container.fails()


def test_unused_listener(container: Container, home: Path) -> None:
    """SCN-1: listenerPath without a rule that notifies is not connected to."""
    container.bundle.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "listenerPath": str(home / "nobody.sock"),
    }
    container.bundle.args("/bin/echo", "hello")
    assert container.report() == ["hello"]


@needs(probes.root, unprivileged_user_namespaces)
@pytest.mark.parametrize("no_new_privileges", [False, True])
def test_unprivileged(rootless: Container, agent: Agent, no_new_privileges: bool) -> None:
    """SCN-3: without privileges, where nobody may take the listener, the stage sends it."""
    agent.path.chmod(0o777)
    notify(rootless, agent, "mkdir")
    rootless.bundle.process["noNewPrivileges"] = no_new_privileges
    agent.answer = lambda _: 122
    rootless.bundle.inside("syscall", str(MKDIR), "0")
    assert rootless.run(**AS_USER).out == "-1 EDQUOT\n"


@needs(probes.root, unprivileged_user_namespaces)
def test_unprivileged_sendmsg(rootless: Container, agent: Agent) -> None:
    """SCN-7: without privileges sendmsg cannot be notified: an error, not a hang."""
    notify(rootless, agent, "mkdir", "sendmsg")
    assert '"sendmsg" cannot have the action SCMP_ACT_NOTIFY' in rootless.fails(**AS_USER)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"defaultAction": "SCMP_ACT_NOTIFY"}, "cannot be the default action"),
        ({"syscalls": [{"names": ["write"], "action": "SCMP_ACT_NOTIFY"}]}, '"write" cannot have'),
        ({"listenerPath": ""}, "listenerPath"),
    ],
)
def test_refused(container: Container, agent: Agent, change: dict[str, Any], text: str) -> None:
    """SCN-1, SCN-7: NOTIFY by default, on write, or without a listener is refused."""
    notify(container, agent, "mkdir", **change)
    assert text in container.fails()


# -- system calls newer than the profile


def under_docker(container: Container, errno: int | None, *call: int) -> str:
    """What a system call gets under Docker's profile with this default errno."""
    profile: dict[str, Any] = json.loads((CORPUS / "docker-1.json").read_text())["linux"]["seccomp"]
    profile.pop("defaultErrnoRet", None)
    if errno is not None:
        profile["defaultErrnoRet"] = errno
    container.bundle.linux["seccomp"] = profile
    container.bundle.inside("syscall", *map(str, call))
    return container.report()[0]


@pytest.mark.parametrize("errno", [None, 122])
def test_newer_than_the_profile(container: Container, errno: int | None) -> None:
    """SEC-7: what is newer than every system call of the profile is not there, not forbidden."""
    assert under_docker(container, errno, UNUSED) == "-1 ENOSYS"


@pytest.mark.parametrize(("errno", "text"), [(None, "EPERM"), (122, "EDQUOT")])
def test_older_than_the_newest(container: Container, errno: int | None, text: str) -> None:
    """SEC-2, SEC-7: what the profile could have named and did not gets the default's errno."""
    assert under_docker(container, errno, MBIND, 0, 0, 0, 0, 0, 0) == f"-1 {text}"


def test_no_network_calls(container: Container) -> None:
    """SEC-8: a profile without sendmsg and recvmsg does not keep the container from starting."""
    container.bundle.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["sendmsg", "recvmsg"], "action": "SCMP_ACT_ERRNO"}],
    }
    container.bundle.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 64, "hard": 64}]
    container.bundle.sh("ulimit -n")
    assert container.report() == ["64"]


def test_newer_under_an_allowing_default(container: Container) -> None:
    """SEC-7: under a profile that allows by default, newer system calls are allowed."""
    container.bundle.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["access"], "action": "SCMP_ACT_ERRNO"}],
    }
    container.bundle.inside("syscall", "39")
    assert container.report() == ["1 ok"]


# -- engines' own profiles


@pytest.mark.parametrize(
    ("name", "call", "answer"),
    [
        ("docker-1", f"{MBIND} 0 0 0 0 0 0", "-1 EPERM"),
        ("podman-1", f"{VMSPLICE} -1 0 0 0", "-1 EPERM"),
    ],
)
def test_engine_profile(container: Container, name: str, call: str, answer: str) -> None:
    """SEC-1, SEC-3: an engine's default profile lets a shell work and refuses what it names
    (vmsplice, else EBADF) or does not (mbind, else granted).
    """
    config = json.loads((CORPUS / f"{name}.json").read_text())
    container.bundle.linux["seccomp"] = config["linux"]["seccomp"]
    container.bundle.sh(f"mkdir /tmp/d && ls -d /tmp/d && /bin/inside syscall {call}")
    assert container.report() == ["/tmp/d", answer]


# -- what is remembered


def cached(runtime: Runtime) -> list[Path]:
    directory = runtime.root / ",seccomp"
    return sorted(directory.iterdir()) if directory.is_dir() else []


def forbid(container: Container, errno: int) -> None:
    container.bundle.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno}],
    }
    container.bundle.inside("syscall", str(MKDIR), "0")


def test_compiled_once(make_container: Callable[..., Container], runtime: Runtime) -> None:
    """SEC-9: one profile is compiled once, another one is not answered by it."""
    for name, errno, text, entries in (
        ("a", 122, "-1 EDQUOT", 1),
        ("b", 122, "-1 EDQUOT", 1),
        ("c", 28, "-1 ENOSPC", 2),
    ):
        container = make_container(name)
        forbid(container, errno)
        assert (container.report(), len(cached(runtime))) == ([text], entries)


@pytest.mark.parametrize("damage", ["cut", "flip", "mode", "empty", "link"])
def test_damaged_entry(
    make_container: Callable[..., Container], runtime: Runtime, damage: str, home: Path
) -> None:
    """SEC-9: a remembered program that is not what was written is compiled again."""
    first, second = make_container("a"), make_container("b")
    forbid(first, 122)
    assert first.report() == ["-1 EDQUOT"]
    (entry,) = cached(runtime)
    good = entry.read_bytes()
    allow_all = good[:-8] + struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)
    if damage == "mode":
        entry.write_bytes(good)
        entry.chmod(0o666)
    elif damage == "link":
        entry.unlink()
        entry.symlink_to(home / "elsewhere")
    else:
        entry.write_bytes({"cut": good[:-8], "flip": allow_all, "empty": b""}[damage])
    forbid(second, 122)
    assert second.report() == ["-1 EDQUOT"]
    assert entry.read_bytes() == good and entry.stat().st_mode == 0o100600


def test_unwritable_cache(container: Container, runtime: Runtime) -> None:
    """SEC-9: where nothing can be remembered the container is made all the same."""
    runtime.root.mkdir()
    (runtime.root / ",seccomp").write_text("a file in place of the directory")
    forbid(container, 122)
    assert container.report() == ["-1 EDQUOT"]


def test_list_shows_containers_only(container: Container, runtime: Runtime) -> None:
    """SEC-7: what is remembered is not a container."""
    forbid(container, 122)
    container.create()
    got = runtime("list", "--quiet")
    assert (got.out, got.err) == (f"{container.id}\n", "")
