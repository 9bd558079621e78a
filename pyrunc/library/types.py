# SPDX-License-Identifier: Apache-2.0
"""The types of what the library takes and returns; loaded at run time only by who asks for them."""

from __future__ import annotations

from typing import NotRequired, Protocol, TypedDict


class HasFileno(Protocol):
    """A file, a socket, a pipe's end."""

    def fileno(self) -> int:
        """The descriptor, which stays the object's."""


# What a standard stream can be: None = the caller's own, DEVNULL, STDOUT (for stderr), a
# descriptor, or something that has one. All of them stay the caller's.
Stream = int | HasFileno | None


class State(TypedDict):
    """The standard's state of a container, and what else `pyrunc state` shows. runtime.md, State.

    status: creating, created, running, paused or stopped. pid: 0 when stopped. owner: the name of
    who made it, in a list; else "".
    """

    ociVersion: str
    id: str
    pid: int
    status: str
    bundle: str
    rootfs: str
    created: str
    owner: str
    annotations: NotRequired[dict[str, str]]
