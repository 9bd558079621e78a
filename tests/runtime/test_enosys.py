# SPDX-License-Identifier: Apache-2.0
"""Older kernels: the same containers where newer system calls answer ENOSYS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .harness import Bundle, Container, Runtime, departs, mountinfo, needs, probes, until
from .harness.sockets import Receiver, Terminal

pytestmark = [departs(name, "its own fallbacks are its own matter") for name in ("runc", "crun")]

STATX, SETNS = (332, 308) if os.uname().machine == "x86_64" else (291, 268)
NEWUTS, NEWIPC = 0x04000000, 0x08000000
HOST = 100000
MAPS = [{"containerID": 0, "hostID": HOST, "size": 65536}]


@pytest.fixture
def runtime(home: Path, request: pytest.FixtureRequest) -> Runtime:
    """The runtime on a kernel that lacks the groups of calls that the test names."""
    made = Runtime(home)
    made.without(request.param)
    return made


def without(*groups: str) -> pytest.MarkDecorator:
    """Run the test without each of these, and without everything that pyrunc can do without."""
    return pytest.mark.parametrize("runtime", [*groups, "all"], indirect=True)


def mapped(bundle: Bundle) -> None:
    """Give the bundle a user namespace, and its files to that namespace's root."""
    bundle.namespace("user")
    bundle.linux["uidMappings"] = bundle.linux["gidMappings"] = MAPS
    for where, _, names in os.walk(bundle.rootfs):
        for name in [where, *(os.path.join(where, name) for name in names)]:
            os.lchown(name, HOST, HOST)


@pytest.mark.parametrize(
    ("runtime", "number"),
    [("mount", 428), ("mount_setattr", 442), ("openat2", 437), ("clone3", 435),
     ("close_range", 436), ("pidfd", 434), ("faccessat2", 439), ("fchmodat2", 452),
     ("statx", STATX), ("all", 424)],
    indirect=["runtime"],
)  # fmt: skip
def test_the_filter_is_there(container: Container, number: int) -> None:
    """OPS-C3: a container runs without each group, and the calls are really gone in it."""
    container.bundle.inside("syscall", str(number))
    assert container.report() == ["-1 ENOSYS"]
    assert not (container.runtime.root / container.id).exists()


@pytest.mark.parametrize("runtime", ["setns"], indirect=True)
def test_setns_takes_no_pidfds(container: Container) -> None:
    """OPS-C3: the filter's setns(2) is that of 5.3 to 5.7, which takes files and no pidfds."""
    container.bundle.inside("syscall", str(SETNS), "-1", str(NEWUTS | NEWIPC))
    assert container.report() == ["-1 EINVAL"]
    container.bundle.inside("syscall", str(SETNS), "-1", str(NEWUTS))
    assert container.report() == ["-1 EBADF"]


@without("mount", "mount_setattr")
def test_mounts(container: Container, tree: Path) -> None:
    """MNT-1, OPT-1: file systems and binds of directory and file, with their attributes."""
    bundle = container.bundle
    bundle.mount("/t", "tmpfs", "tmpfs", "nosuid", "noexec", "size=64k", "mode=0711")
    bundle.mount("/b", "bind", tree, "bind", "ro", "nodev", "noatime")
    bundle.mount("/f", "bind", tree / "file", "bind", "ro")
    bundle.bind(tree, "/r", "nosuid", "rslave")
    bundle.mount("/strict", "tmpfs", "tmpfs", "strictatime", "nodiratime")
    bundle.mount("/strict", "tmpfs", "tmpfs", "remount", "size=128k")
    bundle.sh("cat /f /proc/self/mountinfo; echo; inside write /f x; inside write /b/x x")
    lines = container.report()
    assert lines[-2:] == ["EROFS", "EROFS"]
    assert lines[0].startswith("bound")
    lines[0] = lines[0].removeprefix("bound")
    lines = [line for line in lines if " - " in line]
    assert {"rw", "nosuid", "noexec"} <= mountinfo.at(lines, "/t").options
    assert "size=64k" in mountinfo.at(lines, "/t").superblock
    assert {"ro", "nodev", "noatime"} <= mountinfo.at(lines, "/b").options
    assert not [m for m in mountinfo.parse(lines) if m.point == "/b/sub"]
    assert "ro" in mountinfo.at(lines, "/f").options
    assert "nosuid" in mountinfo.at(lines, "/r").options
    assert mountinfo.at(lines, "/r/sub").type == "tmpfs"
    strict = mountinfo.at(lines, "/strict")
    assert "nodiratime" in strict.options and not {"relatime", "noatime"} & strict.options
    assert "size=128k" in strict.superblock


@without("mount", "mount_setattr")
def test_relatime_replaces_noatime(container: Container, tree: Path) -> None:
    """OPT-1: what the source has is replaced by the other word, not kept."""
    mountinfo.mount("", tree, None, 0x20 | mountinfo.MS_BIND | 0x400 | 0x800)  # noatime nodiratime
    container.bundle.mount("/b", "bind", tree, "bind", "relatime", "diratime")
    container.bundle.args("/bin/cat", "/proc/self/mountinfo")
    options = mountinfo.at(container.report(), "/b").options
    assert "relatime" in options and not {"noatime", "nodiratime"} & options


@without("mount", "mount_setattr")
def test_recursive_words(container: Container, tree: Path) -> None:
    """OPT-1: they hold for each mount of the tree, whose other flags stay."""
    name = "a b\\x"
    (tree / "sub" / name).mkdir()
    mountinfo.mount("tmpfs", tree / "sub" / name, "tmpfs", 8)  # MS_NOEXEC
    container.bundle.bind(tree, "/mnt", "rro", "rnosuid", "rnoatime")
    container.bundle.sh("cat /proc/self/mountinfo; inside write '/mnt/sub/a b\\x/f' x")
    *lines, last = container.report()
    assert last == "EROFS"
    escaped = name.replace("\\", r"\134").replace(" ", r"\040")
    for point in ("/mnt", "/mnt/sub", "/mnt/sub/" + escaped):
        options = mountinfo.at(lines, point).options
        assert {"ro", "nosuid", "noatime"} <= options, point
        assert ("noexec" in options) == point.endswith(escaped), point


@without("mount", "mount_setattr")
def test_recursive_word_and_a_covered_mount(container: Container, tree: Path) -> None:
    """OPT-1: a mount that another one of the tree stands on cannot be reached and does no harm."""
    for _ in range(2):
        mountinfo.mount("tmpfs", tree / "sub", "tmpfs", 0)
    container.bundle.bind(tree, "/mnt", "rro")
    container.bundle.sh("inside write /mnt/sub/f x; inside write /mnt/f x")
    assert container.report() == ["EROFS"] * 2


@without("mount", "mount_setattr")
def test_recursive_word_and_a_hidden_mount(container: Container, tree: Path) -> None:
    """OPT-1: a mount below one that hides it, which no path leads to, is an error: never half
    done."""
    (tree / "sub/deep").mkdir()
    mountinfo.mount("tmpfs", tree / "sub/deep", "tmpfs", 0)
    mountinfo.mount("tmpfs", tree / "sub", "tmpfs", 0)
    container.bundle.bind(tree, "/mnt", "rro")
    message = container.fails()
    assert f"mount {tree} on /mnt: " in message and "/mnt/sub/deep" in message


@without("mount", "mount_setattr")
def test_readonly_path_with_mounts_below(container: Container) -> None:
    """RDO-1: a read-only path is so with all that is mounted in it."""
    for path in ("/keep", "/keep/sub", "/keep/sub/deep"):
        container.bundle.mount(path, "tmpfs", "tmpfs", "nodev")
    container.bundle.linux["readonlyPaths"] = ["/keep"]
    container.bundle.sh("for d in '' /sub /sub/deep; do inside write /keep$d/f x; done")
    assert container.report() == ["EROFS"] * 3


@without("mount")
def test_what_the_file_system_refuses(container: Container) -> None:
    """MNT-5, ERR-1: mount(2) does not tell the word: all of them are named."""
    container.bundle.mount("/mnt", "tmpfs", "tmpfs", "size=64k", "frobnicate", "mode=0755")
    assert "size=64k,frobnicate,mode=0755: invalid argument" in container.fails()


@without("mount", "mount_setattr")
@needs(probes.user_namespaces)
def test_idmap_is_refused(container: Container, tree: Path) -> None:
    """IDM-4: a mount that cannot be id-mapped is an error that says so."""
    container.bundle.bind(tree, "/mnt", "idmap")
    container.bundle.config["mounts"][-1].update(uidMappings=MAPS, gidMappings=MAPS)
    message = container.fails()
    assert str(tree) in message and "function not implemented" in message


@without("mount")
@pytest.mark.parametrize("option", ["context=a:b:c:s0:c1,c2", 'context="a:b:c:s0:c1,c2"'])
def test_label_with_commas(container: Container, option: str) -> None:
    """LBL-1: mount(2), where commas part the options, gets a label with commas in quotes."""
    if "selinuxfs" in Path("/proc/filesystems").read_text():
        pytest.skip("with SELinux in the kernel the label is taken, and not named in an error")
    container.bundle.mount("/mnt", "tmpfs", "tmpfs", "size=64k", option, "mode=0755")
    assert 'size=64k,context="a:b:c:s0:c1,c2",mode=0755: invalid argument' in container.fails()


@without("mount", "mount_setattr", "openat2")
def test_masks(container: Container) -> None:
    """MSK-1, RDO-1: masked files and directories, read-only paths, a read-only root."""
    bundle = container.bundle
    for name in ("secret/file", "more/file", "keep/file", "etc/shadow"):
        bundle.file(name, "s")
    bundle.linux["maskedPaths"] = ["/secret", "/more", "/etc/passwd", "/etc/shadow", "/proc/keys"]
    bundle.linux["readonlyPaths"] = ["/keep", "/etc/group", "/proc/sys"]
    bundle.mount("/open", "tmpfs", "tmpfs")
    bundle.config["root"]["readonly"] = True
    bundle.sh(
        "cat /etc/passwd /etc/shadow /proc/keys; ls -A /secret /more | grep -v :;"
        "for f in /secret/x /keep/x /etc/group /proc/sys/kernel/msgmax /x /open/x;"
        "do inside write $f x; done"
    )
    assert [line for line in container.report() if line] == ["EROFS"] * 5 + ["ok"]


@needs(probes.device_nodes)
@without("mount", "fchmodat2", "openat2")
def test_devices(container: Container) -> None:
    """DEV-1: default and configured devices, with mode and owner."""
    node = {"path": "/dev/deep/n", "type": "c", "major": 1, "minor": 3, "fileMode": 0o642}
    container.bundle.linux["devices"] = [{**node, "uid": 7, "gid": 8}]
    container.bundle.sh("stat -c '%a %u %g %t:%T' /dev/deep/n; echo x > /dev/null && echo ok")
    assert container.report() == ["642 7 8 1:3", "ok"]


@without("mount", "pidfd", "setns", "clone3", "openat2")
@needs(probes.user_namespaces)
def test_user_namespace(container: Container) -> None:
    """UMP-2, DEV-9: a user namespace with devices bound from the host, and exec into it."""
    mapped(container.bundle)
    container.up()
    result = container.exec("/bin/sh", "-c", "cat /proc/self/uid_map; echo x > /dev/null; id -u")
    assert (result.code, result.err) == (0, "")
    assert [line.split() for line in result.lines] == [["0", str(HOST), "65536"], ["0"]]
    container.delete("--force")


@without("mount", "openat2")
def test_terminal(container: Container, home: Path) -> None:
    """PRC-2: a terminal, bound to /dev/console."""
    container.bundle.process["terminal"] = True
    container.bundle.sh("test -t 0 && stat -c %t:%T /dev/console && read line && echo got $line")
    with Receiver(home / "console.sock") as receiver:
        container.create("--console-socket", receiver.path)
        terminal = Terminal(receiver.take()[1][0])
        container.start()
        terminal.read_until("88:")
        terminal.write("word\r")
        terminal.read_until("got word")
    assert container.wait() == 0


@without("mount", "openat2")
@pytest.mark.parametrize("link", ["/etc", "../../../../../../etc"])
def test_links_stay_inside(container: Container, link: str) -> None:
    """MNT-8: a link in the image never leads a mount out of the root."""
    bundle = container.bundle
    (bundle.rootfs / "trap").symlink_to(link)
    bundle.mount("/trap/made", "tmpfs", "tmpfs")
    before = sorted(os.listdir("/etc"))
    bundle.sh("grep -c ' /etc/made ' /proc/self/mountinfo")
    assert container.report() == ["1"]
    assert (bundle.rootfs / "etc/made").is_dir()
    assert sorted(os.listdir("/etc")) == before


@without("mount", "openat2")
def test_magic_links_lead_nowhere(container: Container) -> None:
    """MNT-8: a link to a magic link of the mounted procfs is refused: it would be the host's."""
    (container.bundle.rootfs / "trap").symlink_to("/proc/self/root/etc")
    container.bundle.mount("/trap/made", "tmpfs", "tmpfs")
    assert container.fails().endswith("too many levels of symbolic links")
    assert not os.path.exists("/etc/made")


@without("mount")
def test_image_without_procfs(container: Container) -> None:
    """RDO-1: files of the image in place of a procfs do not choose what is changed."""
    bundle = container.bundle
    bundle.config["mounts"] = []
    for number in range(3, 40):
        bundle.file(f"proc/self/fd/{number}", "")
    bundle.config["root"]["readonly"] = True
    assert "/proc is not a procfs" in container.fails()


@without("pidfd", "clone3", "close_range")
def test_hooks(container: Container, home: Path) -> None:
    """HK-7: hooks run, get the state, and are killed at their timeout, in each namespace."""
    log = home / "log"
    write = {"path": "/bin/sh", "args": ["sh", "-c", f"cat >> {log}"]}
    stuck = {"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}
    container.bundle.config["hooks"] = {"createRuntime": [write], "createContainer": [stuck]}
    assert container.fails().endswith("hook ran past its timeout and was killed")
    assert container.id in log.read_text()


@without("pidfd", "clone3")
def test_kill_and_delete(container: Container) -> None:
    """OPS-K3, OPS-D3: kill reaches the process, delete waits for its end, in each state."""
    container.bundle.sh("trap 'echo got; exit 7' TERM; echo up; while :; do sleep 0.05; done")
    container.up()
    container.says("up")
    container.kill("TERM")
    assert container.wait() == 7
    assert "got" in container.output()
    assert container.runtime.fails("kill", container.id, "TERM") == "container not running"
    container.delete()


@without("pidfd", "setns")
@needs(probes.time_namespaces)
def test_exec_into_a_time_namespace(container: Container) -> None:
    """OPS-0: exec joins the time namespace too, beside the others."""
    container.bundle.namespace("time")
    container.bundle.linux["timeOffsets"] = {"monotonic": {"secs": 1000}}
    container.up()
    theirs = os.readlink(f"/proc/{container.pid}/ns/time")
    result = container.exec("/bin/readlink", "/proc/self/ns/time")
    assert (result.code, result.lines) == (0, [theirs])
    container.delete("--force")


@without("pidfd")
def test_delete_force(container: Container) -> None:
    """OPS-D3: delete --force ends a running container."""
    container.up()
    container.delete("--force")
    assert container.wait() == 137


@without("pidfd", "setns", "clone3", "openat2", "close_range")
def test_exec(container: Container) -> None:
    """OPS-0: exec joins all namespaces, closes what is not its own, gives the exit status."""
    kinds = ("pid", "mnt", "net", "ipc", "uts", "cgroup")
    container.up()
    theirs = [os.readlink(f"/proc/{container.pid}/ns/{kind}") for kind in kinds]
    look = f"for n in {' '.join(kinds)}; do readlink /proc/self/ns/$n; done; exit 5"
    result = container.exec("/bin/sh", "-c", look)
    assert (result.code, result.lines) == (5, theirs)
    assert container.exec("/bin/inside", "fds").lines[-1].startswith("2 ")
    container.delete("--force")


@without("close_range")
def test_no_descriptor_leaks(container: Container) -> None:
    """FD-1: descriptors of the caller, high ones too, do not reach the program."""
    high = os.open("/etc/passwd", os.O_RDONLY)
    os.dup2(high, 900)
    os.set_inheritable(900, True)
    try:
        container.bundle.inside("fds")
        container.up(pass_fds=(900,))
    finally:
        os.close(high)
        os.close(900)
    assert container.wait() == 0
    assert [line.split()[0] for line in container.output().splitlines()] == ["0", "1", "2"]


@without("pidfd", "clone3", "statx")
def test_run(container: Container) -> None:
    """OPS-0: run waits in the foreground and gives the status."""
    container.bundle.sh("sleep 0.1; echo done; exit 9")
    result = container.run()
    assert (result.code, result.out) == (9, "done\n")


@without("openat2")
@needs(probes.v1_cgroups)
def test_cgroups(container: Container) -> None:
    """CGP-1: the container's processes, exec's too, are in the cgroup of the config; limits act."""
    container.bundle.linux["resources"] = {"pids": {"limit": 77}}
    container.up()
    path = container.bundle.cgroup
    with open(f"/proc/{container.pid}/cgroup", encoding="ascii") as file:
        groups = {line.split(":")[1]: line.strip().split(":")[2] for line in file}
    assert groups["pids"].endswith(path)
    result = container.exec("/bin/cat", "/proc/self/cgroup")
    assert f":pids:{groups['pids']}" in result.out
    container.delete("--force")


@without("pidfd")
def test_events_end(container: Container) -> None:
    """OPS-0: events ends with the container, though nothing wakes it."""
    container.up()
    watching = container.runtime.spawn("events", "--interval", "60s", container.id)
    try:
        until(lambda: watching.poll() is None and b"poll" in wait_channel(watching.pid), "waiting")
        container.kill("KILL")
        assert container.wait() == 137
        assert watching.wait(5) == 0
    finally:
        if watching.poll() is None:
            watching.kill()
            watching.wait()
    container.delete()


def wait_channel(pid: int) -> bytes:
    """The kernel function that a process sleeps in, its main thread's system call stack's top."""
    return Path(f"/proc/{pid}/wchan").read_bytes()
