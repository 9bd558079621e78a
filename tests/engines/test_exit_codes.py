# SPDX-License-Identifier: Apache-2.0
"""Exit codes of `run`, and the exact reasons when the program cannot be started."""

from __future__ import annotations

import re

import pytest

from .engine import Engine


@pytest.mark.parametrize("code", [0, 1, 7, 125, 255])
def test_exit_status_is_the_programs(engine: Engine, image: str, code: int) -> None:
    """OPS-T3: `run` ends with the program's own status."""
    engine.run(image, "sh", "-c", f"exit {code}", status=code)


@pytest.mark.parametrize(("program", "code", "message"), [
    ("no-such", 127, r'exec: "no-such": executable file not found in \$PATH'),
    ("/no/such", 127, r'exec: "/no/such": stat /no/such: no such file or directory'),
    ("/etc/passwd", 126, r'exec: "/etc/passwd": permission denied'),
    # runc says the first since 1.2, before that the second
    ("/etc", 126, r'exec: "/etc": (is a directory|permission denied)'),
])
def test_program_that_cannot_start(engine: Engine, image: str, program: str, code: int,
                                   message: str) -> None:
    """PRC-6, PRC-9: the reason in runc's words, by which engines choose 126 or 127."""
    done = engine.run(image, program, status=None)
    # Engines older than runc 1.2 do not know `is a directory` and fall back to 125.
    assert done.returncode in ((code, 125) if "is a directory" in done.stderr else (code,))
    assert re.search(message, done.stderr.replace("\\", ""))  # podman may show it quoted
    assert done.stdout == ""


def test_script_without_its_interpreter(engine: Engine, image: str) -> None:
    """PRC-6, PRC-9: a script whose interpreter is missing is named as not found."""
    done = engine.run(image, "/bad-script", status=None)
    assert done.returncode not in (0, 125)
    assert "exec /bad-script: no such file or directory" in done.stdout + done.stderr


def test_failed_start_leaves_nothing_running(engine: Engine) -> None:
    """PRC-9, ERR-1: a container whose program is missing is `created`, with no process."""
    with engine.create("busybox:test", "no-such") as made:
        engine("start", made.name, status=None)
        assert made.state()["Pid"] == 0
        assert made.state()["Running"] is False


def test_bad_working_directory(engine: Engine) -> None:
    """PRC-6, PRC-9: a working directory that is a file is refused with the reason."""
    done = engine.run("--workdir", "/etc/passwd", "busybox:test", "true", status=None)
    assert done.returncode in (125, 126, 127)
    assert "not a directory" in done.stderr.lower()
