# SPDX-License-Identifier: Apache-2.0
"""podman and docker with `-it` on a real pseudo-terminal: size, resize, keys, exit status."""

from __future__ import annotations

import time

from .engine import Container, Engine
from .sandbox import wait_until


def test_run_it_has_a_terminal_of_the_callers_size(engine: Engine, image: str) -> None:
    """PRC-2, PRC-3: stdin, stdout, stderr are one terminal with the caller's window size."""
    script = "test -t 0 && test -t 1 && test -t 2 && stty size && tty"
    with engine.run_terminal(image, "sh", "-c", f"sleep 0.5; {script}", rows=33,
                             columns=101) as term:
        term.expect(r"33 101\r\n")
        assert term.expect(r"(/dev/\S+)\r\n").group(1) in ("/dev/pts/0", "/dev/console")
        assert term.wait() == 0


def test_resize_reaches_the_program(engine: Engine, image: str) -> None:
    """PRC-2, PRC-3: a window resize outside sends SIGWINCH and the new size inside."""
    script = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.1; done"
    with engine.run_terminal(image, "sh", "-c", script) as term:
        term.expect("ready")
        term.resize_until(44, 122, r"44 122\r\n")
        term.type("\x03")
        assert term.wait() == 130


def test_shell_session(engine: Engine, image: str) -> None:
    """PRC-2, PRC-3: typed commands run, and the shell's exit status is the engine's."""
    with engine.run_terminal(image, "sh") as term:
        term.expect("[#$] ")
        term.type("echo $((40 + 2))\n")
        term.expect(r"\n42\r\n")
        term.type("exit 7\n")
        assert term.wait() == 7


def test_interrupt_key(engine: Engine, image: str) -> None:
    """PRC-2, PRC-3: ctrl-C interrupts the foreground job only, so job control works."""
    with engine.run_terminal(image, "sh") as term:
        term.expect("[#$] ")
        term.type("sleep 4567\n")
        wait_until(lambda: engine.sandbox.run(["pgrep", "-f", "^sleep 4567"], status=None).stdout,
                   "sleep runs")
        term.type("\x03")
        term.expect("[#$] ")
        term.type("echo status $?\n")
        term.expect(r"\nstatus 130\r\n")
        term.type("exit 4\n")
        assert term.wait() == 4


def test_dev_console_is_the_terminal(engine: Engine, image: str) -> None:
    """DEV-1, PRC-2: /dev/console exists with a terminal and writes to it show up."""
    with engine.run_terminal(image, "sh", "-c", "echo through-console > /dev/console") as term:
        term.expect("through-console\r\n")
        assert term.wait() == 0


def test_exec_it(container: Container) -> None:
    """PRC-2, PRC-3: `exec -it` has a terminal of its own with the caller's size."""
    with container.engine.terminal("exec", "-it", container.name, "sh", rows=21,
                                   columns=99) as term:
        term.expect("[#$] ")
        # docker sets the size only after the start: ask until it is there
        term.type("until stty size | grep '21 99'; do sleep 0.1; done; tty\n")
        term.expect(r"\n21 99\r\n")
        term.expect(r"/dev/pts/\d+\r\n")
        term.type("exit 3\n")
        assert term.wait() == 3


def test_detach_and_attach(engine: Engine) -> None:
    """PRC-2, PRC-3: after the detach keys the container lives on and attach finds it."""
    with engine.create("-it", "busybox:test", "sh") as made:
        with engine.terminal("start", "-ai", made.name) as term:
            term.expect("[#$] ")
            term.type("kept=yes\n")
            term.expect("[#$] ")
            for key in ("\x10", "\x11"):  # one by one, as a hand does: podman reads them so
                time.sleep(0.3)
                term.type(key)
            term.wait()
        assert made.state()["Running"] is True
        with engine.terminal("attach", made.name) as term:
            term.type("\necho is-$kept\n")
            term.expect("is-yes\r\n")
            term.type("exit 5\n")
            term.wait()
        assert engine.out("wait", made.name) == "5"


def test_exec_t_without_stdin(container: Container) -> None:
    """PRC-2, PRC-3: `exec -t` gives stdout a terminal (lines end in CR LF)."""
    with container.engine.terminal("exec", "-t", container.name, "echo", "word") as term:
        term.expect("word\r+\n")
        assert term.wait() == 0
