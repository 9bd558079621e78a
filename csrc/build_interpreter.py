# SPDX-License-Identifier: Apache-2.0
"""Builds csrc/interpreter.c: this Python's static library, the cffi module and the frozen package
in one executable.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from sysconfig import get_config_var, get_path

import build_core
import build_image

CSRC = build_core.CSRC
IMAGE = build_image.possible()
SOURCES = [CSRC / "interpreter.c", *(sorted(CSRC.glob("image*.c")) if IMAGE else [])]
SCRIPT = CSRC / "image.ld"


def name() -> str:
    """The file in the package that the front door starts for this version of Python."""
    return f"_python{sys.version_info.major}.{sys.version_info.minor}"


def interpreter(build: Path, core: list[str]) -> Path | None:
    """Builds the interpreter; `core` are build_core.native_objects. Only what changed is built.

    Returns its path, or None where this Python has no static library (Debian: libpython3-dev):
    then the front door starts python3.N, which takes longer.
    """
    library = Path(str(get_config_var("LIBPL")), str(get_config_var("LIBRARY")))
    if not library.exists():
        print(f"note: {library} is not there: verbs that Python serves will start slower")
        return None
    where = build / "core-python"
    where.mkdir(parents=True, exist_ok=True)
    _write_headers(where)
    module = where / "_native.c"
    _emit(module)
    target = where / name()
    made_from = [*SOURCES, SCRIPT, module, library, *where.glob("frozen.*"), *map(Path, core)]
    if not target.exists() or target.stat().st_mtime < max(os.path.getmtime(f) for f in made_from):
        without = where / f"{name()}-without-image"
        _compile(where, [str(module), *core, str(library)], without)
        if IMAGE:
            build_image.add(without, target)
        else:
            shutil.copy2(without, target)
    return target


def _compile(where: Path, parts: list[str], target: Path) -> None:
    command = [*build_core.compiler(), *build_core.COMMON, "-fno-pie"]
    include = ["-isystem", build_core.python_include(), "-I", str(CSRC), "-I", str(where),
               f"-DPR_IMAGE={int(IMAGE)}"]
    objects = []
    for source in SOURCES:
        objects.append(str(where / f"{source.stem}.o"))
        build_core.run([*command, *build_core.WARNINGS, *include, "-c", str(source),
                        "-o", objects[-1]])
    names = [str(get_config_var(name) or "") for name in ("MODLIBS", "LIBS", "SYSLIBS")]
    libraries = [build_core.archive(library) or library
                 for library in dict.fromkeys(shlex.split(" ".join(names)))]
    # Modules of the standard library and cffi's backend are loaded by dlopen: -rdynamic.
    link = ["-no-pie", "-rdynamic", "-Wl,--gc-sections,-s,-z,relro,-z,now,-z,noexecstack"]
    if IMAGE:
        link.append(f"-Wl,-T,{SCRIPT},--wrap=_Py_Deepfreeze_Init")
    build_core.run([*command, *include, *link, *objects, *parts, *build_core.seccomp_link(),
                    *libraries, "-o", str(target)])


def _write_headers(where: Path) -> None:
    """Writes what interpreter.c includes; a file that stays the same keeps its time."""
    places = {
        "PR_FROZEN_BIN": (where / "frozen.bin").resolve(),
        "PR_STDLIB": get_path("stdlib"),
        "PR_DYNLOAD": get_config_var("DESTSHARED"),
    }
    text = "".join(f'#define {name} "{place}"\n' for name, place in places.items())
    with tempfile.TemporaryDirectory() as fresh:
        # Line numbers are enough in a traceback; columns would be a tenth of all bytes.
        build_core.run([sys.executable, "-X", "no_debug_ranges", str(CSRC / "freeze.py"),
                        str(CSRC.parent / "pyrunc"), fresh, *(["image"] if IMAGE else [])])
        Path(fresh, "places.h").write_text(text)
        for new in Path(fresh).iterdir():
            old = where / new.name
            if not old.exists() or old.read_bytes() != new.read_bytes():
                old.write_bytes(new.read_bytes())


def _emit(target: Path) -> None:
    """Writes the cffi module's C source, as csrc/ffi_build.py declares it, when it changed."""
    import ffi_build

    ffi_build.ffibuilder.emit_c_code(str(target))
