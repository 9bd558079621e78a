# SPDX-License-Identifier: Apache-2.0
"""Build the virtual machine's Debian image once and keep it, keyed by a hash of its recipe."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
SUITE = "bookworm"
PYTHON = "3.11"  # the suite's python3
DISK_SIZE = "4G"  # sparse: only what is written takes room

HOST_TOOLS = {  # program: Debian package
    "debootstrap": "debootstrap",
    "qemu-system-x86_64": "qemu-system-x86",
    "mke2fs": "e2fsprogs",
    "unshare": "util-linux",
}
PACKAGES = (HERE / "packages.txt").read_text().split()
SUITE_REQUIREMENTS = ["pytest", "hypothesis", "pytest-timeout"]

Say = Callable[[str], None]


def cache_directory() -> Path:
    """Return where images are kept: PYRUNC_VM_CACHE, or a directory outside the checkout."""
    return Path(os.environ.get("PYRUNC_VM_CACHE", "/var/cache/pyrunc-tests"))


def requirements() -> list[str]:
    """Return what the image's Python needs: the suite's tools and the project's dependencies."""
    found = list(SUITE_REQUIREMENTS)
    project = CHECKOUT / "pyproject.toml"
    if project.exists():
        found += tomllib.loads(project.read_text())["project"].get("dependencies", [])
    return sorted(set(found))


def recipe_key() -> str:
    """Return the hash of everything that the image is made from."""
    digest = hashlib.sha256(repr((PACKAGES, requirements(), DISK_SIZE, SUITE)).encode())
    parts = [HERE / "provision.sh", *sorted((HERE / "overlay").rglob("*"))]
    for part in parts:
        digest.update(str(part.relative_to(HERE)).encode() + b"\0")
        if part.is_file():
            digest.update(part.read_bytes())
    return digest.hexdigest()[:16]


def install_host_tools(say: Say) -> None:
    """Install the missing host programs; needs root and a Debian package mirror."""
    missing = [package for tool, package in HOST_TOOLS.items() if not shutil.which(tool)]
    if not missing:
        return
    say(f"installing {' '.join(missing)}")
    apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    subprocess.run([*apt, "update"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        [*apt, "install", "--no-install-recommends", *missing],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )


def debian_sources() -> list[tuple[str, str]]:
    """Return (mirror, suite) pairs as this machine's apt has them; the first has SUITE itself."""
    fields = "$(SITE) $(CODENAME) $(ORIGIN) $(COMPONENT) $(CREATED_BY)"
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", fields], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    rows = [line.split() for line in listed if line.endswith(" Debian main Packages")]
    found = sorted({(row[0], row[1]) for row in rows}, key=lambda pair: len(pair[1]))
    if not found:
        raise RuntimeError("apt knows no Debian mirror (main, Packages): run apt-get update")
    mirror = found[0][0]
    return [(mirror, SUITE), *[p for p in found if p[1].startswith(SUITE) and p[1] != SUITE]]


def _download_wheels(target: Path) -> None:
    """Fetch the wheels that the image's Python needs, through this machine's own pip."""
    subprocess.run(
        [
            *[sys.executable, "-m", "pip"],
            *["download", "-q", "--only-binary=:all:", "--python-version", PYTHON],
            *["--implementation", "cp", "--dest", str(target)],
            *[f"--platform=manylinux_2_{minor}_x86_64" for minor in (34, 28, 17)],
            *["--platform=manylinux2014_x86_64", *requirements()],
        ],
        check=True,
    )


def _network_files(root: Path) -> Callable[[], None]:
    """Give the chroot this machine's name resolution and apt transport; return the undo."""
    apt = subprocess.run(["apt-config", "dump", "Acquire"], check=True, capture_output=True)
    (root / "etc/apt/apt.conf.d/99host").write_bytes(apt.stdout)
    lines = [f"deb {mirror} {suite} main" for mirror, suite in debian_sources()]
    (root / "etc/apt/sources.list").write_text("\n".join(lines) + "\n")
    saved = (root / "etc/hosts").read_bytes()
    for name in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{name}", root / "etc" / name)

    def undo() -> None:
        for name in ("apt/apt.conf.d/99host", "apt/sources.list", "resolv.conf"):
            (root / "etc" / name).unlink()
        (root / "etc/hosts").write_bytes(saved)

    return undo


def _make_root(root: Path, log: Path, say: Say) -> None:
    """Fill `root` with the Debian system: debootstrap, the overlay, provision.sh in a chroot."""
    mirror = debian_sources()[0][0]
    with log.open("wb") as out:
        # A private mount namespace: what debootstrap mounts goes when it ends, even if killed.
        unshare = ["unshare", "--mount", "--propagation", "private", "--"]
        say("debootstrap")
        subprocess.run(
            [*unshare, "debootstrap", "--variant=minbase", SUITE, str(root), mirror],
            check=True, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        subprocess.run(["cp", "-rT", str(HERE / "overlay"), str(root)], check=True)
        undo = _network_files(root)
        _download_wheels(root / "wheels")
        shutil.copy(HERE / "provision.sh", root / "provision.sh")
        say("packages and settings")
        enter = 'mount -t proc proc "$1/proc" && exec chroot "$1" /bin/sh /provision.sh "$2" "$3"'
        subprocess.run(
            [*unshare, "sh", "-c", enter, "sh", str(root), " ".join(PACKAGES),
             " ".join(requirements())],
            check=True, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        undo()
        (root / "provision.sh").unlink()


def _build(target: Path, say: Say) -> None:
    """Build into a temporary directory beside `target`, then rename: it is whole or not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".build-", dir=target.parent))
    root, log = work / "root", target.parent / f"{target.name}.log"
    try:
        root.mkdir(mode=0o755)
        try:
            _make_root(root, log, say)
        except subprocess.CalledProcessError as error:
            tail = log.read_text(errors="replace").splitlines()[-30:] if log.exists() else []
            raise RuntimeError("image build failed:\n" + "\n".join([*tail, str(error)])) from None
        for name in ("vmlinuz.pyrunc", "initrd.pyrunc"):
            shutil.move(root / "boot" / name, work / name.removesuffix(".pyrunc"))
        say("writing the disk")
        subprocess.run(
            ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0",
             "-E", "lazy_itable_init=1,nodiscard", "-d", str(root), str(work / "disk"), DISK_SIZE],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        shutil.rmtree(root)
        work.chmod(0o755)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _drop_old(keep: Path) -> None:
    """Remove the images of other recipes that no machine uses now."""
    for old in keep.parent.glob("vm-*"):
        if old.is_dir() and old != keep:
            lock_file = keep.parent / f"{old.name}.lock"
            with lock_file.open("w") as lock, contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(old)


@contextlib.contextmanager
def image(say: Say, *, rebuild: bool = False) -> Iterator[Path]:
    """Yield the directory with `disk`, `vmlinuz` and `initrd`; builds it when it is missing.

    The directory is locked (shared) as long as the context lives, so that nobody removes it.
    """
    target = cache_directory() / f"vm-{recipe_key()}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        if rebuild or not (target / "disk").exists():
            fcntl.flock(lock, fcntl.LOCK_EX)
            if rebuild:
                shutil.rmtree(target, ignore_errors=True)
            if not (target / "disk").exists():
                install_host_tools(say)
                say(f"building the image {target.name} (some minutes, once)")
                _build(target, say)
                _drop_old(target)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield target
