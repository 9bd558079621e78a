# SPDX-License-Identifier: Apache-2.0
"""Boot the image under software emulation, follow its progress, and bring the results back."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

MEMORY = "3072M"
PROCESSORS = "2"
RESULTS_SIZE = 256 * 1024 * 1024  # sparse
CONSOLE_TAIL = 40  # lines shown of a machine that failed

KERNEL_ARGUMENTS = (
    "root=/dev/vda rw console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nowatchdog "
    "no_timer_check random.trust_cpu=on psi=1 apparmor=1 security=apparmor audit=0 "
    "systemd.unified_cgroup_hierarchy=1 systemd.show_status=0 net.ifnames=0 "
    # Drivers of hardware that is not there, and ciphers that nobody uses: each costs time to load.
    "module_blacklist=kvm,kvm_amd,kvm_intel,ata_generic,ata_piix,aesni_intel,ghash_clmulni_intel,"
    "sha512_ssse3,sha256_ssse3,sha1_ssse3,dm_mod"
)

Say = Callable[[str], None]


class MachineError(RuntimeError):
    """The machine did not do its job: it died, stayed silent, or ran out of time."""


def make_disk(tree: Path, disk: Path) -> None:
    """Write the directory `tree` as an ext4 image with some free room; owners become root."""
    used = int(subprocess.check_output(["du", "-sk", str(tree)]).split()[0])
    subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-N", "20000",
         "-E", "lazy_itable_init=1,nodiscard,root_owner=0:0", "-d", str(tree), str(disk),
         f"{used * 5 // 4 + 131072}k"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _command(image: Path, payload: Path, results: Path, console: Path) -> list[str]:
    """Return QEMU's command line: ttyS0 is the console, ttyS1 (QEMU's stdout) the progress."""
    disks = ((image / "disk", "on"), (payload, "on"), (results, "off"))
    drives = [
        f"file={path},format=raw,if=virtio,cache=unsafe,snapshot={snapshot}"
        for path, snapshot in disks
    ]
    # QEMU dies with us, however we die.
    return [
        "setpriv", "--pdeathsig", "KILL", "--",
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-machine", "pc", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max",
        "-smp", PROCESSORS, "-m", MEMORY, "-nic", "none", "-device", "virtio-rng-pci",
        "-serial", f"file:{console}", "-serial", "stdio",
        "-kernel", str(image / "vmlinuz"), "-initrd", str(image / "initrd"),
        "-append", KERNEL_ARGUMENTS, *[word for drive in drives for word in ("-drive", drive)],
    ]  # fmt: skip


def _follow(qemu: subprocess.Popen[bytes], deadline: float, say: Say) -> None:
    """Hand each progress line to `say` until the machine ends; raise when `deadline` passes."""
    assert qemu.stdout is not None
    pending = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise MachineError("the virtual machine ran out of time")
        if not select.select([qemu.stdout], [], [], min(left, 5))[0]:
            continue
        chunk = os.read(qemu.stdout.fileno(), 65536)
        if not chunk:
            return
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            say(line.decode(errors="replace").rstrip())


def _end(qemu: subprocess.Popen[bytes]) -> int:
    """Make sure that this one QEMU process is gone; return its status."""
    try:
        return qemu.wait(timeout=5)
    except subprocess.TimeoutExpired:
        qemu.send_signal(signal.SIGKILL)
        return qemu.wait()


def _tail(console: Path) -> str:
    """Return the last lines that the machine wrote to its console."""
    lines = console.read_text(errors="replace").splitlines() if console.exists() else []
    return "\n".join(["--- console (tail) ---", *lines[-CONSOLE_TAIL:]])


def _unpack(results: Path, out: Path) -> int:
    """Copy the regular files of the results disk, a tar archive, flatly into `out`; count them."""
    count = 0
    with contextlib.suppress(tarfile.TarError), tarfile.open(results) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                with (out / Path(member.name).name).open("wb") as copy:
                    shutil.copyfileobj(content, copy)
                count += 1
    return count


def boot(image: Path, payload: Path, work: Path, out: Path, *, seconds: float, say: Say) -> None:
    """Boot, wait for the end of the job, unpack what it left into `out`.

    `payload` is the job's disk, `work` a scratch directory, `seconds` the bound for all. The
    console is kept as `out`/console.log. Raises MachineError with the console's tail.
    """
    out.mkdir(parents=True, exist_ok=True)
    results, console = work / "results", out / "console.log"
    with results.open("wb") as disk:
        disk.truncate(RESULTS_SIZE)
    qemu = subprocess.Popen(
        _command(image, payload, results, console),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(out / "qemu.log").open("wb"),
        env={**os.environ, "TMPDIR": str(work)},  # where snapshot=on writes
    )
    try:
        _follow(qemu, time.monotonic() + seconds, say)
    except MachineError as error:
        qemu.send_signal(signal.SIGKILL)
        raise MachineError(f"{error}\n{_tail(console)}") from None
    finally:
        status = _end(qemu)
    if not _unpack(results, out):
        trouble = (out / "qemu.log").read_text(errors="replace").strip()
        raise MachineError(
            f"the virtual machine brought no results (QEMU status {status}) {trouble}\n"
            f"{_tail(console)}"
        )


def need_host() -> None:
    """Raise MachineError when this machine cannot build or boot the image."""
    if os.geteuid() != 0:
        raise MachineError("tests/vm needs root: debootstrap makes device nodes and owners")
    if not shutil.which("apt-get"):
        raise MachineError("tests/vm needs a Debian host: apt-get is missing")
