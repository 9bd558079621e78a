# SPDX-License-Identifier: Apache-2.0
"""Programs in a container that reach for the runtime: its file, its memory, its descriptors."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.harness import Container, departs, needs, probes

ALL = {name: ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN", "CAP_CHOWN", "CAP_KILL"]
       for name in ("bounding", "effective", "permitted")}  # fmt: skip
MAPS = [{"containerID": 0, "hostID": 100000, "size": 65536}]

# Waits for a process whose executable is not the image's own, holds it open and writes when it
# has ended: what CVE-2019-5736 did to the host's runtime.
CATCH = """
while :; do
  for exe in /proc/[0-9]*/exe; do
    case "$(readlink $exe)" in
      /bin/*|'') ;;
      *) exec 9<$exe && { echo caught; sleep 0.3; echo '#!/bin/false' > /proc/self/fd/9; } 2>&1;
         echo over; exit ;;
    esac
  done
done
"""


def host_files(container: Container) -> dict[Path, bytes]:
    """The content of the runtime's own files: what an attack would overwrite."""
    first = Path(container.runtime.command[0]).resolve()
    return {first: first.read_bytes()}


def mapped_files(pid: int) -> set[str]:
    """The files that a process has mapped."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        return {line.split(maxsplit=5)[5].strip() for line in file if len(line.split()) > 5}


def test_own_exe_cannot_be_written(container: Container) -> None:
    """CVE-2019-5736: a program that is the runtime's own file (#!/proc/self/exe) cannot open it
    for writing, and the host's file stays as it was."""
    before = host_files(container)
    container.bundle.file("bin/evil", "#!/proc/self/exe\n")
    container.bundle.args("/bin/evil")
    container.bundle.process["capabilities"] = ALL
    container.run()
    assert host_files(container) == before


def test_exec_of_self_exe(container: Container) -> None:
    """CVE-2019-5736: exec of /proc/self/exe in a container runs nothing of the host's."""
    before = host_files(container)
    container.bundle.file("bin/evil", "#!/proc/self/exe\n")
    container.bundle.process["capabilities"] = ALL
    container.up()
    container.exec("/bin/evil")
    container.exec("/proc/self/exe", "--version")
    assert host_files(container) == before


def test_catching_exec(container: Container) -> None:
    """CVE-2019-5736, CVE-2016-9962: a process that waits for exec's stage to appear, opens its
    executable and writes to it later changes nothing of the host's."""
    before = host_files(container)
    container.bundle.sh(CATCH)
    container.bundle.process["capabilities"] = ALL
    container.up()
    for _ in range(15):
        container.exec("/bin/true")
        if "over" in container.output():
            break
    assert host_files(container) == before
    container.delete("--force")


@departs("runc", "1.1 waits as a dynamic program")
def test_waiting_process_maps_nothing_of_the_host(container: Container) -> None:
    """CVE-2019-5736: the process that waits for start has no file of the host mapped: no
    interpreter, no library."""
    container.create()
    files = {name for name in mapped_files(container.pid) if name.startswith("/")}
    allowed = {name for name in files if name.startswith("/memfd:") or "(deleted)" in name}
    assert files - allowed == set()


@departs("runc", "1.1 runs itself from a bind mount when it can")
def test_waiting_executable_is_sealed(container: Container) -> None:
    """CVE-2019-5736: what waits for start runs from a file that nobody can write: sealed in
    memory, or on a read-only mount."""
    container.create()
    path = f"/proc/{container.pid}/exe"
    with pytest.raises(OSError) as caught:
        os.close(os.open(path, os.O_WRONLY))
    assert caught.value.strerror in ("Text file busy", "Operation not permitted",
                                     "Read-only file system")  # fmt: skip
    fd = os.open(path, os.O_RDONLY)
    try:
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    finally:
        os.close(fd)
    write = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    assert seals & write == write


def test_waiting_process_is_not_dumpable(container: Container) -> None:
    """CVE-2016-9962: the process that waits for start belongs to root although its user will be
    another: it is not dumpable, so nobody in the container can trace it or open its files."""
    container.bundle.process["user"] = {"uid": 1000, "gid": 1000}
    container.create()
    assert os.stat(f"/proc/{container.pid}/fd").st_uid == 0


def test_waiting_process_in_a_joined_pid_namespace(
    container: Container, make_container: Callable[[str], Container]
) -> None:
    """CVE-2016-9962: a neighbour in the same pid namespace without CAP_SYS_PTRACE can neither
    list nor follow the descriptors of one that waits for start."""
    container.bundle.process["capabilities"] = {
        name: ["CAP_DAC_OVERRIDE"] for name in ("bounding", "effective", "permitted")
    }
    container.up()
    other = make_container("other")
    other.bundle.namespace("pid", f"/proc/{container.pid}/ns/pid")
    other.create()
    script = (
        "for p in /proc/[0-9]*; do case $(cat $p/comm) in inside|sh|cat) ;; *)"
        " ls -l $p/fd/ $p/cwd $p/root $p/exe 2>/dev/null; cat $p/environ 2>/dev/null;; esac; done"
    )
    found = container.exec("/bin/sh", "-c", script).out
    other.delete("--force")
    other.wait()
    assert "->" not in found


def descriptors(pid: int) -> dict[int, str]:
    """The descriptors of a process and what they are."""
    base = Path(f"/proc/{pid}/fd")
    return {int(entry.name): os.readlink(entry) for entry in base.iterdir()}


@needs(probes.user_namespaces)
def test_no_source_stays_open(container: Container, home: Path) -> None:
    """CVE-2024-21626: the sources of binds that were opened for a user namespace are closed before
    the container waits for start."""
    source = home / "source"
    source.mkdir()
    (container.bundle.rootfs / "mnt").mkdir()
    container.bundle.namespace("user").bind(source, "/mnt")
    container.bundle.linux["uidMappings"] = container.bundle.linux["gidMappings"] = MAPS
    container.create()
    left = {fd: path for fd, path in descriptors(container.pid).items() if fd > 2}
    assert not {path for path in left.values() if str(source) in path or "rootfs" in path}


def test_no_directory_of_the_host_stays_open(container: Container) -> None:
    """CVE-2024-21626: no descriptor of the waiting process leads to a directory of the host: each
    directory that it has open is the container's root."""
    container.create()
    root = os.stat(f"/proc/{container.pid}/root")
    for fd in descriptors(container.pid):
        found = os.stat(f"/proc/{container.pid}/fd/{fd}")
        if stat.S_ISDIR(found.st_mode):
            where = os.readlink(f"/proc/{container.pid}/fd/{fd}")
            same = (found.st_dev, found.st_ino) == (root.st_dev, root.st_ino)
            assert same or where == "/", f"descriptor {fd} is {where}"


@pytest.mark.parametrize("number", range(3, 12))
def test_cwd_by_a_link_to_a_descriptor(container: Container, number: int) -> None:
    """CVE-2024-21626: a cwd that is a link to /proc/self/fd/N never ends up outside."""
    (container.bundle.rootfs / "work").symlink_to(f"/proc/self/fd/{number}")
    container.bundle.process["cwd"] = "/work"
    container.bundle.sh("inside cwd; cat /proc/self/cwd/../../../../etc/hostname; ls ../../boot")
    result = container.run()
    assert result.code != 0 or result.out.startswith("/")
    assert "boot" not in result.out and "(unreachable)" not in result.out


@pytest.mark.parametrize("number", range(3, 12))
def test_exec_cwd(container: Container, number: int) -> None:
    """CVE-2024-21626: the same by exec --cwd, directly and through a link."""
    (container.bundle.rootfs / "work").symlink_to(f"/proc/self/fd/{number}")
    container.up()
    for cwd in (f"/proc/self/fd/{number}", "/work"):
        result = container.exec_with(["--cwd", cwd], "/bin/sh", "-c", "inside cwd; ls ../../boot")
        assert result.code != 0
        assert "(unreachable)" not in result.out and "vmlinuz" not in result.out


def test_program_by_descriptor(container: Container) -> None:
    """CVE-2024-21626: a program given as /proc/self/fd/N is no file of the host."""
    container.bundle.args("/proc/self/fd/7", "x")
    result = container.run()
    assert result.code != 0


NO_IDS = ["1x", "x1", "-1", "1:", ":1", "1:x", "0x1", "1 ", "01a", "root"]
ODD_IDS = ["+1", "", "4294967295", "4294967296", "18446744073709551616"]


@pytest.mark.parametrize(
    "user",
    [*NO_IDS, *(pytest.param(id, marks=departs("runc", "1.1 takes it")) for id in ODD_IDS)],
)
def test_user_that_is_no_number(container: Container, user: str) -> None:
    """CVE-2026-30892, CVE-2016-3697: exec --user with anything but ids is refused: it never runs
    as root."""
    container.up()
    result = container.exec_with(["--user", user], "/bin/id", "-u")
    assert result.code != 0 and result.out == ""


def test_exec_has_no_inheritable_capabilities(container: Container) -> None:
    """CVE-2022-29162, CVE-2022-27650: exec, with and without --cap, leaves the inheritable set
    empty where the config has none."""
    container.up()
    for flags in ([], ["--cap", "CAP_SYS_PTRACE"], ["--user", "1000:1000", "--cap", "CAP_KILL"]):
        lines = container.exec_with(flags, "/bin/cat", "/proc/self/status").lines
        values = dict(line.split(":\t") for line in lines if line.startswith("Cap"))
        assert values["CapInh"] == values["CapAmb"] == "0" * 16, flags


IDS = "../x|x/../y|a/b|..|.|/abs|x\ny|x y|x\tz|~|a;b|ümlaut|".split("|")


@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize("verb", ["create", "state", "delete", "kill", "start"])
def test_bad_id(container: Container, home: Path, verb: str, id: str) -> None:
    """OPS-C2: an id that would be a path, or more than one word, is refused by each verb, and
    nothing outside of the root directory is touched."""
    container.bundle.write()
    victim = home / "x"
    victim.mkdir()
    (victim / "state.json").write_text("{}")
    flags = ["--bundle", container.bundle.path] if verb == "create" else []
    assert container.runtime.run(verb, *flags, id).code != 0
    assert (victim / "state.json").read_text() == "{}"


@pytest.mark.parametrize("path", ["../../outside", "/a/../../../outside", "a\nb", "a\0b"])
def test_cgroups_path(container: Container, path: str) -> None:
    """CGP-2: a cgroupsPath never leads out of the hierarchy's mount, and no line breaks."""
    container.bundle.linux["cgroupsPath"] = path
    container.bundle.args("/bin/cat", "/proc/1/cgroup")
    result = container.run()
    assert result.code != 0 or ".." not in result.out


def test_environment_of_the_runtime_stays_out(container: Container) -> None:
    """CVE-2024-21626: nothing of the runtime's environment is in the waiting process."""
    container.bundle.write()
    container.create(env={"SECRET_OF_THE_HOST": "s3cret", "PATH": "/usr/bin:/bin"})
    data = Path(f"/proc/{container.pid}/environ").read_bytes()
    assert b"s3cret" not in data
