# SPDX-License-Identifier: Apache-2.0
"""Builds the cffi module and the static executable; all metadata is in pyproject.toml."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).resolve().parent / "csrc"))
import build_core
import build_interpreter

if not find_spec("cffi"):  # setuptools would leave the module out without a word
    sys.exit("error: pyrunc needs cffi to be built: apt-get install python3-cffi")

BUILD = Path("build/sanitize" if build_core.sanitized() else "build")


class BuildCore(build_ext):
    """build_ext that first compiles the C core and then puts the executable into the package."""

    def run(self) -> None:
        try:
            objects = build_core.native_objects(BUILD)
            door = build_core.door(BUILD)
            interpreter = None
            if not build_core.sanitized():
                interpreter = build_interpreter.interpreter(BUILD, objects)
        except build_core.BuildError as error:
            sys.exit(f"error: {error}")
        for extension in self.extensions:
            extension.extra_objects = objects
            extension.depends = objects
            extension.extra_link_args = build_core.seccomp_link()
            if build_core.sanitized():
                extension.extra_link_args += build_core.SANITIZE
        super().run()
        package = Path("pyrunc") if self.inplace else Path(self.build_lib) / "pyrunc"
        shutil.copy2(door, package / "_door")
        if interpreter:
            shutil.copy2(interpreter, package / interpreter.name)
        (package / "_version.txt").write_text(build_core.version_text())
        if not self.inplace and not build_core.sanitized():
            link_into_checkout(package)


def link_into_checkout(built: Path) -> None:
    """Lets the checkout's own package find what was built: tests need no installation."""
    for name in ("_native.abi3.so", "_door", "_version.txt"):
        link = Path("pyrunc") / name
        link.unlink(missing_ok=True)
        link.symlink_to(Path("..") / built / name)


class BuildPython(build_py):
    """build_py that forgets modules of an earlier build that are gone from the source."""

    def run(self) -> None:
        built = Path(self.build_lib)
        for module in built.glob("pyrunc/**/*.py"):
            if not module.relative_to(built).exists():
                module.unlink()
        super().run()


setup(
    cffi_modules=["csrc/ffi_build.py:ffibuilder"],
    cmdclass={"build_ext": BuildCore, "build_py": BuildPython},
    data_files=[("bin", [str(BUILD / "core-door" / "pyrunc")])],
)
