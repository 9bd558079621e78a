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
from collections.abc import Callable, Sequence
from pathlib import Path

MEMORY = "3072M"
PROCESSOR = "Nehalem"  # what newer ones have (AVX, five page levels) is slow to emulate
PROCESSORS = "1"  # one is emulated with cheaper locks than two; run another machine instead
RESULTS_SIZE = 256 * 1024 * 1024  # sparse
CONSOLE_TAIL = 40  # lines shown of a machine that failed

KERNEL_ARGUMENTS = (
    "root=/dev/vda rw console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nowatchdog "
    "no_timer_check random.trust_cpu=on psi=1 apparmor=1 security=apparmor audit=0 "
    "systemd.unified_cgroup_hierarchy=1 systemd.show_status=0 net.ifnames=0 "
    # Nobody attacks this kernel; programs at the same addresses are translated once.
    "norandmaps nokaslr randomize_kstack_offset=off init_on_alloc=0 hardened_usercopy=off no5lvl "
    # Without "rep_good" pages are cleared and copied by plain loops: emulated `rep` is slower.
    "clearcpuid=112 "
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


class Machine:
    """One virtual machine, from its start to the results that it leaves.

    It does the part of the job that has its name. Its progress goes to `say`, a line at a time;
    console-NAME.log and qemu-NAME.log are written to `out`. `image` is the image's directory,
    `payload` the job's disk (several machines may share both), `work` a scratch directory.
    """

    def __init__(
        self, name: str, image: Path, payload: Path, work: Path, out: Path, say: Say
    ) -> None:
        self.name, self.image, self.payload, self.work = name, image, payload, work
        self.out, self.say = out, say
        self.results = work / f"results-{name}"
        self.console = out / f"console-{name}.log"
        self.qemu_log = out / f"qemu-{name}.log"
        self.pending = b""
        with self.results.open("wb") as disk:
            disk.truncate(RESULTS_SIZE)
        with self.qemu_log.open("wb") as log:
            self.process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "TMPDIR": str(work)},  # where snapshot=on writes
            )

    def _command(self) -> list[str]:
        """QEMU's command line: ttyS0 is the console, ttyS1 (QEMU's stdout) the progress."""
        disks = ((self.image / "disk", "on"), (self.payload, "on"), (self.results, "off"))
        drives = [
            f"file={path},format=raw,if=virtio,cache=unsafe,snapshot={snapshot}"
            for path, snapshot in disks
        ]
        # QEMU dies with us, however we die.
        return [
            "setpriv", "--pdeathsig", "KILL", "--",
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-machine", "pc", "-accel", "tcg,thread=multi,tb-size=512",
            "-cpu", PROCESSOR, "-smp", PROCESSORS, "-m", MEMORY, "-nic", "none",
            "-device", "virtio-rng-pci", "-serial", f"file:{self.console}", "-serial", "stdio",
            "-kernel", str(self.image / "vmlinuz"), "-initrd", str(self.image / "initrd"),
            "-append", f"{KERNEL_ARGUMENTS} pyrunc.machine={self.name}",
            *[word for drive in drives for word in ("-drive", drive)],
        ]  # fmt: skip

    def fileno(self) -> int:
        """The descriptor to wait on before read()."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def read(self) -> bool:
        """Hand on the progress lines that are there; False at the machine's end."""
        chunk = os.read(self.fileno(), 65536)
        *lines, self.pending = (self.pending + chunk).split(b"\n")
        for line in lines:
            self.say(f"{self.name}: {line.decode(errors='replace').rstrip()}")
        return bool(chunk)

    def end(self, patience: float) -> None:
        """Make sure that this one QEMU process is gone."""
        try:
            self.process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def tail(self) -> str:
        """The last lines that the machine wrote to its console."""
        text = self.console.read_text(errors="replace") if self.console.exists() else ""
        return "\n".join(
            [f"--- console of {self.name} (tail) ---", *text.splitlines()[-CONSOLE_TAIL:]]
        )

    def unpack(self) -> None:
        """Copy the files of the results disk, a tar archive, flatly into `out`; raise
        MachineError when there are none.
        """
        count = 0
        with contextlib.suppress(tarfile.TarError), tarfile.open(self.results) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    with (self.out / Path(member.name).name).open("wb") as copy:
                        shutil.copyfileobj(content, copy)
                    count += 1
        if not count:
            trouble = self.qemu_log.read_text(errors="replace").strip()
            raise MachineError(
                f"the virtual machine {self.name} brought no results (QEMU's status "
                f"{self.process.returncode}) {trouble}\n{self.tail()}"
            )


def follow(machines: Sequence[Machine], seconds: float) -> None:
    """Follow the machines to their ends, then unpack their results.

    Raises MachineError, with the consoles' tails, when `seconds` pass before the last one ended
    (what the machines had brought by then is unpacked all the same), or when one ended without
    results. No machine is left running in any case.
    """
    deadline = time.monotonic() + seconds
    running = list(machines)
    try:
        while running:
            left = deadline - time.monotonic()
            if left <= 0:
                names = ", ".join(machine.name for machine in running)
                tails = "\n".join(machine.tail() for machine in running)
                raise MachineError(f"out of time, still running: {names}\n{tails}")
            ready = select.select(running, [], [], min(left, 5))[0]
            running = [machine for machine in running if machine not in ready or machine.read()]
    finally:
        for machine in machines:
            machine.end(0 if machine in running else 5)
            if machine in running:
                with contextlib.suppress(MachineError):
                    machine.unpack()
    for machine in machines:
        machine.unpack()


def need_host() -> None:
    """Raise MachineError when this machine cannot build or boot the image."""
    if os.geteuid() != 0:
        raise MachineError("tests/vm needs root: debootstrap makes device nodes and owners")
    if not shutil.which("apt-get"):
        raise MachineError("tests/vm needs a Debian host: apt-get is missing")
