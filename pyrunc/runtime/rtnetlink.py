# SPDX-License-Identifier: Apache-2.0
"""The little of rtnetlink(7) that moving a network device takes: links and addresses.

In Python and not in C: it is rare, never on the way of other containers, and what the kernel sends
are nested lengths, where Python's slices cannot run past the end.
"""

from __future__ import annotations

import os
from _socket import AF_NETLINK, SO_RCVBUF, SOCK_RAW, SOL_SOCKET, socket
from _struct import Struct

from pyrunc.errors import PyruncError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h
NLMSG_ERROR, NLMSG_DONE = 2, 3
RTM_NEWLINK, RTM_GETLINK, RTM_NEWADDR, RTM_GETADDR = 16, 18, 20, 22
_REQUEST, _ACK, _DUMP, _CREATE, _EXCL = 0x1, 0x4, 0x300, 0x400, 0x200
IFLA_IFNAME, IFLA_NET_NS_FD = 3, 28
IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_FLAGS, IFA_RT_PRIORITY = 1, 2, 4, 8, 9
IFF_UP = 0x1
_TYPE_MASK = 0x3FFF  # NLA_TYPE_MASK

_HEADER = Struct("=IHHII")  # length, type, flags, sequence, port
_ATTRIBUTE = Struct("=HH")  # length, type
_LINK = Struct("=BxHiII")  # family, type, index, flags, change
_FLAGS, _NUMBER = Struct("=I"), Struct("=i")
_ADDRESS = Struct("=BBBBI")  # family, prefix length, flags, scope, index


class Link:
    """A network device."""

    __slots__ = ("flags", "index", "name")

    def __init__(self, index: int, flags: int, name: str) -> None:
        self.index = index
        self.flags = flags
        self.name = name


class Address:
    """An address of a device, with its attributes as the kernel gave them."""

    __slots__ = ("attributes", "family", "flags", "prefix", "scope")

    def __init__(
        self, family: int, prefix: int, flags: int, scope: int, raw: dict[int, bytes]
    ) -> None:
        self.family = family
        self.prefix = prefix
        self.scope = scope
        self.attributes = raw
        wide = raw.get(IFA_FLAGS, b"")
        self.flags = _FLAGS.unpack(wide)[0] if len(wide) == _FLAGS.size else flags


class Netlink:
    """A socket in one network namespace; takes over fd. OSError carries the kernel's errno."""

    def __init__(self, fd: int) -> None:
        self._socket = socket(AF_NETLINK, SOCK_RAW, 0, fd)
        self._socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 20)
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def links(self) -> list[Link]:
        """All devices."""
        found = []
        for body in self._ask(RTM_GETLINK, _DUMP, _LINK.pack(0, 0, 0, 0, 0)):
            _, _, index, flags, _ = _LINK.unpack_from(body)
            name = attributes(body[_LINK.size :]).get(IFLA_IFNAME, b"")
            found.append(Link(index, flags, os.fsdecode(name.rstrip(b"\0"))))
        return found

    def addresses(self, index: int) -> list[Address]:
        """The addresses of one device."""
        found = []
        for body in self._ask(RTM_GETADDR, _DUMP, _ADDRESS.pack(0, 0, 0, 0, 0)):
            family, prefix, flags, scope, owner = _ADDRESS.unpack_from(body)
            if owner == index:
                raw = attributes(body[_ADDRESS.size :])
                found.append(Address(family, prefix, flags, scope, raw))
        return found

    def set_up(self, index: int, *, up: bool) -> None:
        """Sets a device up or down."""
        body = _LINK.pack(0, 0, index, IFF_UP if up else 0, IFF_UP)
        self._ask(RTM_NEWLINK, _ACK, body)

    def move(self, index: int, namespace_fd: int, name: str) -> None:
        """Moves a device to the network namespace and renames it there, in one request."""
        body = _LINK.pack(0, 0, index, 0, 0)
        body += attribute(IFLA_NET_NS_FD, _FLAGS.pack(namespace_fd))
        body += attribute(IFLA_IFNAME, os.fsencode(name) + b"\0")
        self._ask(RTM_NEWLINK, _ACK, body)

    def add_address(self, address: Address, index: int, flags: int) -> None:
        """Gives an address, as another device had it, to a device. There already is fine."""
        body = _ADDRESS.pack(address.family, address.prefix, flags & 0xFF, address.scope, index)
        for kind in (IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_RT_PRIORITY):
            if kind in address.attributes:
                body += attribute(kind, address.attributes[kind])
        body += attribute(IFA_FLAGS, _FLAGS.pack(flags))
        try:
            self._ask(RTM_NEWADDR, _ACK | _CREATE | _EXCL, body)
        except FileExistsError:
            pass

    def _ask(self, kind: int, flags: int, body: bytes) -> list[bytes]:
        """Sends one request; the bodies of the answers."""
        self._sequence += 1
        length = _HEADER.size + len(body)
        header = _HEADER.pack(length, kind, _REQUEST | flags, self._sequence, 0)
        self._socket.send(header + body)
        answers: list[bytes] = []
        while True:
            for got, sequence, part in messages(self._socket.recv(1 << 18)):
                if sequence != self._sequence:
                    continue
                if got == NLMSG_ERROR:
                    _check(part)
                if got in (NLMSG_ERROR, NLMSG_DONE):
                    return answers
                answers.append(part)


def _check(body: bytes) -> None:
    """OSError for an error message that is not an acknowledgement."""
    number = -_NUMBER.unpack_from(body)[0]
    if number:
        raise OSError(number, os.strerror(number))


def messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, sequence and body of each message of a datagram; PyruncError for a wrong length."""
    while data:
        if len(data) < _HEADER.size:
            raise PyruncError("rtnetlink: a message is cut off")
        length, kind, _, sequence, _ = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            raise PyruncError(f"rtnetlink: a message says that it is {length} bytes long")
        yield kind, sequence, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]


def attributes(data: bytes) -> dict[int, bytes]:
    """The attributes behind a message's fixed part, by type; what is cut off is left out."""
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if not _ATTRIBUTE.size <= length <= len(data):
            break
        found[kind & _TYPE_MASK] = data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
    return found


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + b"\0" * (-length % 4)
