# SPDX-License-Identifier: Apache-2.0
"""Calls over D-Bus by libsystemd's sd-bus, opened when the systemd driver first needs it."""

from __future__ import annotations

import os
import time
from errno import ENOENT, ENOMEDIUM

from pyrunc.errors import ConfigError, NativeError, PyruncError, errno_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LIBRARY = "libsystemd.so.0"
CALL_TIMEOUT_US = 30_000_000

# function: arguments; all return an int, negative errno on failure. sd-bus(3)
# p a pointer, P where one is put, s a string, S where one is put, c a char, C where one is put,
# i an int, t a uint64_t
_PROTOTYPES = {
    "sd_bus_open_system":              "P",
    "sd_bus_open_user":                "P",
    "sd_bus_new":                      "P",
    "sd_bus_set_address":              "ps",
    "sd_bus_set_bus_client":           "pi",
    "sd_bus_start":                    "p",
    "sd_bus_message_new_method_call":  "pPssss",
    "sd_bus_message_append_basic":     "pcp",
    "sd_bus_message_open_container":   "pcs",
    "sd_bus_message_close_container":  "p",
    "sd_bus_message_peek_type":        "pCS",
    "sd_bus_message_read_basic":       "pcp",
    "sd_bus_message_enter_container":  "pcs",
    "sd_bus_message_exit_container":   "p",
    "sd_bus_message_is_signal":        "pss",
    "sd_bus_call":                     "pptpP",
    "sd_bus_process":                  "pP",
    "sd_bus_wait":                     "pt",
}
# These give nothing worth checking.
_RELEASES = ("sd_bus_message_unref", "sd_bus_flush_close_unref", "sd_bus_error_free")

# Type letter: how ctypes calls what append_basic and read_basic point to. Strings go by pointer.
_NUMBERS = {
    b"y": "c_uint8", b"b": "c_int", b"n": "c_int16", b"q": "c_uint16", b"i": "c_int32",
    b"u": "c_uint32", b"x": "c_int64", b"t": "c_uint64", b"d": "c_double",
}
_STRINGS = (b"s", b"o", b"g")


class BusError(PyruncError):
    """The other side answered with an error; `name` is its D-Bus name."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class Library:
    """libsystemd with its prototypes; ctypes is imported here because it costs 4 ms."""

    def __init__(self) -> None:
        import ctypes

        self.types = ctypes
        try:
            self.calls = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise ConfigError(f"the systemd cgroup driver needs {LIBRARY} (Debian: libsystemd0): "
                              f"{error}") from None
        for name, arguments in _PROTOTYPES.items():
            self.declare(name, arguments)
        for name in _RELEASES:
            self.declare(name, "p")

        class SdBusError(ctypes.Structure):
            _fields_ = (("name", ctypes.c_char_p), ("message", ctypes.c_char_p),
                        ("need_free", ctypes.c_int))

        self.error = SdBusError

    def declare(self, name: str, arguments: str) -> None:
        """Tells ctypes the argument types of a function, in the letters of _PROTOTYPES."""
        c = self.types
        letters: dict[str, Any] = {
            "p": c.c_void_p, "P": c.POINTER(c.c_void_p), "s": c.c_char_p,
            "S": c.POINTER(c.c_char_p), "c": c.c_char, "C": c.POINTER(c.c_char),
            "i": c.c_int, "t": c.c_uint64,
        }
        getattr(self.calls, name).argtypes = [letters[letter] for letter in arguments]

    def number(self, letter: bytes) -> Any:
        """The ctypes class of a D-Bus number."""
        return getattr(self.types, _NUMBERS[letter])


class Variant:
    """A value with its D-Bus type."""

    __slots__ = ("signature", "value")

    def __init__(self, signature: str, value: Any) -> None:
        self.signature = signature
        self.value = value

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Variant) and self.signature == other.signature
                and bool(self.value == other.value))

    def __hash__(self) -> int:
        return hash(self.signature)

    def __repr__(self) -> str:
        return f"Variant({self.signature!r}, {self.value!r})"


class Bus:
    """A connection; close() ends it.

    address: of a bus to use; empty = the system's, or with `user` that of the user's session.
    """

    def __init__(self, *, user: bool = False, address: str = "") -> None:
        self._library = Library()
        self._lib: Any = self._library.calls
        self._pointer: Any = self._library.types.c_void_p
        self._ref: Any = self._library.types.byref
        self._bus = self._pointer()
        if address:
            self._open_address(address)
            return
        which = "sd_bus_open_user" if user else "sd_bus_open_system"
        result = getattr(self._lib, which)(self._ref(self._bus))
        if result < 0:
            raise no_bus(-result, user=user)

    def _open_address(self, address: str) -> None:
        tried = f"connect to {address}"
        self._check(self._lib.sd_bus_new(self._ref(self._bus)), tried)
        self._check(self._lib.sd_bus_set_address(self._bus, address.encode()), tried)
        self._check(self._lib.sd_bus_set_bus_client(self._bus, 1), tried)
        self._check(self._lib.sd_bus_start(self._bus), tried)

    @staticmethod
    def _check(result: int, tried: str) -> int:
        if result < 0:
            raise NativeError(tried, -result)
        return result

    def close(self) -> None:
        """Sends what is queued and disconnects."""
        if self._bus:
            self._lib.sd_bus_flush_close_unref(self._bus)
            self._bus = self._pointer()

    def call(self, destination: str, path: str, interface: str, member: str, signature: str = "",
             *arguments: Any) -> list[Any]:
        """Calls a method and returns what it answers; BusError when that is an error."""
        tried = f"call {member} of {destination}"
        message, reply, error = self._pointer(), self._pointer(), self._library.error()
        words = (word.encode() for word in (destination, path, interface, member))
        new_call = self._lib.sd_bus_message_new_method_call
        self._check(new_call(self._bus, self._ref(message), *words), tried)
        try:
            for kind, argument in zip(split_signature(signature), arguments, strict=True):
                self._append(message, kind, argument)
            result = self._lib.sd_bus_call(self._bus, message, CALL_TIMEOUT_US, self._ref(error),
                                           self._ref(reply))
            if result < 0 and error.name:
                raise BusError(f"{tried}: {(error.message or b'').decode()}", error.name.decode())
            self._check(result, tried)
            return self._read_all(reply)
        finally:
            self._lib.sd_bus_error_free(self._ref(error))
            for used in (message, reply):
                self._lib.sd_bus_message_unref(used)

    def get_property(self, destination: str, path: str, interface: str, name: str) -> Variant:
        """The value of a property."""
        (variant,) = self.call(destination, path, "org.freedesktop.DBus.Properties", "Get", "ss",
                               interface, name)
        found: Variant = variant
        return found

    def wait_signal(self, interface: str, member: str, wanted: Callable[[list[Any]], bool],
                    timeout_s: float) -> list[Any] | None:
        """The arguments of the first such signal that is wanted; None when the time is over.

        The match must have been added before what causes the signal.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            message = self._pointer()
            done = self._lib.sd_bus_process(self._bus, self._ref(message))
            self._check(done, "read the bus")
            try:
                if message and self._lib.sd_bus_message_is_signal(
                        message, interface.encode(), member.encode()) > 0:
                    arguments = self._read_all(message)
                    if wanted(arguments):
                        return arguments
            finally:
                self._lib.sd_bus_message_unref(message)
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if not done:
                waited = self._lib.sd_bus_wait(self._bus, int(left * 1_000_000))
                self._check(waited, "wait for the bus")

    # -- values ------------------------------------------------------------------------------

    def _append(self, message: Any, kind: str, value: Any) -> None:
        letter, lib = kind[0].encode(), self._lib
        if letter in _NUMBERS:
            number = self._library.number(letter)(value)
            done = lib.sd_bus_message_append_basic(message, letter, self._ref(number))
            self._check(done, "append a number")
        elif letter in _STRINGS:
            text = self._library.types.c_char_p(value.encode(errors="surrogateescape"))
            self._check(lib.sd_bus_message_append_basic(message, letter, text), "append a string")
        elif letter == b"v":
            self._append_container(message, b"v", value.signature, [value.value])
        elif letter == b"a":
            self._append_container(message, b"a", kind[1:], value)
        elif letter == b"(":
            self._append_container(message, b"r", kind[1:-1], value)
        else:
            raise ValueError(f"unknown D-Bus type {kind!r}")

    def _append_container(self, message: Any, letter: bytes, contents: str, values: Any) -> None:
        lib = self._lib
        self._check(lib.sd_bus_message_open_container(message, letter, contents.encode()), "open")
        kinds = split_signature(contents)
        if letter == b"a":
            kinds = kinds * len(values)
        for kind, value in zip(kinds, values, strict=True):
            self._append(message, kind, value)
        self._check(lib.sd_bus_message_close_container(message), "close a container")

    def _read_all(self, message: Any) -> list[Any]:
        found: list[Any] = []
        peek, types = self._lib.sd_bus_message_peek_type, self._library.types
        while True:
            letter, contents = types.c_char(), types.c_char_p()
            more = peek(message, self._ref(letter), self._ref(contents))
            if not self._check(more, "read a message"):
                return found
            found.append(self._read(message, letter.value, contents.value))

    def _read(self, message: Any, letter: bytes, contents: bytes | None) -> Any:
        lib = self._lib
        if letter in _NUMBERS or letter in _STRINGS:
            kind = self._library.types.c_char_p
            place = (self._library.number(letter) if letter in _NUMBERS else kind)()
            self._check(lib.sd_bus_message_read_basic(message, letter, self._ref(place)), "read")
            if letter in _STRINGS:
                return (place.value or b"").decode(errors="surrogateescape")
            return bool(place.value) if letter == b"b" else place.value
        self._check(lib.sd_bus_message_enter_container(message, letter, contents), "read")
        values = self._read_all(message)
        self._check(lib.sd_bus_message_exit_container(message), "read a container")
        if letter == b"v":
            return Variant((contents or b"").decode(), values[0])
        return values if letter == b"a" else tuple(values)


def no_bus(number: int, *, user: bool) -> PyruncError:
    """The error for a bus that cannot be reached; errno `number` is the reason."""
    if not user:
        advice = "is systemd process 1 and D-Bus running? Without them use the cgroupfs driver"
        where = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", "/run/dbus/system_bus_socket")
    else:
        # What sd_bus_open_user(3) looks at.
        address = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
        runtime_dir = os.environ.get("XDG_RUNTIME_DIR", "")
        where = address or (f"{runtime_dir}/bus" if runtime_dir else "")
        advice = ("the user needs a session with a bus (loginctl enable-linger), told by "
                  "XDG_RUNTIME_DIR or DBUS_SESSION_BUS_ADDRESS; else use the cgroupfs driver")
    # Engines take "no such file or directory" for a missing program.
    gone = number in (ENOENT, ENOMEDIUM)
    reason = "there is none" if gone else errno_text(number)
    name = f"{'user' if user else 'system'} bus{f' at {where}' if where else ''}"
    return PyruncError(f"systemd cgroup driver: connect to the {name}: {reason} ({advice})")


def split_signature(signature: str) -> list[str]:
    """The complete types of a signature: "sa(sv)u" is s, a(sv), u."""
    found, start, depth = [], 0, 0
    for at, letter in enumerate(signature):
        depth += (letter in "({") - (letter in ")}")
        if depth == 0 and letter != "a":
            found.append(signature[start:at + 1])
            start = at + 1
    return found
