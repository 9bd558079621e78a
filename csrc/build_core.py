# SPDX-License-Identifier: Apache-2.0
"""Compiles the C core twice: objects for the cffi module, and the static executable.

Only what changed is compiled again. A missing tool is told in one sentence with its Debian package.
With PYRUNC_SANITIZE=1 the module's objects are built for AddressSanitizer and UBSan (tests/native).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from sysconfig import get_path

CSRC = Path(__file__).resolve().parent

# Every csrc/*.c is in both faces but for these.
DOOR_ONLY = ("door*.c", "init*.c", "ops_*.c", "trace.c", "interpreter.c", "image*.c")
NATIVE_ONLY = ("seccomp*.c", "interpreter.c", "image*.c")

WARNINGS = [
    *("-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes"),
    *("-Wformat=2", "-Wpointer-arith", "-Wundef", "-Wwrite-strings", "-Wvla", "-Wlogical-op"),
    *("-Wimplicit-fallthrough", "-Wold-style-definition", "-Wduplicated-cond", "-Wnested-externs"),
]
COMMON = ["-std=gnu11", "-O2", "-g", "-fstack-protector-strong", "-fno-strict-aliasing"]
SANITIZE = [
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
    "-fno-omit-frame-pointer",
]

# header: (what it belongs to, the Debian package that has it)
HEADERS = {
    "stdio.h": ("the C library's headers", "libc6-dev"),
    "linux/mount.h": ("the kernel's headers", "linux-libc-dev"),
    "seccomp.h": ("libseccomp", "libseccomp-dev"),
    "Python.h": ("Python's headers", "python3-dev"),
}


class BuildError(Exception):
    """The build cannot be done; the text says what to install."""


def sanitized() -> bool:
    """True when the module is to be built for the sanitizers."""
    return os.environ.get("PYRUNC_SANITIZE") == "1"


def sources(face: str) -> list[Path]:
    """The C files of "door" or "native", sorted."""
    others = NATIVE_ONLY if face == "door" else DOOR_ONLY
    return [path for path in sorted(CSRC.glob("*.c")) if not any(path.match(o) for o in others)]


def compiler() -> list[str]:
    """The command of the C compiler for the module (CC, else gcc or cc)."""
    command = shlex.split(os.environ.get("CC", "")) or ["gcc" if shutil.which("gcc") else "cc"]
    if not shutil.which(command[0]):
        raise BuildError("pyrunc needs a C compiler to be built: apt-get install gcc libc6-dev")
    return command


def _ask(command: list[str], option: str) -> str:
    return subprocess.run([*command, option], capture_output=True, text=True).stdout.strip()


def _library(command: list[str], name: str) -> str | None:
    """The full path of a library file the compiler would find, or None."""
    path = _ask(command, f"-print-file-name={name}")
    return path if os.path.isabs(path) else None


def _has_header(command: list[str], header: str) -> bool:
    source = f"#include <{header}>\n"
    done = subprocess.run([*command, "-E", "-x", "c", "-"], input=source, text=True,
                          capture_output=True)
    return done.returncode == 0


def static_compiler() -> list[str]:
    """The command that makes static executables: musl's when it is there, else glibc's."""
    if shutil.which("musl-gcc"):
        multiarch = _ask(compiler(), "-print-multiarch")
        # musl-gcc hides /usr/include, where the kernel's headers are.
        return ["musl-gcc", "-idirafter", "/usr/include", "-idirafter", f"/usr/include/{multiarch}"]
    if _library(compiler(), "libc.a"):
        return compiler()
    raise BuildError("pyrunc needs a static C library to be built: apt-get install musl-tools")


def check_tools() -> None:
    """Raises BuildError unless headers and libraries are there."""
    command = [*compiler(), f"-I{python_include()}"]
    for header, (what, package) in HEADERS.items():
        if not _has_header(command, header):
            raise BuildError(f"pyrunc needs {what} to be built: apt-get install {package}")


def python_include() -> str:
    """The directory of Python.h."""
    return get_path("include")


def seccomp_link() -> list[str]:
    """How the module gets libseccomp: the archive where there is one, else the shared library."""
    return [archive("-lseccomp") or "-lseccomp"]


def archive(option: str) -> str | None:
    """The static library that stands for the linker's option -lNAME, or None.

    None for the C library's own: they are loaded anyway.
    """
    if option in ("-lc", "-lm", "-ldl"):
        return None
    return _library(compiler(), f"lib{option.removeprefix('-l')}.a")


def version_text() -> str:
    """What `--version` prints; called as `runc`, both faces leave out the first two letters."""
    package = CSRC.parent / "pyrunc"
    version = _find(r'__version__ = "([^"]+)"', package / "__init__.py")
    spec = _find(r'OCI_VERSION = "([^"]+)"', package / "tables" / "spec.py")
    lines = [f"pyrunc version {version}"]
    commit = _commit()
    if commit:
        lines.append(f"commit: {commit}")
    lines += [f"spec: {spec}", f"libseccomp: {seccomp_version()}"]
    return "\n".join(lines) + "\n"


def _find(pattern: str, path: Path) -> str:
    match = re.search(pattern, path.read_text())
    if match is None:
        raise BuildError(f"{path} has no {pattern}")
    return match.group(1)


def _commit() -> str:
    here = str(CSRC.parent)
    command = ["git", "-C", here, "-c", f"safe.directory={here}", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def seccomp_version() -> str:
    """The version of the libseccomp whose headers we compile with."""
    words = "SCMP_VER_MAJOR SCMP_VER_MINOR SCMP_VER_MICRO"
    done = subprocess.run([*compiler(), "-E", "-P", "-x", "c", "-"], text=True, capture_output=True,
                          input=f"#include <seccomp.h>\n{words}\n")
    return ".".join(done.stdout.split()[-3:])


def compile_objects(face: str, command: list[str], flags: list[str], where: Path) -> list[str]:
    """Compiles the face's sources into `where`; returns the paths of the objects."""
    where.mkdir(parents=True, exist_ok=True)
    full = [*command, *COMMON, *WARNINGS, *flags, "-I", str(CSRC)]
    stamp = where / "command"
    same = stamp.exists() and stamp.read_text() == shlex.join(full)
    objects = []
    for source in sources(face):
        target = where / f"{source.stem}.o"
        if not same or _stale(target):
            run([*full, "-MMD", "-c", str(source), "-o", str(target)])
        objects.append(str(target))
    stamp.write_text(shlex.join(full))
    return objects


def _stale(target: Path) -> bool:
    """True when a file that `target` was made from is newer than it (gcc's -MMD lists them)."""
    listing = target.with_suffix(".d")
    if not target.exists() or not listing.exists():
        return True
    needed = listing.read_text().replace("\\\n", " ").split(":", 1)[1].split()
    made = target.stat().st_mtime
    return any(not os.path.exists(name) or os.path.getmtime(name) > made for name in needed)


def run(command: list[str]) -> None:
    done = subprocess.run(command)
    if done.returncode:
        raise BuildError(f"this command failed: {shlex.join(command)}")


def output(command: list[str]) -> str:
    """What the command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def native_objects(build: Path) -> list[str]:
    """The objects that setup.py links into pyrunc._native."""
    check_tools()
    flags = ["-fPIC", "-fvisibility=hidden"]
    flags += SANITIZE if sanitized() else ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
    return compile_objects("native", compiler(), flags, build / "core-native")


def door(build: Path) -> Path:
    """Builds the static executable; returns its path."""
    where = build / "core-door"
    header = where / "version_text.h"
    where.mkdir(parents=True, exist_ok=True)
    quoted = version_text().replace("\n", "\\n")
    text = f'#define PR_VERSION_TEXT "{quoted}"\n'
    if not header.exists() or header.read_text() != text:
        header.write_text(text)
    flags = ["-I", str(where), "-ffunction-sections", "-fdata-sections"]
    flags += ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
    command = static_compiler()
    objects = compile_objects("door", command, flags, where)
    target = where / "pyrunc"
    newest = max(os.path.getmtime(name) for name in objects)
    if not target.exists() or target.stat().st_mtime < newest:
        link = ["-static", "-Wl,--gc-sections,-s,-z,relro,-z,now,-z,noexecstack"]
        run([*command, "-O2", *link, *objects, "-o", str(target)])
    return target
