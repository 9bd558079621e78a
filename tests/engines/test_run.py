# SPDX-License-Identifier: Apache-2.0
"""podman and docker `run`: output, input, environment, user, names, foreground and detached."""

from __future__ import annotations

import pytest

from .engine import Engine
from .sandbox import wait_until


def test_run_separates_stdout_and_stderr(engine: Engine, image: str) -> None:
    """FD-1: without a terminal the program's stdout and stderr arrive each on its own."""
    done = engine.run(image, "sh", "-c", "echo to-out; echo to-err >&2")
    assert (done.stdout, done.stderr) == ("to-out\n", "to-err\n")


def test_stdin_reaches_the_program(engine: Engine, image: str) -> None:
    """FD-1: `run -i` passes standard input and its end."""
    assert engine.run("-i", image, "cat", stdin="one\ntwo\n").stdout == "one\ntwo\n"


def test_large_output_is_complete(engine: Engine, image: str) -> None:
    """FD-1: two megabytes of output arrive whole."""
    done = engine.run(image, "sh", "-c", "head -c 2000000 /dev/zero | tr '\\0' x")
    assert done.stdout == "x" * 2000000


def test_environment(engine: Engine, image: str) -> None:
    """PRC-5: variables reach the program byte for byte, HOME is root's."""
    words = engine.run_out("-e", "PLAIN=a b", "-e", "EMPTY=", "-e", "SIGN=a=b", image, "env")
    assert {"PLAIN=a b", "EMPTY=", "SIGN=a=b", "HOME=/root"} <= set(words.splitlines())


@pytest.mark.parametrize(("user", "line", "user_home"), [
    ("app", "1000:1000:1000 2000", "/home/app"),
    ("1000:2000", "1000:2000:2000", "/home/app"),
    ("4321", "4321:0:0", "/"),
])
def test_user(engine: Engine, image: str, user: str, line: str,
              user_home: str) -> None:
    """USR-1, USR-4: uid, gid, additional groups and HOME follow --user."""
    script = "echo $(id -u):$(id -g):$(id -G); echo $HOME"
    assert engine.run_out("--user", user, image, "sh", "-c", script).splitlines() == [line,
                                                                                      user_home]


def test_group_add(engine: Engine, image: str) -> None:
    """USR-4: --group-add adds a supplementary group."""
    groups = engine.run_out("--user", "1000:1000", "--group-add", "777", image, "id", "-G")
    assert "777" in groups.split()


def test_workdir(engine: Engine, image: str) -> None:
    """PRC-4: --workdir is where the program starts."""
    assert engine.run_out("--workdir", "/var/tmp", image, "pwd") == "/var/tmp"


def test_missing_workdir(docker: Engine, image: str) -> None:
    """PRC-4: docker makes a --workdir that the image lacks."""
    assert docker.run_out("--workdir", "/deep/new/dir", image, "pwd") == "/deep/new/dir"


def test_hostname_and_domainname(engine: Engine, image: str) -> None:
    """NS-3, HST-1: --hostname is set in the container's own uts namespace only."""
    assert engine.run_out("--hostname", "made-up", image, "cat",
                          "/proc/sys/kernel/hostname") == "made-up"
    assert engine.sandbox.run(["hostname"]).stdout == "engine-host\n"


def test_container_sees_only_its_own_processes(engine: Engine, image: str) -> None:
    """NS-3, DFS-1: the program is pid 1 and /proc shows no other machine process."""
    script = "echo $$; ls -d /proc/[0-9]* | wc -l"
    first, count = engine.run_out(image, "sh", "-c", script).split()
    assert first == "1"
    assert int(count) <= 4


def test_init_is_pid_one(engine: Engine) -> None:
    """PRC-6: --init puts the engine's init at pid 1 and the program below it."""
    script = "cat /proc/1/comm; echo $$"
    comm, pid = engine.run_out("--init", "busybox:test", "sh", "-c", script).splitlines()
    assert comm in ("docker-init", "catatonit", "tini", "dev-init", "podman-init")
    assert int(pid) > 1


def test_rm_leaves_no_container(engine: Engine, image: str) -> None:
    """OPS-D3, LIF-1: after `run --rm` the engine knows no container of that name."""
    engine.run("--name", "gone", image, "true")
    assert engine.out("ps", "-a", "--filter", "name=^gone$", "-q") == ""


def test_detached_run_and_logs(engine: Engine, image: str) -> None:
    """FD-1: a detached container's output is kept by the engine and shown by `logs`."""
    with engine.start(image, "sh", "-c", "echo first; echo second >&2; exec sleep 1000") as made:
        def both() -> bool:
            done = engine("logs", made.name)
            return done.stdout == "first\n" and done.stderr == "second\n"
        wait_until(both, "both lines in logs")


def test_default_bridge_network(engine: Engine, image: str) -> None:
    """NS-3, HK-5, HK-6, HK-9: with the engine's bridge the container gets an eth0 of its own."""
    found = engine.run_out("--network=bridge", image, "cat", "/proc/net/dev")
    assert "eth0:" in found


def test_published_port_is_reachable(engine: Engine) -> None:
    """NS-3, HK-5, HK-6, HK-9: a server in the container answers on the container's address."""
    with engine.start("--network=bridge", "busybox:test", "sh", "-c",
                      "echo served > /tmp/file; exec httpd -f -p 80 -h /tmp") as made:
        networks = made.inspect()["NetworkSettings"]
        address = networks["IPAddress"] or next(iter(networks["Networks"].values()))["IPAddress"]
        fetch = ["busybox", "wget", "-q", "-O", "-", f"http://{address}/file"]
        wait_until(lambda: engine.sandbox.run(fetch, status=None).stdout == "served\n",
                   "the container's web server answers")


def test_host_network(engine: Engine) -> None:
    """NS-3: --network host joins the engine's own network namespace."""
    outside = engine.sandbox.run(["readlink", "/proc/self/ns/net"]).stdout.strip()
    assert engine.run_out("--network=host", "busybox:test", "readlink",
                          "/proc/self/ns/net") == outside


def test_many_at_once(engine: Engine) -> None:
    """STA-8, OPS-T3: four containers started at the same moment all run to their end."""
    argv = [*engine.base, "run", "--rm", *engine.run_options, "busybox:test", "echo"]
    started = [engine.sandbox.popen([*argv, str(n)], stdout=-1, env=engine.env) for n in range(4)]
    assert [each.communicate(timeout=60)[0] for each in started] == ["0\n", "1\n", "2\n", "3\n"]
    assert [each.returncode for each in started] == [0] * 4
