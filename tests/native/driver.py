# SPDX-License-Identifier: Apache-2.0
"""Run by test_sanitized.py under AddressSanitizer: calls the C core with good and bad input.

Prints one line for each part; the sanitizers end the process at the first wrong access.
"""

from __future__ import annotations

import os
import random
import socket
import sys
import tempfile

from pyrunc import native
from pyrunc.config.default import default_config
from pyrunc.plan.build import container_plan
from pyrunc.plan.facts import Facts


def plan_bytes() -> bytes:
    """The plan of the default config."""
    config = default_config()
    config["process"]["terminal"] = False
    facts = Facts(bundle="/b", rootfs="/b/r", container_id="c")
    return bytes(container_plan(config, facts).encode())


def plans(rounds: int) -> None:
    """Plans with bytes changed, cut off or added: each is accepted or refused, never overrun."""
    whole = plan_bytes()
    native.plan_check(whole)
    chance = random.Random(1)
    refused = 0
    for _ in range(rounds):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(min(len(broken), chance.choice((40, 4000, 1 << 20))))
            broken[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        if chance.random() < 0.3:
            del broken[chance.randrange(len(broken)):]
        try:
            native.plan_check(bytes(broken))
        except native.Failure:
            refused += 1
    assert refused > rounds // 10, refused
    print("plans refused", refused)


def messages(rounds: int) -> None:
    """Datagrams that no init stage would send."""
    chance = random.Random(2)
    sizes = [0, 1, 11, 12, 139, 140, 141, 4096, *(chance.randrange(300) for _ in range(rounds))]
    for size in sizes:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            theirs.send(chance.randbytes(size))
            try:
                message = native.recv(ours.fileno())
            except native.Failure:
                continue
            for fd in message.fds if message else ():
                os.close(fd)
    print("messages read")


def passing() -> None:
    """Descriptors and payloads to a path, and answers on a socket."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as server:
        path = f"{directory}/s"
        server.bind(path)
        server.listen()
        native.send_to_path(path, b"name", [0])
        for bad in (f"{directory}/none", "x" * 500):
            try:
                native.send_to_path(bad, b"name", [0])
            except native.Failure:
                continue
            raise AssertionError(bad)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        native.send_go(ours.fileno(), 1, b"payload" * 100, [0, 1, 2])
        theirs.close()
        try:
            native.send_go(ours.fileno(), 1)
        except native.Failure:
            print("peer gone")


def hooks() -> None:
    """A hook that succeeds, one that fails, one that is missing, one that hangs."""
    native.run_hook("/bin/cat", ["cat"], [], "/", b"{}" * 10000, 0)
    for path, args, timeout in (("/bin/false", ["false"], 0), ("/none", ["none"], 0),
                                ("/bin/sleep", ["sleep", "9"], 1)):
        try:
            native.run_hook(path, args, ["A=b"], "/", b"{}", timeout)
        except native.Failure:
            continue
        raise AssertionError(path)
    print("hooks run")


def processes() -> None:
    """Start times, sealed files, waits."""
    assert native.process_stat(os.getpid())[0] > 0
    fd = os.open("/bin/true", os.O_RDONLY)
    os.close(native.seal_executable(fd))
    os.close(fd)
    os.close(native.seal_plan(plan_bytes()))
    pidfd = os.pidfd_open(os.getpid())
    assert not native.wait_exit(pidfd, 1)
    os.close(pidfd)
    print("processes seen")


if __name__ == "__main__":
    assert "sanitize" in native.__file__, native.__file__
    plans(int(sys.argv[1]))
    messages(50)
    passing()
    hooks()
    processes()
    print("done")
