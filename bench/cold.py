# SPDX-License-Identifier: Apache-2.0
"""A runtime whose files are not in the page cache: copies of it that nobody else has mapped."""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from ctypes import CDLL, c_size_t, c_ubyte, c_void_p
from pathlib import Path

from .runtimes import Runtime

_libc = CDLL(None, use_errno=True)
_DROPS = 20  # how often it is tried


class Cold:
    """A runtime beside another one, run from copies whose pages are dropped before each call.

    What other processes have mapped (the C library, Debian's python modules that are extensions)
    stays in memory, for all runtimes alike. posix_fadvise(2), POSIX_FADV_DONTNEED.
    """

    def __init__(self, warm: Runtime) -> None:
        home = warm.home / "cold"
        prefix = home / "prefix"
        (prefix / "bin").mkdir(parents=True)
        executable = prefix / "bin" / Path(warm.executable).name
        shutil.copy2(warm.executable, executable)
        programs = [executable]
        self._files: list[Path] = []
        if warm.name == "pyrunc":
            programs.append(_copy_python(prefix))
            self._files += _library()
        self.runtime = Runtime(warm.name, str(executable), home / "runtime", warm.bundles)
        self._files += [path for path in prefix.rglob("*") if path.is_file()]
        self._files += [path for program in programs for path in _linked(program)]
        os.sync()  # a page that is not yet written is not dropped

    def drop(self) -> None:
        """Drops the pages; AssertionError where the file system does not let them go (a tmpfs)."""
        for _ in range(_DROPS):
            for path in self._files:
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)
            left = cached_pages(Path(self.runtime.executable))
            if left == 0:
                break
            time.sleep(0.1)  # a process of the call before has not quite ended
        assert left == 0, f"{self.runtime.executable}: {left} pages stay in memory"

    def time(self, verb: str) -> float:
        """Seconds of one call of the verb with cold files."""
        measure = getattr(self.runtime, f"time_{verb}")
        if verb in ("state", "exec", "kill"):
            self.runtime.running()
        self.drop()
        seconds: float = measure()
        return seconds


def _copy_python(prefix: Path) -> Path:
    """Python, the package and cffi's backend where the front door looks for them; python's copy."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = prefix / "bin" / name
    shutil.copy2(os.path.realpath(sys.executable), python)
    packages = prefix / "lib" / name / "site-packages"
    code = "import pyrunc, _cffi_backend as b; print(pyrunc.__file__, b.__file__, sep='\\n')"
    found = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd="/", capture_output=True, text=True, check=True
    ).stdout.splitlines()
    shutil.copytree(Path(found[0]).parent, packages / "pyrunc")
    shutil.copy2(found[1], packages)
    return python


def _library() -> list[Path]:
    """The standard library's files at its top, which is where all that pyrunc imports is."""
    top = Path(sysconfig.get_path("stdlib"))
    found = [*top.glob("*.py"), *top.glob("__pycache__/*"), *top.glob("lib-dynload/*.so")]
    return [*found, *top.glob("encodings/**/*.py*"), *top.glob("collections/**/*.py*")]


def _linked(program: Path) -> list[Path]:
    """The shared libraries that a program is linked with, none of a static one."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return [Path(word) for word in said.split() if word.startswith("/") and os.path.exists(word)]


def cached_pages(path: Path) -> int:
    """How many pages of a file are in memory. mincore(2)."""
    size = path.stat().st_size
    pages = -(-size // mmap.PAGESIZE)
    states = (c_ubyte * pages)()
    with open(path, "rb") as file:
        _libc.mmap.restype = c_void_p
        address = _libc.mmap(
            None, c_size_t(size), mmap.PROT_READ, mmap.MAP_PRIVATE, file.fileno(), c_size_t(0)
        )
        _libc.mincore(c_void_p(address), c_size_t(size), states)
        _libc.munmap(c_void_p(address), c_size_t(size))
    return sum(state & 1 for state in states)
