# SPDX-License-Identifier: Apache-2.0
"""A small systemd on a private bus: takes units, makes and removes their cgroups, ends jobs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from pyrunc.cgroups.sdbus import Bus, Variant

NAME = "org.freedesktop.systemd1"
JOB = "/org/freedesktop/systemd1/job/7"


class Server(Bus):
    """Answers calls; what it is told stands in the file `told`, one JSON line a call.

    roots: the mount points in which it makes a unit's cgroup.
    """

    def __init__(self, address: str, told: Path, roots: list[str], result: str) -> None:
        super().__init__(address=address)
        self.told, self.roots, self.result = told, roots, result
        self.units: dict[str, str] = {}
        self.failed: set[str] = set(filter(None, os.environ.get("FAKE_FAILED", "").split()))
        for function, arguments in {
            "sd_bus_request_name": "pst",
            "sd_bus_message_new_method_return": "pP",
            "sd_bus_message_new_signal": "pPsss",
            "sd_bus_send": "ppp",
            "sd_bus_reply_method_error": "pp",
            "sd_bus_message_is_method_call": "pss",
            "sd_bus_message_get_member": "p",
        }.items():
            self._library.declare(function, arguments)
        self._lib.sd_bus_message_get_member.restype = self._library.types.c_char_p
        self._check(self._lib.sd_bus_request_name(self._bus, NAME.encode(), 0), "name")

    def serve(self) -> None:
        print("ready", flush=True)
        while True:
            message = self._pointer()
            if not self._check(self._lib.sd_bus_process(self._bus, self._ref(message)), "process"):
                self._check(self._lib.sd_bus_wait(self._bus, 2**64 - 1), "wait")
            if message and self._lib.sd_bus_message_is_method_call(message, None, None) > 0:
                self.handle(message)
            self._lib.sd_bus_message_unref(message)

    def handle(self, message: Any) -> None:
        member = self._lib.sd_bus_message_get_member(message).decode()
        arguments = self._read_all(message)
        with self.told.open("a") as file:
            file.write(json.dumps([member, plain(arguments)]) + "\n")
        kind, value = getattr(self, f"do_{member}", self.do_nothing)(arguments)
        if kind == "error":
            error = self._library.error(value.encode(), b"as the test wants", 0)
            self._lib.sd_bus_reply_method_error(message, self._ref(error))
            return
        reply = self._pointer()
        self._lib.sd_bus_message_new_method_return(message, self._ref(reply))
        if kind:
            self._append(reply, kind, value)
        self._lib.sd_bus_send(self._bus, reply, None)
        if member in ("StartTransientUnit", "StopUnit"):
            self.job_done(arguments[0])

    def job_done(self, unit: str) -> None:
        signal = self._pointer()
        words = (b"/org/freedesktop/systemd1", NAME.encode() + b".Manager", b"JobRemoved")
        self._lib.sd_bus_message_new_signal(self._bus, self._ref(signal), *words)
        for kind, value in zip("uoss", (7, JOB, unit, self.result), strict=True):
            self._append(signal, kind, value)
        self._lib.sd_bus_send(self._bus, signal, None)

    def do_nothing(self, _: list[Any]) -> tuple[str, Any]:
        return "", None

    def do_Get(self, arguments: list[Any]) -> tuple[str, Any]:
        values = {"Version": "252.38-1~deb12u1", "ControlGroup": "/init.scope"}
        if arguments[1] in values:
            return "v", Variant("s", values[arguments[1]])
        return "v", Variant("t", 77)

    def do_GetUnit(self, _: list[Any]) -> tuple[str, Any]:
        return "o", "/org/freedesktop/systemd1/unit/x"

    def do_StartTransientUnit(self, arguments: list[Any]) -> tuple[str, Any]:
        unit, properties = arguments[0], dict(arguments[2])
        if unit in self.failed:
            return "error", f"{NAME}.UnitExists"
        parent = properties["Slice"].value
        for root in self.roots:
            path = Path(root) / parent / unit
            path.mkdir(parents=True)
            for pid in properties["PIDs"].value:
                (path / "cgroup.procs").write_text(str(pid))
        self.units[unit] = parent
        return "o", JOB

    def do_StopUnit(self, arguments: list[Any]) -> tuple[str, Any]:
        if arguments[0] not in self.units:
            return "error", f"{NAME}.NoSuchUnit"
        del self.units[arguments[0]]
        return "o", JOB

    def do_ResetFailedUnit(self, arguments: list[Any]) -> tuple[str, Any]:
        self.failed.discard(arguments[0])
        return "", None


def plain(value: Any) -> Any:
    """The value as JSON can hold it; a variant is {type: value}."""
    if isinstance(value, Variant):
        return {value.signature: plain(value.value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


if __name__ == "__main__":
    Server(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4]).serve()
