# SPDX-License-Identifier: Apache-2.0
"""podman and docker `exec`: status, streams, user, environment, directory, joined namespaces."""

from __future__ import annotations

import pytest

from .engine import Container, Engine
from .sandbox import wait_until
from .test_security import EVERY_ENGINE, need_privileged

NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "uts", "user")


def test_exec_streams_and_status(container: Container) -> None:
    """OPS-0: stdout, stderr and exit status of the new process are the engine's."""
    done = container.exec("sh", "-c", "echo out; echo err >&2; exit 9", status=9)
    assert done.stdout == "out\n"
    assert "err\n" in done.stderr


def test_exec_user_env_workdir(container: Container) -> None:
    """USR-1, PRC-4, PRC-5: user, env and cwd come from the engine's process.json."""
    script = "echo $(id -u):$(id -g) $EXTRA $PWD $HOME"
    found = container.engine.out("exec", "-u", "app", "-e", "EXTRA=more", "-w", "/tmp",
                                 container.name, "sh", "-c", script)
    assert found == "1000:1000 more /tmp /home/app"


def test_exec_stdin(container: Container) -> None:
    """OPS-0: `exec -i` passes standard input and its end."""
    done = container.engine("exec", "-i", container.name, "sh", "-c", "cat; echo end", stdin="in\n")
    assert done.stdout == "in\nend\n"


def test_exec_joins_every_namespace(container: Container) -> None:
    """NS-2: the new process is in each namespace of the container's first one."""
    script = f"for n in {' '.join(NAMESPACES)}; do readlink /proc/{{}}/ns/$n; done"
    own = container.out("sh", "-c", script.format("self"))
    assert own == container.out("sh", "-c", script.format("1"))
    assert len(own.splitlines()) == len(NAMESPACES)


def test_exec_is_in_the_containers_cgroups(container: Container) -> None:
    """CGP-1: the new process is in the container's cgroup of every hierarchy."""
    assert container.out("cat", "/proc/self/cgroup") == container.out("cat", "/proc/1/cgroup")


def test_exec_has_the_containers_confinement(container: Container) -> None:
    """CAP-2, SEC-1: capabilities and seccomp mode equal the first process's."""
    def lines(pid: str) -> list[str]:
        status = container.out("cat", f"/proc/{pid}/status")
        return [each for each in status.splitlines() if each.startswith(("Cap", "Seccomp:", "NoN"))]
    found = lines("self")
    assert found == lines("1")
    assert "Seccomp:\t2" in found


def test_exec_root_is_the_containers(container: Container) -> None:
    """ROOT-2: files made by exec are seen by the container's own file system."""
    container.exec("sh", "-c", "echo word > /made-by-exec")
    assert container.out("cat", "/proc/1/root/made-by-exec") == "word"


def test_exec_detached(container: Container) -> None:
    """OPS-0: `exec -d` returns at once and its process runs on."""
    container.engine("exec", "-d", container.name, "sh", "-c", "sleep 0.3; echo done > /flag")
    wait_until(lambda: container.exec("cat", "/flag", status=None).stdout == "done\n",
               "the detached process wrote its file")


def test_exec_privileged(box: Container) -> None:
    """CAP-2, CAP-3: `exec --privileged` has the whole bounding set of the engine."""
    need_privileged(box.engine)
    outside = box.engine.sandbox.run(["grep", "CapBnd", "/proc/self/status"]).stdout.split()[1]
    found = box.engine.out("exec", "--privileged", box.name, "grep", "CapEff", "/proc/self/status")
    assert int(found.split()[1], 16) & EVERY_ENGINE == int(outside, 16) & EVERY_ENGINE


@pytest.mark.parametrize(("program", "codes", "message"), [
    ("no-such", (126, 127), 'exec: "no-such": executable file not found in $PATH'),
    ("/no/such", (126, 127), "no such file or directory"),
    ("/etc/passwd", (126,), 'exec: "/etc/passwd": permission denied'),
])
def test_exec_of_a_bad_program(container: Container, program: str, codes: tuple[int, ...],
                               message: str) -> None:
    """PRC-6, PRC-9: the reason is named and the exit code is of the engine's 126/127 class."""
    done = container.exec(program, status=None)
    assert message in (done.stdout + done.stderr).replace("\\", "")
    assert done.returncode in codes


def test_exec_in_a_stopped_container(engine: Engine) -> None:
    """STA-8: refused once the container has ended, and the container stays usable."""
    with engine.create("busybox:test", "true") as made:
        engine("start", "-a", made.name)
        done = made.exec("true", status=None)
        assert done.returncode != 0
        assert "running" in done.stderr or "state improper" in done.stderr
        engine("start", "-a", made.name)


def test_twenty_execs_leave_no_process(box: Container) -> None:
    """STA-10: after repeated execs only the container's first process is left."""
    for number in range(20):
        assert box.out("echo", str(number)) == str(number)

    def processes() -> int:
        return int(box.out("sh", "-c", "cat /sys/fs/cgroup/pids/pids.current"
                                       " || cat /sys/fs/cgroup/pids.current"))
    wait_until(lambda: processes() <= 3, "no process but sleep, sh and cat")
