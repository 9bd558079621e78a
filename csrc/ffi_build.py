# SPDX-License-Identifier: Apache-2.0
"""The cffi module `pyrunc._native`, declared by the header the C core is compiled with."""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent

ffibuilder = FFI()
ffibuilder.cdef((HERE / "pyrunc.cdef.h").read_text())
# The objects of the core are compiled by csrc/build_core.py (our warnings are errors there, and
# only what changed is compiled again); setup.py adds them to this module.
ffibuilder.set_source("pyrunc._native", '#include "pyrunc.h"', include_dirs=[str(HERE)])
