# SPDX-License-Identifier: Apache-2.0
"""An unprivileged caller: a container in a user namespace of its own, without cgroups."""

from __future__ import annotations

import os
import pty
import stat

from .harness import Container, departs, needs, probes, unprivileged
from .harness.sockets import Terminal
from .harness.unprivileged import AS_USER, ID

pytestmark = needs(probes.root, unprivileged.unprivileged_user_namespaces)
OOM_NOISE = departs("runc", "1.1 adds a warning about the oom kill count without a cgroup")


def test_run(rootless: Container) -> None:
    """UMP-6: run as an unprivileged user works, in silence."""
    rootless.bundle.inside("ids")
    result = rootless.run(top=["--rootless", "true"], **AS_USER)
    assert (result.code, result.err) == (0, "")
    assert result.lines[0] == "0 0 0 0 0 0"


def test_map(rootless: Container) -> None:
    """UMP-2: the user namespace has the one id that was mapped."""
    rootless.bundle.sh("cat /proc/self/uid_map /proc/self/gid_map")
    result = rootless.run(**AS_USER)
    assert [line.split() for line in result.lines] == [["0", str(ID), "1"]] * 2


def test_setgroups_is_denied(rootless: Container) -> None:
    """UMP-6: setgroups is denied in it."""
    rootless.bundle.args("/bin/cat", "/proc/self/setgroups")
    assert rootless.run(**AS_USER).out == "deny\n"


@OOM_NOISE
def test_groups_are_refused(rootless: Container) -> None:
    """USR-4: additionalGids cannot be given where setgroups is denied: an error."""
    rootless.bundle.process["user"]["additionalGids"] = [5]
    message = rootless.fails(**AS_USER)
    assert "group" in message.lower()


def test_whole_life(rootless: Container) -> None:
    """LIF-5: create, state, start, exec, kill, delete as an unprivileged user."""
    runtime = rootless.runtime
    rootless.create(**AS_USER)
    runtime("start", rootless.id, **AS_USER)
    assert runtime("state", rootless.id, **AS_USER).json()["status"] == "running"
    assert runtime("exec", rootless.id, "echo", "in", **AS_USER).out == "in\n"
    runtime("kill", rootless.id, "KILL", **AS_USER)
    assert rootless.wait() == 137
    runtime("delete", rootless.id, **AS_USER)
    rootless.deleted = True


@OOM_NOISE
def test_unmapped_user(rootless: Container) -> None:
    """USR-5: a uid that is not mapped is an error of create."""
    rootless.bundle.process["user"] = {"uid": 1000, "gid": 0}
    assert rootless.fails(**AS_USER)


@departs("runc", "1.1 names no member of the config")
def test_unmapped_user_is_named(rootless: Container) -> None:
    """USR-5: the error of an id that is not mapped names the list that lacks it."""
    for user, member in (
        ({"uid": 9, "gid": 0}, "uidMappings"),
        ({"uid": 0, "gid": 9}, "gidMappings"),
    ):
        rootless.bundle.process["user"] = user
        assert f"linux.{member} does not map that" in rootless.fails(**AS_USER)


def test_exec_as_an_unmapped_user(rootless: Container) -> None:
    """USR-5: exec as an id that is not mapped is an error too."""
    rootless.create(**AS_USER)
    rootless.runtime("start", rootless.id, **AS_USER)
    message = rootless.runtime.fails("exec", "-u", "5", rootless.id, "true", code=255, **AS_USER)
    assert "map" in message


def test_exec_with_groups(rootless: Container) -> None:
    """USR-4: exec with additional groups where setgroups is denied is an error."""
    rootless.create(**AS_USER)
    rootless.runtime("start", rootless.id, **AS_USER)
    message = rootless.runtime.fails("exec", "-g", "5", rootless.id, "true", code=255, **AS_USER)
    assert "additional groups in a rootless container" in message


def test_no_user_namespace(rootless: Container) -> None:
    """UMP-6: without a user namespace an unprivileged caller is told that one is needed."""
    rootless.bundle.no_namespace("user")
    del rootless.bundle.linux["uidMappings"], rootless.bundle.linux["gidMappings"]
    assert "rootless container requires user namespaces" in rootless.fails(**AS_USER)


def test_unedited_spec(rootless: Container) -> None:
    """UMP-6: what spec --rootless writes runs as it is, on the caller's terminal."""
    runtime, path = rootless.runtime, rootless.bundle.path
    runtime("spec", "--rootless", "--bundle", path, **AS_USER)
    ours, theirs = pty.openpty()
    try:
        streams = {name: theirs for name in ("stdin", "stdout", "stderr")}
        fixed = ["run", "--bundle", path, rootless.id]
        process = runtime.spawn(*fixed, start_new_session=True, **streams, **AS_USER)
        terminal = Terminal(ours)
        terminal.write("echo $((20 + 3)) $(id -u); exit 7\n")
        terminal.read_until("23 0")
        assert process.wait(30) == 7
    finally:
        os.close(ours)
        os.close(theirs)


def test_state_is_below_xdg_runtime_dir(rootless: Container) -> None:
    """Without --root the state is in XDG_RUNTIME_DIR, private and kept from sweepers."""
    home, runtime = rootless.runtime.home, rootless.runtime
    env = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(home)}
    rootless.bundle.args("/bin/true").write()
    fixed = ["--bundle", rootless.bundle.path, "--pid-file", rootless.pid_file, rootless.id]
    runtime("create", *fixed, root=False, env=env, **AS_USER)
    rootless.pid = int(rootless.pid_file.read_text())
    (state,) = home.glob(f"*/{rootless.id}")
    found = state.parent.stat()
    assert stat.S_IMODE(found.st_mode) == 0o1700 and found.st_uid == ID
    listed = runtime("list", "--format", "json", root=False, env=env, **AS_USER).json()
    assert [(one["id"], one["owner"]) for one in listed] == [(rootless.id, "nobody")]
    runtime("delete", "--force", rootless.id, root=False, env=env, **AS_USER)
    rootless.deleted = True
    assert rootless.wait() == 137


@departs("runc", "1.1 gives no advice")
def test_no_runtime_directory(rootless: Container) -> None:
    """Where the state cannot be kept the error says which two settings lead elsewhere."""
    os.chown(rootless.runtime.root, 0, 0)
    message = rootless.fails(**AS_USER)
    assert "permission denied" in message
    assert "--root or XDG_RUNTIME_DIR may name a directory that is yours" in message


def test_raised_oom_score(rootless: Container) -> None:
    """OOM-1: oomScoreAdj may be raised without privileges, at create and at exec."""
    rootless.bundle.process["oomScoreAdj"] = 321
    rootless.bundle.sh("cat /proc/self/oom_score_adj")
    result = rootless.run(**AS_USER)
    assert (result.code, result.out, result.err) == (0, "321\n", "")


@departs("runc", "1.1 says nsexec's messages, on two lines")
def test_lowered_oom_score(rootless: Container) -> None:
    """OOM-1: lowering it needs CAP_SYS_RESOURCE: an error that says what was tried."""
    rootless.bundle.process["oomScoreAdj"] = -500
    assert "oom" in rootless.fails(**AS_USER).lower()


@departs("runc", "1.1 knows no time namespaces")
@needs(probes.time_namespaces)
def test_time_offsets(rootless: Container) -> None:
    """TIM-2: a time namespace with offsets needs no privileges beside the user namespace."""
    rootless.bundle.namespace("time")
    rootless.bundle.linux["timeOffsets"] = {"boottime": {"secs": 10_000_000}}
    rootless.bundle.args("/bin/cat", "/proc/uptime")
    assert float(rootless.run(**AS_USER).out.split()[0]) > 10_000_000


def test_devices_are_the_hosts(rootless: Container) -> None:
    """DEV-8: the default devices are there, bound from the host, as nobody else can make them."""
    rootless.bundle.sh(
        "for d in null zero full random urandom tty; do stat -c '%t:%T' /dev/$d; done"
    )
    nodes = [os.stat(f"/dev/{name}").st_rdev for name in
             ("null", "zero", "full", "random", "urandom", "tty")]  # fmt: skip
    wanted = [f"{os.major(node):x}:{os.minor(node):x}" for node in nodes]
    assert rootless.run(**AS_USER).lines == wanted


def test_private_source(rootless: Container) -> None:
    """MNT-1: a directory that only the user may enter can be bound."""
    source = rootless.bundle.path / "private"
    rootless.bundle.own.add("private")
    source.mkdir()
    (source / "file").write_text("mine")
    unprivileged.own(source)
    source.chmod(0o700)
    rootless.bundle.bind(source, "/mnt")
    rootless.bundle.args("/bin/cat", "/mnt/file")
    assert rootless.run(**AS_USER).out == "mine"


@departs("runc", "1.1 does not know the member")
def test_network_devices(rootless: Container) -> None:
    """ND-7: devices of the host cannot be taken without privileges: an error that says so."""
    rootless.bundle.linux["netDevices"] = {"lo": {"name": "x"}}
    assert "linux.netDevices" in rootless.fails(**AS_USER)
