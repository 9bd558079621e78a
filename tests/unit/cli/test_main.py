# SPDX-License-Identifier: Apache-2.0
"""The command line from argv to exit code, without a container."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from pyrunc.cli import main as program
from pyrunc.cli.commands import VERBS
from pyrunc.cli.tables import GLOBALS, HELP, Command, by_name

Capture = pytest.CaptureFixture[str]


def run(capfd: Capture, *args: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of one command line."""
    code = program.main(["/usr/bin/pyrunc", *args])
    out, err = capfd.readouterr()
    return code, out, err


def command(verb: str) -> Command:
    found: Command = importlib.import_module(f"pyrunc.cli.verbs.{verb}").COMMAND
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb(capfd: Capture, verb: str) -> None:
    """CLI 1.1: -h of a verb exits 0; NAME: and `   <basename> <cmd> - <usage>` come first."""
    for words in ((verb, "--help"), (verb, "-h"), ("help", verb)):
        code, out, err = run(capfd, *words)
        assert (code, err) == (0, "")
        assert out.startswith(f"NAME:\n   pyrunc {verb} - {command(verb).usage}\n\nUSAGE:\n")


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_in_its_help(capfd: Capture, verb: str) -> None:
    """CLI 1.1: parser and help read the same table."""
    out = run(capfd, verb, "--help")[1]
    for option in command(verb).options:
        assert (f"--{option.name}" in out) != option.hidden


@pytest.mark.parametrize("verb", VERBS)
def test_usage_line_is_that_of_the_list_of_verbs(verb: str) -> None:
    """CLI 1.1: the root help and the verb's own say the same."""
    assert command(verb).usage == VERBS[verb]
    assert command(verb).name == verb


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_hides_a_global(verb: str) -> None:
    """CLI 1.1: globals are accepted after the verb; only runc's own `spec --rootless` hides one."""
    hidden = set(by_name(command(verb).options)) & set(by_name(GLOBALS, (HELP,)))
    assert hidden == ({"rootless"} if verb == "spec" else set())


@pytest.mark.parametrize("args", [(), ("--help",), ("-h",), ("help",), ("--debug",)])
def test_root_help(capfd: Capture, args: tuple[str, ...]) -> None:
    """CLI 1.1: no command or --help: the help on stdout, exit 0."""
    code, out, err = run(capfd, *args)
    assert (code, err) == (0, "")
    assert out.startswith("NAME:\n   pyrunc - Open Container Initiative runtime\n")
    assert all(f"\n   {verb} " in out for verb in VERBS)


@pytest.mark.parametrize("word", ["--version", "-v", "-version"])
def test_version(capfd: Capture, word: str) -> None:
    """CLI 1.1: the name and version, the commit, the standard's version."""
    code, out, err = run(capfd, word)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("pyrunc version ")
    assert "spec: 1.3.0" in lines
    order = [line.split(":")[0] for line in lines[1:]]
    assert order in (["commit", "spec", "libseccomp"], ["spec", "libseccomp"], ["spec"])


def test_version_of_the_drop_in(capfd: Capture) -> None:
    """CLI 1.1: go-runc needs line 0 to start with `runc version `: so it does when called runc."""
    assert program.main(["/usr/local/sbin/runc", "--version"]) == 0
    assert capfd.readouterr().out.startswith("runc version ")


def test_unknown_verb(capfd: Capture) -> None:
    """CLI 1.1: `No help topic for 'foo'`, exit 3; exit 1 when help was asked for."""
    code, out, err = run(capfd, "foo")
    assert (code, out) == (3, "")
    assert "No help topic for 'foo'" in err
    assert run(capfd, "foo", "-h")[0] == 1


def test_unknown_option_of_a_verb(capfd: Capture) -> None:
    """CLI 1.1: help on stdout, `Incorrect Usage: ...` and the logged error on stderr, exit 1."""
    code, out, err = run(capfd, "state", "--bogus", "x")
    assert code == 1
    assert out.startswith("NAME:\n   pyrunc state - ")
    first, *_, last = err.splitlines()
    assert first == "Incorrect Usage: flag provided but not defined: -bogus"
    assert last.endswith('level=error msg="flag provided but not defined: -bogus"')


def test_unknown_global_option(capfd: Capture) -> None:
    """CLI 1.1: the same for the program itself."""
    code, out, err = run(capfd, "--bogus", "state", "x")
    assert code == 1
    assert out.startswith("NAME:\n   pyrunc - ")
    assert err.startswith("Incorrect Usage: flag provided but not defined: -bogus\n")


def test_restore_probe_of_podman(capfd: Capture) -> None:
    """CLI 2.6: `restore --lsm-mount-context` without a value says `flag needs an argument`."""
    code, _, err = run(capfd, "restore", "--lsm-mount-context")
    assert code == 1
    assert "flag needs an argument: --lsm-mount-context" in err


@pytest.mark.parametrize(("args", "message"), [
    (("state",), 'requires exactly 1 argument(s)'),
    (("state", "a", "b"), 'requires exactly 1 argument(s)'),
    (("exec",), 'requires a minimum of 1 argument(s)'),
    (("kill", "a", "b", "c"), 'requires a maximum of 2 argument(s)'),
    (("create", "a", "b"), 'requires exactly 1 argument(s)'),
    (("list", "x"), 'requires exactly 0 argument(s)'),
])
def test_wrong_number_of_arguments(capfd: Capture, args: tuple[str, ...], message: str) -> None:
    """CLI 1.1, OPS-S1, OPS-C1, OPS-T1, OPS-K1: `Incorrect Usage.` and help, the error, exit 1."""
    code, out, err = run(capfd, *args)
    assert code == 1
    assert out.startswith(f"Incorrect Usage.\n\nNAME:\n   pyrunc {args[0]} - ")
    assert err.count("\n") == 1
    assert f'/usr/bin/pyrunc: \\"{args[0]}\\" {message}' in err


def test_globals_after_the_verb(capfd: Capture, tmp_path: Path) -> None:
    """CLI 1.1: `runc state --root X id` works as `runc --root X state id`."""
    root = tmp_path / "root"
    root.mkdir()
    assert run(capfd, "list", "--root", str(root), "-q") == (0, "", "")
    assert run(capfd, "--root", str(root), "list", "-q") == (0, "", "")
    code, _, err = run(capfd, "list", "--root", str(root / "none"))
    assert code == 1
    assert f"open {root}/none: no such file or directory" in err


def test_unknown_container_with_a_log_file(capfd: Capture, tmp_path: Path) -> None:
    """LOG 1.3, 2.6, OPS-S2: one JSON object in the log, the bare message on stderr, no stdout."""
    log = tmp_path / "log"
    code, out, err = run(capfd, "--root", str(tmp_path), "--log", str(log), "--log-format", "json",
                         "state", "nobody")
    assert (code, out, err) == (1, "", "container does not exist\n")
    assert json.loads(log.read_text())["msg"] == "container does not exist"


def test_success_writes_no_log(capfd: Capture, tmp_path: Path) -> None:
    """LOG 2.6: no line when all went well."""
    log = tmp_path / "log"
    assert run(capfd, "--root", str(tmp_path), "--log", str(log), "list", "-q")[0] == 0
    assert log.read_text() == ""


@pytest.mark.parametrize(("args", "prefix", "code"), [
    (("create", "a/b"), "pyrunc create failed: ", 1),
    (("run", "a/b"), "pyrunc run failed: ", 1),
    (("exec", "nobody", "true"), "exec failed: ", 255),
    (("exec", "nobody"), "exec failed: process args cannot be empty", 255),
    (("start", "nobody"), "container does not exist", 1),
])
def test_prefix_and_exit_code(
    capfd: Capture, tmp_path: Path, args: tuple[str, ...], prefix: str, code: int
) -> None:
    """LOG 1.3: what stands before the message, and exec's 255."""
    (tmp_path / "config.json").write_text("{}")
    log = tmp_path / "log"
    got, out, err = run(capfd, "--root", str(tmp_path), "--log", str(log), *args)
    assert (got, out) == (code, "")
    assert err.startswith(prefix)
    assert err.count("\n") == 1


@pytest.mark.parametrize(("args", "message"), [
    (("--log-format", "xml"), "invalid log-format: xml"),
    (("--root", "/"), "Option --root argument should not be set to /"),
    (("--root", ""), "Option --root argument should not be set to /"),
    (("--rootless", "maybe"), 'invalid value \\"maybe\\" for --rootless: use true, false or auto'),
    (("--cgroup-manager", "x"),
     'invalid value \\"x\\" for --cgroup-manager: use cgroupfs, systemd, disabled'),
])
def test_bad_globals(capfd: Capture, args: tuple[str, ...], message: str) -> None:
    """CLI 1.2: each with its own sentence."""
    code, out, err = run(capfd, *args, "list")
    assert (code, out) == (1, "")
    assert err.endswith(f'msg="{message}"\n')


@pytest.mark.parametrize("verb", ["checkpoint", "restore"])
def test_what_is_not_built_in_says_so(capfd: Capture, verb: str) -> None:
    """VAL-1: what is not supported is an error, not a silent success."""
    code, _, err = run(capfd, verb, "c1")
    assert code == 1
    assert f"{verb} c1: not built into this version of pyrunc" in err


def test_an_error_of_ours_is_one_line(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """ERR-1: an unexpected exception is one line with its place, exit 1."""
    from pyrunc.runtime import lists

    def broken(*_args: object, **_named: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(lists, "containers", broken)
    code, out, err = run(capfd, "list")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "internal error: KeyError: 'oops' (test_main.py:" in err
