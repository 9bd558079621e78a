# SPDX-License-Identifier: Apache-2.0
"""The tools of the black-box suite: a runtime to call, bundles to feed it, containers to end,
traces to look for.
"""

from . import enosys
from .bundle import Bundle
from .container import Container
from .marks import departs, needs
from .runtime import Result, Runtime
from .waiting import exit_code, until

__all__ = [
    "Bundle", "Container", "Result", "Runtime", "departs", "enosys", "exit_code", "needs", "until",
]  # fmt: skip
