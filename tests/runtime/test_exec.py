# SPDX-License-Identifier: Apache-2.0
"""exec with a command line: its flags, exit codes and what it inherits from the container."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from .harness import Container, departs, needs, until
from .harness.cgroupfs import directory, hierarchies
from .harness.probes import freezer
from .harness.waiting import alive, exit_code


@pytest.fixture
def up(container: Container) -> Container:
    """A running container."""
    return container.up()


def lines(up: Container, *args: str, flags: tuple[str, ...] = ()) -> list[str]:
    """The stdout lines of an exec that must succeed in silence."""
    result = up.exec_with(list(flags), *args)
    assert (result.code, result.err) == (0, "")
    return result.lines


def test_output(up: Container) -> None:
    """OPS-0: exec runs a program in the container and gives its output."""
    assert lines(up, "echo", "one", "two") == ["one two"]


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exit_code(up: Container, code: int) -> None:
    """OPS-0: exec returns the program's exit code."""
    assert up.exec("sh", "-c", f"exit {code}").code == code


def test_killed_by_signal(up: Container) -> None:
    """OPS-0: an exec'd program ended by signal N gives 128+N."""
    assert up.exec("sh", "-c", "kill -9 $$").code == 137


def test_stdin(up: Container) -> None:
    """FD-3: the caller's stdin is the program's."""
    assert up.exec("cat", stdin="text").out == "text"


def test_options_after_the_id_are_the_programs(up: Container) -> None:
    """OPS-0: option parsing stops at the container id."""
    assert lines(up, "echo", "--cwd", "-e", "x") == ["--cwd -e x"]


def test_same_namespaces(up: Container) -> None:
    """NS-2: the exec'd program is in the namespaces of the container's process."""
    inside = dict(line.split() for line in lines(up, "inside", "ns"))
    init = {name: os.stat(f"/proc/{up.pid}/ns/{name}").st_ino for name in inside}
    assert inside == {name: str(inode) for name, inode in init.items()}


def test_root_and_cwd(up: Container) -> None:
    """PRC-4: the program's root and cwd are the container's."""
    assert lines(up, "inside", "cwd") == ["/"]


def test_cwd(up: Container) -> None:
    """PRC-4: --cwd sets the working directory."""
    assert lines(up, "inside", "cwd", flags=("--cwd", "/home/tester")) == ["/home/tester"]


def test_relative_cwd(up: Container) -> None:
    """PRC-4: a relative --cwd is refused."""
    result = up.exec_with(["--cwd", "home"], "true")
    assert result.code == 255
    assert "cwd" in result.error.lower()


def test_environment_is_the_configs(up: Container) -> None:
    """PRC-5: the environment is that of config.json, with HOME added from /etc/passwd."""
    assert sorted(lines(up, "inside", "env")) == ["HOME=/root", "PATH=/bin", "TERM=xterm"]


@pytest.mark.parametrize("flag", ["-e", "--env"])
def test_env(up: Container, flag: str) -> None:
    """PRC-5: --env adds to the environment; it may be repeated and commas do not split it."""
    got = lines(up, "inside", "env", flags=(flag, "A=1,2", flag, "B=x=y"))
    assert {"A=1,2", "B=x=y"} <= set(got)


def test_env_overrides(up: Container) -> None:
    """PRC-5: a name given again replaces the config's value."""
    got = [line for line in lines(up, "inside", "env", flags=("-e", "TERM=dumb")) if "TERM" in line]
    assert got == ["TERM=dumb"]


def test_user(up: Container) -> None:
    """USR-1: --user UID:GID sets both."""
    got = lines(up, "inside", "ids", flags=("--user", "1000:2000"))
    assert got[0] == "1000 1000 1000 2000 2000 2000"


def test_user_without_group(up: Container) -> None:
    """USR-1: --user UID alone has gid 0."""
    assert lines(up, "inside", "ids", flags=("-u", "1000"))[0] == "1000 1000 1000 0 0 0"


@pytest.mark.parametrize("user", ["tester", "1x", "1:x", ":", "-1"])
def test_user_by_name(up: Container, user: str) -> None:
    """USR-2: anything but numbers is refused; it never becomes root."""
    result = up.exec_with([f"--user={user}"], "inside", "ids")
    assert (result.code, result.out) == (255, "")
    assert len(result.err.splitlines()) == 1


def test_additional_gids(up: Container) -> None:
    """USR-4: -g sets the supplementary groups; it may be repeated."""
    got = lines(up, "id", "-G", flags=("-u", "1000:1000", "-g", "2000", "-g", "2001"))
    assert sorted(got[0].split()) == ["1000", "2000", "2001"]


def test_home_of_the_user(up: Container) -> None:
    """PRC-5: HOME follows the exec's user."""
    assert "HOME=/home/tester" in lines(up, "inside", "env", flags=("-u", "1000"))


def test_no_new_privs(up: Container) -> None:
    """NNP-1: --no-new-privs sets the bit; without it the bit is as in the config."""
    assert "nnp 1" in lines(up, "inside", "ids", flags=("--no-new-privs",))
    assert "nnp 0" in lines(up, "inside", "ids")


def capabilities(up: Container, *flags: str) -> dict[str, int]:
    """The five capability sets of an exec'd program as masks."""
    text = lines(up, "cat", "/proc/self/status", flags=flags)
    return {line[3:6]: int(line.split()[1], 16) for line in text if line.startswith("Cap")}


def test_cap(up: Container) -> None:
    """CAP-2: --cap adds to bounding, effective and permitted, never to inheritable."""
    bit = 1 << 12  # CAP_NET_ADMIN
    plain, more = capabilities(up), capabilities(up, "--cap", "CAP_NET_ADMIN")
    assert more == {
        "Bnd": plain["Bnd"] | bit,
        "Eff": plain["Eff"] | bit,
        "Prm": plain["Prm"] | bit,
        "Inh": 0,
        "Amb": 0,
    }


def test_cap_short_twice(up: Container) -> None:
    """CAP-2: -c may be repeated."""
    bits = 1 << 12 | 1 << 21
    assert capabilities(up, "-c", "CAP_NET_ADMIN", "-c", "CAP_SYS_ADMIN")["Eff"] & bits == bits


def test_tty_false_is_not_a_terminal(up: Container) -> None:
    """PRC-2: without --tty no standard stream is a terminal."""
    assert [line.split()[1] for line in lines(up, "inside", "tty")[:3]] == ["0", "0", "0"]


def test_only_three_descriptors(up: Container) -> None:
    """FD-1: an exec'd program has the descriptors 0, 1 and 2 only."""
    assert [line.split()[0] for line in lines(up, "inside", "fds")] == ["0", "1", "2"]


def test_detach(up: Container) -> None:
    """OPS-0: exec --detach returns at once; the pid file names the process, which is ours to
    reap.
    """
    pid_file = up.runtime.home / "exec.pid"
    result = up.exec_with(["--detach", "--pid-file", pid_file], "sh", "-c", "exit 8")
    assert (result.code, result.err) == (0, "")
    assert exit_code(int(pid_file.read_text())) == 8


def test_pid_file_has_no_newline(up: Container) -> None:
    """STA-4: exec's pid file holds digits only."""
    pid_file = up.runtime.home / "exec.pid"
    assert up.exec_with(["--pid-file", pid_file], "true").code == 0
    assert pid_file.read_bytes().isdigit()


def test_in_the_containers_cgroup(up: Container) -> None:
    """CGP-1: the exec'd program is in the container's cgroup."""
    path = up.bundle.cgroup
    with open(f"/proc/{up.pid}/cgroup", encoding="ascii") as file:
        wanted = {line.strip() for line in file if path in line}
    up.exec_with(["--detach", "--pid-file", up.runtime.home / "x"], "sleep", "1000")
    pid = int((up.runtime.home / "x").read_text())
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        assert {line.strip() for line in file if path in line} == wanted != set()
    os.kill(pid, signal.SIGKILL)
    assert exit_code(pid) == 137


def test_missing_program(up: Container) -> None:
    """PRC-9: a missing program: the fixed words, exit code 255."""
    message = up.runtime.fails("exec", up.id, "nothing-like-it", code=255)
    assert message == (
        "exec failed: unable to start container process: "
        'exec: "nothing-like-it": executable file not found in $PATH'
    )


def test_missing_program_by_path(up: Container) -> None:
    """PRC-6: a path that is not there is named with the errno's text, exit code 255."""
    message = up.runtime.fails("exec", up.id, "/nothing-like-it", code=255)
    assert 'exec: "/nothing-like-it": stat /nothing-like-it: no such file or directory' in message


def test_not_executable(up: Container) -> None:
    """PRC-6: a file without x bits is refused with "permission denied", exit code 255."""
    message = up.runtime.fails("exec", up.id, "/etc/passwd", code=255)
    assert 'exec: "/etc/passwd": permission denied' in message


def test_directory(up: Container) -> None:
    """PRC-6: a directory as program is an error with exit code 255."""
    message = up.runtime.fails("exec", up.id, "/etc", code=255)
    assert message.endswith(("permission denied", "is a directory"))


def test_no_program(up: Container) -> None:
    """PRC-6: exec with neither a program nor --process is an error."""
    result = up.runtime.run("exec", up.id)
    assert result.code in (1, 255)
    assert len(result.err.splitlines()) == 1


def test_created(container: Container) -> None:
    """OPS-0: exec works in a created container as it does in a running one."""
    container.create()
    assert lines(container, "echo", "early") == ["early"]
    assert container.status == "created"


def test_stopped(container: Container) -> None:
    """OPS-0: exec in a stopped container is refused with 255."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    message = container.runtime.fails("exec", container.id, "true", code=255)
    assert message.endswith("cannot exec in a stopped container")


@needs(freezer)
def test_paused(up: Container) -> None:
    """OPS-0: exec in a paused container is refused with 255 and says how to do it anyway."""
    up.runtime("pause", up.id)
    message = up.runtime.fails("exec", up.id, "true", code=255)
    assert message.endswith("cannot exec in a paused container (use --ignore-paused to override)")


@needs(freezer)
def test_ignore_paused(up: Container) -> None:
    """OPS-0: exec --ignore-paused waits for the thaw and then runs."""
    up.runtime("pause", up.id)
    process = up.runtime.spawn(
        "exec", "--ignore-paused", up.id, "echo", "thawed", stdout=subprocess.PIPE
    )
    up.runtime("resume", up.id)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, b"thawed\n")


def test_does_not_end_the_container(up: Container) -> None:
    """OPS-0: the end of an exec'd program leaves the container running."""
    up.exec("true")
    assert (up.status, alive(up.pid)) == ("running", True)


def test_foreground_leaves_no_process(up: Container) -> None:
    """OPS-0: exec in the foreground returns when its program ends, not its background children."""
    assert up.exec("sh", "-c", "sleep 1000 >/dev/null 2>&1 & exit 2").code == 2


def test_after_config_edit(up: Container) -> None:
    """PRC-5, VAL-4: exec takes the process defaults from the container, and its id alone is
    enough.
    """
    assert lines(up, "echo", "x", flags=("--detach=false",)) == ["x"]


@departs("runc", "1.1 applies the config's umask to the first process only")
def test_umask_of_the_config(container: Container) -> None:
    """USR-3: exec uses the config's umask."""
    container.bundle.process["user"]["umask"] = 0o077
    container.up()
    assert lines(container, "inside", "umask") == ["0077"]


def test_rlimits_of_the_config(container: Container) -> None:
    """RLM-3: exec uses the config's rlimits."""
    entry = {"type": "RLIMIT_MSGQUEUE", "soft": 100, "hard": 200}
    container.bundle.process["rlimits"] = [entry]
    container.up()
    assert "12 100 200" in lines(container, "inside", "rlimits")


def test_subcgroup(up: Container) -> None:
    """CGP-1: exec --cgroup PATH puts the program into a sub-cgroup of the container's."""
    controller = "pids" if "pids" in hierarchies() else ""
    path = up.bundle.cgroup
    sub = directory(path, controller) / "sub"
    sub.mkdir()
    flag = "pids:sub" if controller else "sub"
    got = lines(up, "cat", "/proc/self/cgroup", flags=("--cgroup", flag))
    assert any(line.endswith(f"{path}/sub") for line in got)
    until(lambda: removed(sub), "the sub-cgroup to be empty")


def removed(path):  # type: ignore[no-untyped-def]
    """Try to remove an empty cgroup."""
    try:
        path.rmdir()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("path", ["nothing", "../..", "/../.."])
def test_bad_subcgroup(up: Container, path: str) -> None:
    """CGP-2: --cgroup with a path that is not below the container's cgroup is refused."""
    flag = f"pids:{path}" if "pids" in hierarchies() else path
    result = up.exec_with(["--cgroup", flag], "true")
    assert (result.code, len(result.err.splitlines())) == (255, 1)
