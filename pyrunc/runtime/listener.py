# SPDX-License-Identifier: Apache-2.0
"""Hands the seccomp listener to the agent at linux.seccomp.listenerPath."""

from __future__ import annotations

import os

from pyrunc import jsonio, native
from pyrunc.errors import NativeError
from pyrunc.tables.spec import OCI_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyrunc.config.types import Seccomp

FD_NAME = "seccompFd"


def process_state(profile: Seccomp, pid: int, state: dict[str, Any]) -> dict[str, Any]:
    """The standard's container process state (SCN-4, SCN-5); state: that of the container."""
    message = {"ociVersion": OCI_VERSION, "fds": [FD_NAME], "pid": pid, "state": state}
    metadata = profile.get("listenerMetadata")
    if metadata:
        message["metadata"] = metadata
    return message


def send(profile: Seccomp, fd: int, pid: int, state: dict[str, Any]) -> None:
    """Sends the message with the listener, one to a connection; takes over fd. NativeError."""
    path = profile["listenerPath"]
    data = jsonio.dumps(process_state(profile, pid, state)).encode()
    try:
        native.send_to_path(path, data, [fd])
    except native.Failure as failure:
        raise NativeError(
            f"linux.seccomp.listenerPath: send the listener to {path}", failure.errno or 0
        ) from None
    finally:
        os.close(fd)
