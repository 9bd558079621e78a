# SPDX-License-Identifier: Apache-2.0
"""Writes a container in the making to its state directory: what undoing needs, then what it is."""

from __future__ import annotations

from pyrunc.errors import NativeError
from pyrunc.runtime import process, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyrunc.config.bundle import Bundle
    from pyrunc.config.types import Config


def early(record: state.State, bundle: Bundle, config: Config) -> None:
    """The container that is being created, and the snapshot of its config.json. NativeError."""
    record.bundle = bundle.path
    record.annotations = dict(config.get("annotations", {}))
    record.hooks = [kind for kind, hooks in config.get("hooks", {}).items() if hooks]
    record.private_pid_namespace = any(
        entry["type"] == "pid" for entry in config.get("linux", {}).get("namespaces", ())
    )
    _write(record, record.save)
    snapshot = f"{record.path}/{state.CONFIG}"
    _write(record, lambda: state.replace_file(snapshot, bundle.data, 0o600))


def ahead(record: state.State, pid: int) -> None:
    """The container as it will be, its first process `pid`, beside where `publish` puts it.

    Written while that process is still at work. NativeError.
    """
    record.init_process_pid = pid
    record.init_process_start = process.start_time(pid)
    record.namespace_paths = state.namespace_paths(pid)
    record.phase = "created"
    _write(record, record.prepare)


def publish(record: state.State) -> None:
    """From here on it is created. NativeError."""
    _write(record, record.publish)


def _write(record: state.State, write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        raise NativeError(
            f"write the state of the container to {record.path}", error.errno or 0
        ) from None
