# SPDX-License-Identifier: Apache-2.0
"""Builds bundles: a config to edit and a private root filesystem of busybox and the witness."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from . import cgroupfs
from .config import default_config

HERE = Path(__file__).parent
BUSYBOX = Path("/bin/busybox")
APPLETS = (
    "cat echo env false grep head hostname id ip kill ls mkdir mknod mount nc ps pwd readlink rm "
    "rmdir sed sh sleep sort stat stty tail test touch tr true tty umount uname wc"
).split()
DIRECTORIES = "bin dev etc home home/tester proc root run sys tmp usr var".split()
PASSWD = "root:x:0:0:root:/root:/bin/sh\ntester:x:1000:1000::/home/tester:/bin/sh\n"
GROUP = "root:x:0:\ntester:x:1000:\nextra:x:2000:tester\n"


def compile_witness(target: Path) -> None:
    """Compile the witness `inside` as a small static program at `target`."""
    compiler = shutil.which("musl-gcc") or shutil.which("gcc")
    assert compiler, "the suite needs a C compiler: Debian's musl-tools or gcc"
    sources = sorted(str(path) for path in HERE.glob("inside*.c"))
    flags = ["-static", "-Os", "-s", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *flags, "-o", str(target), *sources], check=True, timeout=120)


def make_rootfs(target: Path, witness: Path) -> None:
    """Lay out a root filesystem at `target`; its files are its own (no links to the host's)."""
    assert BUSYBOX.exists(), "the suite needs a static busybox: Debian's busybox-static"
    top = os.fspath(target)
    os.makedirs(top)
    for name in DIRECTORIES:  # plain calls: this is done for each test
        os.mkdir(f"{top}/{name}")
    os.chmod(f"{top}/tmp", 0o1777)
    os.chown(f"{top}/home/tester", 1000, 1000)
    for name, text in (("passwd", PASSWD), ("group", GROUP)):
        with open(f"{top}/etc/{name}", "w", encoding="ascii") as file:
            file.write(text)
    for source in (BUSYBOX, witness):
        shutil.copy(source, f"{top}/bin/{source.name}")
    for applet in APPLETS:
        os.symlink("busybox", f"{top}/bin/{applet}")


class Bundle:
    """A bundle directory; edit `config` (a dict) freely, it is written when a container is
    created.
    """

    def __init__(self, path: Path, witness: Path, cgroup: str) -> None:
        self.path = path
        self.rootfs = path / "rootfs"
        self.config: dict[str, Any] = default_config(cgroup)
        make_rootfs(self.rootfs, witness)
        self.own = {"rootfs", "config.json"}

    @property
    def process(self) -> dict[str, Any]:
        return self.config["process"]  # type: ignore[no-any-return]

    @property
    def linux(self) -> dict[str, Any]:
        return self.config["linux"]  # type: ignore[no-any-return]

    @property
    def cgroup(self) -> str:
        """The container's cgroup, below each mount point."""
        return cgroupfs.place(self.linux["cgroupsPath"])

    def args(self, *args: str) -> Bundle:
        """Make `args` the container's program; the witness' subcommands as `args("/bin/inside",
        "fds")`.
        """
        self.process["args"] = list(args)
        return self

    def inside(self, *args: str) -> Bundle:
        """Run the witness with this subcommand."""
        return self.args("/bin/inside", *args)

    def sh(self, script: str) -> Bundle:
        """Run a busybox shell script."""
        return self.args("/bin/sh", "-c", script)

    def mount(self, destination: str, type: str, source: str | Path, *options: str) -> Bundle:
        """Append a mount."""
        entry = {
            "destination": destination,
            "type": type,
            "source": str(source),
            "options": list(options),
        }
        self.config["mounts"].append(entry)
        return self

    def bind(self, source: str | Path, destination: str, *options: str) -> Bundle:
        """Append a recursive bind mount."""
        return self.mount(destination, "bind", source, "rbind", *options)

    def namespace(self, type: str, path: str | None = None) -> Bundle:
        """Ask for a new namespace of this type, or for the one at `path`."""
        self.no_namespace(type)
        self.linux["namespaces"].append({"type": type, **({"path": path} if path else {})})
        return self

    def no_namespace(self, type: str) -> Bundle:
        """Leave the namespace of this type out: the container then shares the caller's."""
        self.linux["namespaces"] = [
            entry for entry in self.linux["namespaces"] if entry["type"] != type
        ]
        return self

    def file(self, name: str, text: str, mode: int = 0o755) -> Path:
        """Put a file into the root filesystem (name relative to it); return its host path."""
        path = self.rootfs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def write(self) -> None:
        """Write config.json."""
        (self.path / "config.json").write_text(json.dumps(self.config))

    def strange(self) -> list[str]:
        """Names in the bundle directory (not in the rootfs) that the test did not put there."""
        return sorted(set(os.listdir(self.path)) - self.own) if self.path.is_dir() else []
