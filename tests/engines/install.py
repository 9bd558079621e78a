# SPDX-License-Identifier: Apache-2.0
"""Install the engines and helpers from Debian's packages when the machine lacks them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .sandbox import PATH

# program -> the Debian package that ships it
PROGRAMS = {
    "podman": "podman", "conmon": "conmon", "buildah": "buildah",
    "/usr/bin/docker": "docker.io", "/usr/sbin/dockerd": "docker.io",
    "containerd": "containerd", "ctr": "containerd", "iptables": "iptables",
    "/usr/lib/podman/netavark": "netavark", "/usr/lib/podman/aardvark-dns": "aardvark-dns",
    "catatonit": "catatonit", "busybox": "busybox-static", "debootstrap": "debootstrap",
    "unshare": "util-linux", "nsenter": "util-linux", "tar": "tar", "pgrep": "procps",
    "/usr/bin/docker-init": "docker.io", "/usr/sbin/runc": "runc",
}
POLICY = Path("/usr/sbin/policy-rc.d")


def missing() -> list[str]:
    """The packages of PROGRAMS that are not installed, judged by their programs."""
    return sorted({package for program, package in PROGRAMS.items()
                   if not shutil.which(program, path=PATH)})


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep package scripts from starting the engines' system services (Debian policy hook)."""
    mine = not POLICY.exists()
    if mine:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if mine:
            POLICY.unlink()


def install(progress: Callable[[str], None]) -> None:
    """Install what is missing with apt-get; `progress` is told each step. Raises RuntimeError."""
    packages = missing()
    if not packages:
        return
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": PATH}
    lock = ["-o", "DPkg::Lock::Timeout=300"]
    steps = (["apt-get", *lock, "-q", "update"],
             ["apt-get", *lock, "-q", "install", "-y", "--no-install-recommends", *packages])
    with _no_services():
        for argv in steps:
            progress(" ".join(argv))
            done = subprocess.run(argv, env=env, text=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900,
                                  check=False)
            if done.returncode:
                raise RuntimeError(f"{' '.join(argv)} failed:\n{done.stdout[-2000:]}")
    if missing():
        raise RuntimeError(f"still missing after apt-get install: {' '.join(missing())}")
