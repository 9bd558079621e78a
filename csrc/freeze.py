# SPDX-License-Identifier: Apache-2.0
"""Turns the package and the few library modules it starts with into data for csrc/interpreter.c.

Writes `frozen.bin`, the modules' code objects as marshal writes them, one after the other, and the
tables that name them: `frozen.h`, and `bootstrap.h` for Python's own import system. Docstrings and
assertions are left out: what is not there needs not be read.

    python -X no_debug_ranges csrc/freeze.py PACKAGE DIRECTORY [image]

`image`: what CPython has in it as objects is frozen as code too, for an image to arrange.
"""

from __future__ import annotations

import marshal
import sys
from pathlib import Path
from sysconfig import get_path

# Imported by every start of the interpreter, or by nearly every module of ours.
LIBRARY = ("encodings", "encodings.aliases", "encodings.utf_8", "__future__")
# What CPython has in it as objects that lie where its linker put them, a page for a few that are
# used: an image holds them as any others, which it can arrange. By name, with the source file.
BOOTSTRAP = {
    "_frozen_importlib": "importlib._bootstrap",
    "_frozen_importlib_external": "importlib._bootstrap_external",
    "zipimport": "zipimport",
}
STARTED = ("_collections_abc", "abc", "codecs", "genericpath", "io", "os", "posixpath", "stat")
# The cffi module is linked in, under a name without a dot: only those are looked up as built in. It
# is loaded when first used: an image of the interpreter cannot hold what the dynamic linker places.
NATIVE = """
__file__ = "/proc/self/exe"

class _Later:
    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        import pyrunc._backend
        import _pyrunc_native
        value = getattr(getattr(_pyrunc_native, self._name), name)
        setattr(self, name, value)
        return value

ffi, lib = _Later("ffi"), _Later("lib")
"""
# cffi's backend is loaded from where it lies (a search would list four directories) and bound to
# the interpreter function by function, for most are not called: RTLD_LAZY.
BACKEND = """
import _imp, sys
from _frozen_importlib import ModuleSpec

def _load():
    flags = sys.getdlopenflags()
    for directory in sys.path[-2:]:
        path = f"{directory}/_cffi_backend{_imp.extension_suffixes()[0]}"
        try:
            sys.setdlopenflags(1)
            backend = _imp.create_dynamic(ModuleSpec("_cffi_backend", None, origin=path))
        except ImportError:
            continue
        finally:
            sys.setdlopenflags(flags)
        _imp.exec_dynamic(backend)
        sys.modules["_cffi_backend"] = backend
        return

_load()
"""


def modules(package: Path, image: bool) -> dict[str, tuple[str, str, bool]]:
    """{name: (source, file name for tracebacks, is it a package?)} of all that is frozen."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package.parent)
        parts = inside.with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = (path.read_text(), str(inside), is_package)
    found["pyrunc._native"] = (NATIVE, "pyrunc/_native.py", False)
    found["pyrunc._backend"] = (BACKEND, "pyrunc/_backend.py", False)
    for name in ("image", "rehearsal"):
        path = Path(__file__).with_name(f"{name}.py")
        found[f"_pyrunc_{name}"] = (path.read_text(), f"csrc/{path.name}", False)
    for name in (*LIBRARY, *(STARTED if image else ())):
        path = Path(str(get_path("stdlib")), *name.split("."))
        is_package = path.is_dir()
        path = path / "__init__.py" if is_package else path.with_suffix(".py")
        found[name] = (path.read_text(), str(path), is_package)
    return found


def bootstrap() -> dict[str, tuple[str, str, bool]]:
    """The same of what imports all others. Tracebacks leave it out by its file name."""
    found = {}
    for name, source in BOOTSTRAP.items():
        path = Path(str(get_path("stdlib")), *source.split(".")).with_suffix(".py")
        found[name] = (path.read_text(), f"<frozen {source}>", False)
    return found


def write(package: Path, where: Path, image: bool) -> None:
    """Writes frozen.bin, frozen.h and bootstrap.h for the package in the directory `package` into
    `where`.
    """
    blob = b""
    tables = {"frozen.h": modules(package, image), "bootstrap.h": bootstrap() if image else {}}
    for file, table in tables.items():
        rows = []
        for name, (source, file_name, is_package) in table.items():
            code = marshal.dumps(compile(source, file_name, "exec", dont_inherit=True, optimize=2))
            rows.append(f'\tPR_FROZEN("{name}", {len(blob)}, {len(code)}, {int(is_package)}),\n')
            blob += code
        (where / file).write_text("".join(rows))
    (where / "frozen.bin").write_bytes(blob)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] == ["image"])
