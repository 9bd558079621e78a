# SPDX-License-Identifier: Apache-2.0
"""Root filesystem tars made here: busybox from the host's static binary, Debian by debootstrap."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from .sandbox import PATH

PASSWD = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n"
GROUP = "root:x:0:\napp:x:1000:\nextra:x:2000:app\n"
DIRECTORIES = {"bin": 0o755, "etc": 0o755, "tmp": 0o1777, "root": 0o700, "home/app": 0o755,
               "proc": 0o755, "sys": 0o755, "dev": 0o755, "var/tmp": 0o1777, "usr/bin": 0o755}
BAD_SCRIPT = "#!/no/interpreter\n"
# Left out of the Debian image: large, and nothing that a test looks at.
EXCLUDED = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info",
            "./var/cache/apt", "./var/lib/apt/lists", "./dev", "./proc", "./sys")


def _entry(archive: tarfile.TarFile, name: str, mode: int, *, data: bytes | None = None,
           link: str | None = None) -> None:
    """Add a directory, or a file when data is given, or a symbolic link when link is."""
    info = tarfile.TarInfo(f"./{name}")
    info.mode = mode
    if link is not None:
        info.type, info.linkname = tarfile.SYMTYPE, link
    elif data is None:
        info.type = tarfile.DIRTYPE
    else:
        info.size = len(data)
    archive.addfile(info, io.BytesIO(data or b""))


def busybox_tar(target: Path) -> Path:
    """Write a small root filesystem with every busybox applet as a link; returns target."""
    busybox = shutil.which("busybox", path=PATH)
    assert busybox, "busybox-static is not installed"
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    with tarfile.open(target, "w") as archive:
        for name, mode in DIRECTORIES.items():
            _entry(archive, name, mode)
        _entry(archive, "bin/busybox", 0o755, data=Path(busybox).read_bytes())
        for applet in applets.stdout.split():
            if applet != "busybox":
                _entry(archive, f"bin/{applet}", 0o777, link="busybox")
        _entry(archive, "etc/passwd", 0o644, data=PASSWD.encode())
        _entry(archive, "etc/group", 0o644, data=GROUP.encode())
        _entry(archive, "bad-script", 0o755, data=BAD_SCRIPT.encode())
    return target


def cache_dir() -> Path:
    """Where images that take long to make are kept between runs; created when missing."""
    base = os.environ.get("XDG_CACHE_HOME")
    place = Path(base) / "pyrunc-tests" if base else Path("/var/cache/pyrunc-tests")
    place.mkdir(parents=True, exist_ok=True)
    return place


def _apt_source() -> tuple[str, str]:
    """The mirror and the suite that this machine's own apt uses for Debian."""
    lines = Path("/etc/os-release").read_text().splitlines()
    release = dict(line.split("=", 1) for line in lines if "=" in line)
    suite = release["VERSION_CODENAME"].strip('"')
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)",
         "Created-By: Packages"], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        site, name, component = line.split()
        if name == suite and component == "main":
            return site, suite
    raise RuntimeError(f"no Debian source with main of {suite} in apt's sources")


def _bootstrap(target: Path, work: Path) -> None:
    """debootstrap into `work`, add the tests' users, pack to `target` by rename."""
    mirror, suite = _apt_source()
    root, partial = work / "root", work / "image.tar"
    done = subprocess.run(
        ["unshare", "--mount", "debootstrap", "--variant=minbase", suite, str(root), mirror],
        env={**os.environ, "PATH": PATH}, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise RuntimeError(f"debootstrap failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    with open(root / "etc/passwd", "a") as users, open(root / "etc/group", "a") as groups:
        users.write(PASSWD.splitlines()[1] + "\n")
        groups.write("\n".join(GROUP.splitlines()[1:]) + "\n")
    (root / "bad-script").write_text(BAD_SCRIPT)
    (root / "bad-script").chmod(0o755)
    excludes = [f"--exclude={name}/*" for name in EXCLUDED]
    subprocess.run(["tar", "-C", str(root), "--numeric-owner", *excludes, "-cf", str(partial),
                    "."], check=True, timeout=300)
    partial.rename(target)


def debian_tar(progress: Callable[[str], None]) -> Path:
    """A Debian minbase root filesystem, made once (about a minute) and cached; returns the tar."""
    place = cache_dir()
    target = place / "debian-minbase-1.tar"
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            progress(f"debootstrap of a Debian image into {target}, once, about a minute")
            work = place / f"work-{os.getpid()}"
            work.mkdir()
            try:
                _bootstrap(target, work)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return target
