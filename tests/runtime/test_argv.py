# SPDX-License-Identifier: Apache-2.0
"""The command line itself: how options are spelled, mixed and refused, and what help and
version say.
"""

from __future__ import annotations

import pytest

from .harness import Container, Runtime, departs

VERBS = "create start state kill delete run exec list ps pause resume spec features".split()
# Flags that engines and people send, by verb: each must be known to --help.
FLAGS = {
    "create": "bundle console-socket pid-file no-pivot no-new-keyring preserve-fds",
    "run": (
        "bundle console-socket pid-file no-pivot no-new-keyring preserve-fds "
        "detach keep no-subreaper"
    ),
    "exec": (
        "console-socket cwd env tty user additional-gids process detach pid-file process-label "
        "apparmor no-new-privs cap preserve-fds cgroup ignore-paused"
    ),
    "delete": "force",
    "list": "format quiet",
    "ps": "format",
    "spec": "bundle rootless",
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(runtime: Runtime, verb: str, flag: str) -> None:
    """OPS-0: each verb's help exits 0 and begins with NAME and what the verb is for."""
    lines = runtime(verb, flag).lines
    assert lines[0] == "NAME:"
    assert lines[1].startswith(f"   {runtime.name} {verb} - ")


@pytest.mark.parametrize("verb", sorted(FLAGS))
def test_help_names_every_flag(runtime: Runtime, verb: str) -> None:
    """OPS-0: a verb's help names each of its flags."""
    text = runtime(verb, "--help").out
    assert [flag for flag in FLAGS[verb].split() if f"--{flag}" not in text] == []


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["help"], []])
def test_root_help(runtime: Runtime, args: list[str]) -> None:
    """OPS-0: the root help, also without any command, exits 0 and lists the verbs."""
    result = runtime(*args, root=False)
    assert result.lines[0] == "NAME:"
    assert result.lines[1].startswith(f"   {runtime.name} - Open Container Initiative runtime")
    assert [verb for verb in VERBS if f"\n   {verb}" not in result.out] == []


def test_root_help_names_global_flags(runtime: Runtime) -> None:
    """OPS-0: the root help names the global flags."""
    text = runtime("--help").out
    flags = "--debug --log --log-format --root --systemd-cgroup --rootless --version".split()
    assert [flag for flag in flags if flag not in text] == []


@pytest.mark.parametrize("flag", ["--version", "-v"])
def test_version(runtime: Runtime, flag: str) -> None:
    """OPS-0: the version's lines are the name and version, the commit, the standard's version."""
    lines = runtime(flag, root=False).lines
    assert lines[0].startswith(f"{runtime.name} version ")
    assert lines[0].split()[2][0].isdigit()
    assert lines[1].startswith("commit: ")
    assert lines[2].startswith("spec: 1.")


def test_version_names_libseccomp(runtime: Runtime) -> None:
    """OPS-0: the version names the libseccomp in use."""
    assert [line for line in runtime("--version").lines if line.startswith("libseccomp: 2.")]


def test_unknown_command(runtime: Runtime) -> None:
    """OPS-0: an unknown command exits 3 and is named."""
    assert "No help topic for 'foo'" in runtime.fails("foo", code=3, root=False)


@pytest.mark.parametrize(
    "args", [["--bogus"], ["state", "--bogus", "x"], ["create", "--bogus", "x"]]
)
def test_unknown_flag(runtime: Runtime, args: list[str]) -> None:
    """OPS-0: an unknown flag exits 1; its name stands on stderr, the help on stdout."""
    result = runtime.run(*args)
    assert result.code == 1
    assert "flag provided but not defined: -bogus" in result.err
    assert "NAME:" in result.out


def test_unknown_flag_of_exec(runtime: Runtime) -> None:
    """OPS-0: an unknown flag before exec's id is refused too."""
    result = runtime.run("exec", "--bogus", "x", "true")
    assert result.code in (1, 255)
    assert "flag provided but not defined: -bogus" in result.err


@pytest.mark.parametrize(
    ("args", "flag"),
    [
        (["create", "--bundle"], "-bundle"),
        (["--log"], "-log"),
        (["exec", "--cwd"], "-cwd"),
        (["run", "--pid-file"], "-pid-file"),
    ],
)
def test_missing_value(runtime: Runtime, args: list[str], flag: str) -> None:
    """OPS-0: a flag without its value: the words that podman looks for."""
    result = runtime.run(*args)
    assert result.code == 1
    assert f"flag needs an argument: {flag}" in result.err or (
        f"flag needs an argument: -{flag}" in result.err
    )


@pytest.mark.parametrize("verb", ["create", "start", "state", "delete", "pause", "resume", "run"])
def test_too_many_arguments(runtime: Runtime, verb: str) -> None:
    """OPS-0: a second positional argument is refused."""
    message = runtime.fails(verb, "a", "b")
    assert message == f'{runtime.argv0}: "{verb}" requires exactly 1 argument(s)'


def test_too_many_arguments_of_kill(runtime: Runtime) -> None:
    """OPS-0: kill takes at most an id and a signal."""
    message = runtime.fails("kill", "a", "TERM", "x")
    assert message == f'{runtime.argv0}: "kill" requires a maximum of 2 argument(s)'


def test_no_arguments_of_exec(runtime: Runtime) -> None:
    """OPS-0: exec needs at least the id."""
    result = runtime.run("exec")
    assert result.error.endswith('"exec" requires a minimum of 1 argument(s)')


@pytest.mark.parametrize("form", [["--root", "X"], ["--root=X"], ["-root", "X"], ["-root=X"]])
def test_spellings_of_a_value(runtime: Runtime, form: list[str]) -> None:
    """OPS-0: two dashes or one, a space or an equals sign."""
    form = [part.replace("X", str(runtime.root)) for part in form]
    runtime.root.mkdir()
    assert runtime(*form, "list", "-q", root=False).out == ""


@pytest.mark.parametrize("value", ["true", "false", "auto"])
def test_rootless_values(runtime: Runtime, value: str) -> None:
    """OPS-0: --rootless takes true, false and auto."""
    runtime.root.mkdir()
    assert runtime("list", "-q", top=["--rootless=" + value]).out == ""


def test_rootless_bad_value(container: Container) -> None:
    """OPS-0: --rootless takes nothing else."""
    message = container.fails(top=["--rootless=perhaps"])
    assert "perhaps" in message


def test_bool_with_value(container: Container) -> None:
    """OPS-0: a switch may be given as --flag=false."""
    container.up()
    message = container.runtime.fails("delete", "--force=false", container.id)
    assert message.endswith("is not stopped: running")


@pytest.mark.parametrize("word", ["perhaps", ""])
def test_bool_with_bad_value(runtime: Runtime, word: str) -> None:
    """OPS-0: a switch with a value that is no truth value is refused."""
    result = runtime.run("delete", f"--force={word}", "x")
    assert result.code == 1
    assert "force" in result.err


@departs("runc", "1.1 knows global flags only before the command")
@pytest.mark.parametrize("verb", ["state", "kill", "delete"])
def test_global_flag_after_the_verb(runtime: Runtime, verb: str) -> None:
    """OPS-0: global flags are accepted after the verb too."""
    result = runtime.run(verb, "--root", str(runtime.root), "nobody", root=False)
    assert (result.code, result.error) == (1, "container does not exist")


def test_options_after_the_positional(container: Container) -> None:
    """OPS-0: an option may follow the id."""
    container.up()
    container.runtime("delete", container.id, "--force")
    assert container.wait() == 137


def test_double_dash_ends_options(runtime: Runtime) -> None:
    """OPS-0: what follows -- is an argument."""
    assert runtime.fails("state", "--", "nobody") == "container does not exist"


def test_root_may_not_be_the_root(runtime: Runtime) -> None:
    """OPS-0: --root / is refused before anything is looked at."""
    result = runtime.run("state", "x", top=["--root", "/"], root=False)
    assert result.code == 1
    assert len(result.err.splitlines()) == 1


def test_bad_log_format(runtime: Runtime) -> None:
    """OPS-0: --log-format takes text and json only."""
    assert runtime.fails("list", top=["--log-format", "xml"]) == "invalid log-format: xml"


@departs("runc", "1.1 does not have --cgroup-manager, which podman sends")
@pytest.mark.parametrize("value", ["cgroupfs", "disabled"])
def test_cgroup_manager(runtime: Runtime, value: str) -> None:
    """OPS-0: --cgroup-manager, which podman sends, is accepted."""
    runtime.root.mkdir()
    assert runtime("list", "-q", top=["--cgroup-manager", value]).out == ""
