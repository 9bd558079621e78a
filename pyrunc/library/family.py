# SPDX-License-Identifier: Apache-2.0
"""A container's first process and what exec started: who is reaped when, so that none waits for
the other.
"""

from __future__ import annotations

import os
from _thread import allocate_lock

from pyrunc.errors import StateError
from pyrunc.library.child import Child, deadline, one_ended


class Family:
    """The first process, and the processes of exec that are not reaped yet.

    The first process of a pid namespace ends only when all others of it are reaped, by their
    parents, and that are we: so who waits for the first reaps the others. pid_namespaces(7).
    """

    __slots__ = ("_lock", "_processes", "_waiting", "first")

    def __init__(self, first: Child) -> None:
        self.first = first
        self._processes: set[Child] = set()
        self._waiting: set[int] = set()  # an eventfd for each wait that is going on
        self._lock = allocate_lock()

    def add(self, child: Child) -> None:
        """Takes in a process of exec; waits that are going on look after it from now on."""
        self.reap()
        with self._lock:
            self._processes.add(child)
            for event in self._waiting:
                os.eventfd_write(event, 1)

    def reap(self) -> list[Child]:
        """Reaps the processes of exec that have ended; those that live."""
        living = []
        for child in tuple(self._processes):
            try:
                if child.poll() is None:
                    living.append(child)
                    continue
            except StateError:
                pass  # another took its status
            self._processes.discard(child)
        return living

    def wait(self, timeout: float | None) -> int:
        """The exit status of the first process, see Child.wait."""
        first, end = self.first, deadline(timeout)
        if (status := first.poll()) is not None:
            return status
        event = os.eventfd(0)
        with self._lock:
            self._waiting.add(event)
        try:
            while (status := first.poll()) is None:
                handles = self._handles()
                if not handles:
                    continue  # another thread has reaped it in this moment: poll() knows
                if not one_ended([*handles, os.dup(event)], end):
                    raise first.late(timeout)
                with self._lock:  # whoever is new is looked at next
                    os.eventfd_write(event, 1)
                    os.eventfd_read(event)
            return status
        finally:
            with self._lock:
                self._waiting.discard(event)
                os.close(event)

    def _handles(self) -> list[int]:
        """Handles (the caller's) of the first process and of those of exec that live; none at all
        when the first is reaped.
        """
        living = self.reap()
        try:
            handles = [self.first.handle()]
        except StateError:
            return []
        for child in living:
            try:
                handles.append(child.handle())
            except StateError:
                pass  # reaped in this moment
        return handles

    def end_processes(self) -> None:
        """Kills and reaps what exec started."""
        for child in tuple(self._processes):
            child.end()
        self._processes.clear()

    def close(self) -> None:
        """Closes all descriptors and lets go of all processes."""
        for child in (self.first, *self._processes):
            child.close()
        self._processes.clear()
