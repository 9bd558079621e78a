# SPDX-License-Identifier: Apache-2.0
"""pyrunc, an OCI container runtime: Python decides, a small C core does.

For programs: `from pyrunc import Container` (docs/library.md). Each name is loaded when it is first
asked for, so that what needs none of them pays for none.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.types import Config
    from pyrunc.errors import (
        ConfigError,
        ExistsError,
        HookError,
        NativeError,
        NotFoundError,
        PyruncError,
        StateError,
        UsageError,
        WaitTimeoutError,
    )
    from pyrunc.library.container import Container, containers
    from pyrunc.library.inputs import DEVNULL, STDOUT
    from pyrunc.library.process import Process
    from pyrunc.library.types import State, Stream
else:
    _HOMES = {
        "pyrunc.config.types": ("Config",),
        "pyrunc.errors": (
            "ConfigError",
            "ExistsError",
            "HookError",
            "NativeError",
            "NotFoundError",
            "PyruncError",
            "StateError",
            "UsageError",
            "WaitTimeoutError",
        ),
        "pyrunc.library.container": ("Container", "containers"),
        "pyrunc.library.inputs": ("DEVNULL", "STDOUT"),
        "pyrunc.library.process": ("Process",),
        "pyrunc.library.types": ("State", "Stream"),
    }

    def __getattr__(name: str) -> object:
        """One of __all__, from where it lives. PEP 562."""
        for home, names in _HOMES.items():
            if name in names:
                value = getattr(__import__(home, fromlist=(name,)), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module 'pyrunc' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "DEVNULL",
    "STDOUT",
    "Config",
    "ConfigError",
    "Container",
    "ExistsError",
    "HookError",
    "NativeError",
    "NotFoundError",
    "Process",
    "PyruncError",
    "State",
    "StateError",
    "Stream",
    "UsageError",
    "WaitTimeoutError",
    "containers",
]
