# SPDX-License-Identifier: Apache-2.0
"""What the image of the interpreter holds (image.c): the modules of the package, imported.

freeze.py puts it into the interpreter as `_pyrunc_image`; only the build runs it.
"""

from __future__ import annotations

import gc
import sys

# First what create, run and exec use, for what the rehearsal missed of it: it lies together then.
_FIRST = (
    "pyrunc.__main__",
    "pyrunc.cli.main",
    "pyrunc.cli.verbs.create",
    "pyrunc.runtime.create",
    "pyrunc.config.validate",
    "pyrunc.config.rules.general",
    "pyrunc.plan.build",
    "pyrunc.runtime.stage",
    "pyrunc.runtime.record",
    "pyrunc.cgroups.manager",
)
# What only another face of the package imports, or a refusal, or what loads a shared library.
_LEFT_OUT = (
    "pyrunc._backend",
    "pyrunc.cgroups.sdbus",
    "pyrunc.config.explain",
    "pyrunc.config.types",
    "pyrunc.library",
)


def fill() -> None:
    """Imports what an image is to hold. RuntimeError when a module came from a shared library: the
    dynamic linker puts it elsewhere in each process.
    """
    import _imp
    import encodings

    # An interpreter without a name does not know where its frozen packages have their other parts.
    sys._stdlib_dir = sys.path[1]  # type: ignore[attr-defined]  # not in typeshed
    encodings.__path__ = [f"{sys.path[1]}/encodings"]

    frozen = _imp._frozen_module_names()  # type: ignore[attr-defined]  # not in typeshed
    names = [name for name in frozen
             if name.startswith("pyrunc.") and not name.startswith(_LEFT_OUT)]
    for name in (*_FIRST, *names):
        __import__(name)
    for name, module in sys.modules.items():
        if (getattr(module, "__file__", None) or "").endswith(".so"):
            raise RuntimeError(f"{name} is a shared library")
    for directory in set(sys.path_importer_cache) - {sys.path[0]}:
        del sys.path_importer_cache[directory]  # but what is in lib-dynload, as of its mtime
    gc.collect()  # and with it what Python keeps of freed objects, to use again
    sys._clear_type_cache()  # it holds names that only imports have asked for
