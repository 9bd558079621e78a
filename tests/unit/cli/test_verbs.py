# SPDX-License-Identifier: Apache-2.0
"""Verbs that need no container, and how options reach the runtime."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pyrunc.cli import main as program
from pyrunc.cli.call import Call
from pyrunc.cli.options import create_options
from pyrunc.cli.parser import parse
from pyrunc.cli.tables import Command, by_name
from pyrunc.cli.verbs import create, events, features, ps, update
from pyrunc.cli.verbs import exec as exec_verb
from pyrunc.cli.verbs import list as list_verb
from pyrunc.errors import PyruncError, UsageError
from pyrunc.log import Log
from pyrunc.tables.mounts import MOUNT_OPTIONS
from pyrunc.tables.namespaces import NAMESPACES

Capture = pytest.CaptureFixture[str]


def call(command: Command, *args: str) -> Call:
    """A call of the verb as main makes it."""
    options = command.options
    parsed = parse(args, by_name(options), stop_early=command.stop_early)
    return Call("pyrunc", options, parsed, Log())


def test_list_of_nothing(capfd: Capture, tmp_path: Path) -> None:
    """CLI 1.4: the heading with runc's column widths; null in JSON; nothing with -q."""
    root = ("--root", str(tmp_path))
    heading = "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n"
    for words, output in (((), heading), (("-f", "json"), "null\n"), (("-q",), "")):
        assert program.main(["pyrunc", *root, "list", *words]) == 0
        assert capfd.readouterr() == (output, "")


def test_list_in_an_unknown_format(capfd: Capture, tmp_path: Path) -> None:
    """CLI 1.4: `invalid format option`."""
    assert program.main(["pyrunc", "--root", str(tmp_path), "list", "-f", "xml"]) == 1
    assert "invalid format option" in capfd.readouterr().err


def test_list_warns_about_broken_entries(capfd: Capture, tmp_path: Path) -> None:
    """CLI 1.4: a broken entry is warned about on stderr and skipped."""
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "state.json").write_text("{")
    (tmp_path / "file").write_text("")
    assert program.main(["pyrunc", "--root", str(tmp_path), "list", "-q"]) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert "level=warning" in err
    assert "load container bad: " in err
    assert err.count("\n") == 1


def test_table_columns_grow() -> None:
    """CLI 1.4: columns are at least 12 wide and 3 wider than their longest cell."""
    rows = [["ID", "PID", "X"], ["a-long-container-id", "1", "x"]]
    assert list_verb.table(rows) == (
        "ID                    PID         X\n"
        "a-long-container-id   1           x\n")


def test_spec_is_indented_by_tabs_and_never_overwrites(capfd: Capture, tmp_path: Path) -> None:
    """CLI 1.4: tab indent; an existing file is refused in runc's words."""
    words = ["pyrunc", "spec", "--bundle", str(tmp_path)]
    assert program.main(words) == 0
    text = (tmp_path / "config.json").read_text()
    assert text.startswith('{\n\t"ociVersion": "1.3.0",\n')
    assert json.loads(text)["process"]["args"] == ["sh"]
    assert program.main(words) == 1
    assert "File config.json exists. Remove it first" in capfd.readouterr().err
    assert (tmp_path / "config.json").read_text() == text


def test_spec_rootless_maps_the_caller(tmp_path: Path) -> None:
    """CLI 1.4: --rootless adds a user namespace with one id and takes the resources out."""
    assert program.main(["pyrunc", "spec", "--rootless", "-b", str(tmp_path)]) == 0
    linux = json.loads((tmp_path / "config.json").read_text())["linux"]
    assert linux["uidMappings"] == [{"containerID": 0, "hostID": os.geteuid(), "size": 1}]
    assert {"type": "user"} in linux["namespaces"]
    assert "resources" not in linux


def test_features_document(capfd: Capture) -> None:
    """FEA-1..FEA-12: versions, and the lists are those of the tables; indented by 4 blanks."""
    assert program.main(["pyrunc", "features"]) == 0
    text = capfd.readouterr().out
    assert text.startswith('{\n    "ociVersionMin": "1.0.0",\n    "ociVersionMax": "1.3.0",\n')
    document = json.loads(text)
    assert set(document["linux"]["namespaces"]) == set(NAMESPACES)
    assert {"rro", "idmap", *MOUNT_OPTIONS} <= set(document["mountOptions"])
    assert document["linux"]["mountExtensions"]["idmap"]["enabled"] is True
    rdt = {"enabled": True, "schemata": True, "monitoring": True}
    assert document["linux"]["intelRdt"] == rdt


def test_features_reads_the_version_text() -> None:
    """FEA-4: annotations carry the versions that --version prints."""
    text = "pyrunc version 1.2\ncommit: abc\nspec: 1.3.0\nlibseccomp: 2.5.4\n"
    assert features.parse_version(text) == {
        "version": "1.2", "commit": "abc", "spec": "1.3.0", "libseccomp": "2.5.4"}


PS = "UID   PID  PPID CMD\nroot    7     1 a 12\nroot   12     1 b\nroot    1     0 12\n"


def test_ps_keeps_heading_and_own_lines() -> None:
    """CLI 1.4: lines are chosen by the PID column, not by any number in them."""
    assert ps.select(PS, [12]) == "UID   PID  PPID CMD\nroot   12     1 b\n"
    assert ps.select(PS, []) == "UID   PID  PPID CMD\n"


def test_ps_without_a_pid_column() -> None:
    """CLI 1.4: runc's words."""
    with pytest.raises(PyruncError, match="^couldn't find PID field in ps output$"):
        ps.select("CMD\nx\n", [1])


def test_ps_survives_short_lines() -> None:
    """CLI 1.4: a line with fewer fields than the heading is not ours."""
    assert ps.select("UID PID\n\nx\nx 3\n", [3]) == "UID PID\nx 3\n"


def test_create_options_make_paths_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """CLI 1.4: --pid-file and sockets are relative to the caller's directory."""
    monkeypatch.chdir(tmp_path)
    made = create_options(call(create.COMMAND, "--pid-file", "p", "--console-socket", "/s",
                               "--preserve-fds", "2", "--no-pivot", "id"), run=False)
    assert (made.pid_file, made.console_socket) == (f"{tmp_path}/p", "/s")
    assert (made.preserve_fds, made.no_pivot, made.no_new_keyring) == (2, True, False)
    assert made.pidfd_socket == ""


def test_negative_preserve_fds() -> None:
    """CLI 1.4: refused before anything is made."""
    with pytest.raises(UsageError, match="--preserve-fds: it cannot be negative"):
        create_options(call(create.COMMAND, "--preserve-fds=-1", "id"), run=False)


def test_exec_options_left_out_mean_as_the_container_has_it() -> None:
    """CLI 1.4: without an option the container's own process decides."""
    made = exec_verb.exec_options(call(exec_verb.COMMAND, "id", "ls", "-la"))
    assert made.args == ["ls", "-la"]
    assert (made.user, made.cwd, made.tty, made.no_new_privs) == (None, None, None, None)


def test_exec_options() -> None:
    """CLI 1.4: each reaches the runtime as given."""
    made = exec_verb.exec_options(call(
        exec_verb.COMMAND, "-t", "-u", "1:2", "-g", "3", "-g", "4", "-e", "A=1,2",
        "--cap", "CAP_KILL", "--cgroup", "cpu,memory:/x", "--no-new-privs=false", "--cwd", "/w",
        "--ignore-paused", "id", "x"))
    assert (made.tty, made.user, made.additional_gids) == (True, "1:2", [3, 4])
    assert (made.env, made.cap, made.cgroup) == (["A=1,2"], ["CAP_KILL"], ["cpu,memory:/x"])
    assert (made.no_new_privs, made.cwd, made.ignore_paused) == (False, "/w", True)


@pytest.mark.parametrize("value", ["x", "-1", "4294967295", "", "1,2"])
def test_exec_refuses_a_bad_group(value: str) -> None:
    """USR, CVE-2026-30892: ids are numbers below 2**32 - 1, anything else is refused."""
    with pytest.raises(UsageError, match="--additional-gids: use a group id in numbers"):
        exec_verb.exec_options(call(exec_verb.COMMAND, f"-g={value}", "id", "x"))


@pytest.mark.parametrize(("text", "size"), [
    ("0", 0), ("-1", -1), ("1024", 1024), ("64k", 65536), ("64K", 65536), ("1.5g", 3 << 29),
    ("1gb", 1 << 30), ("1GiB", 1 << 30), ("2t", 2 << 40), ("8b", 8),
])
def test_memory_sizes(text: str, size: int) -> None:
    """CLI 1.4: update --memory takes -1 and binary suffixes."""
    assert update.memory_size("memory", text) == size


@pytest.mark.parametrize("text", ["", "x", "-2", "1x", "1.2.3", "k", "1e3", "0x10", "1 k"])
def test_no_memory_sizes(text: str) -> None:
    """CLI 1.4: anything else is refused and the option named."""
    with pytest.raises(UsageError, match="for --memory: use bytes"):
        update.memory_size("memory", text)


def test_update_options_become_resources() -> None:
    """CLI 1.4: only the options that were given; the hidden ones do nothing."""
    made = update.from_options(call(
        update.COMMAND, "--memory", "64m", "--cpu-quota", "-1", "--pids-limit", "7",
        "--cpuset-cpus", "0-1", "--kernel-memory", "5", "id"))
    assert made == {"memory": {"limit": 64 << 20}, "cpu": {"quota": -1, "cpus": "0-1"},
                    "pids": {"limit": 7}}


@pytest.mark.parametrize(("text", "value"), [
    ("5s", 5.0), ("500ms", 0.5), ("1m30s", 90.0), ("1h", 3600.0), ("1.5s", 1.5), ("100us", 1e-4),
])
def test_durations(text: str, value: float) -> None:
    """CLI 1.4: events --interval in Go's spelling."""
    assert events.seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "5", "s", "5x", "5sm", "1..5s", ".s", "-5s", "5 s"])
def test_no_durations(text: str) -> None:
    """CLI 1.4: anything else is refused."""
    with pytest.raises(UsageError, match="for flag -interval: use a time like"):
        events.seconds(text)
