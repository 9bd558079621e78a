# SPDX-License-Identifier: Apache-2.0
"""linux.netDevices: network devices of the host moved into the container's network namespace."""

from __future__ import annotations

import os

from pyrunc import native
from pyrunc.errors import ConfigError, NativeError, PyruncError
from pyrunc.runtime.rtnetlink import IFF_UP, Netlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.types import NetDevice
    from pyrunc.runtime.rtnetlink import Address, Link

# linux/if_addr.h
_PERMANENT = 0x80
_KEPT_FLAGS = 0x02 | 0x100 | 0x200 | 0x400  # NODAD, MANAGETEMPADDR, NOPREFIXROUTE, MCAUTOJOIN
_GLOBAL = 0  # RT_SCOPE_UNIVERSE
_EINVAL = 22


def move(pid: int, pidfd: int, devices: dict[str, NetDevice]) -> None:
    """Moves, renames, restores permanent global addresses, sets up (ND-2 to ND-5).

    All are looked for before the first is touched. ConfigError, NativeError.
    """
    here, there = Netlink(_socket(-1)), Netlink(_socket(pidfd))
    try:
        namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            ours = {link.name: link for link in here.links()}
            taken = {link.name for link in there.links()}
            for host, device in devices.items():
                _check(host, device.get("name") or host, ours, taken)
            for host, device in devices.items():
                _move(here, there, namespace, ours[host], device.get("name") or host)
        finally:
            os.close(namespace)
    finally:
        here.close()
        there.close()


def _socket(pidfd: int) -> int:
    try:
        return native.netlink_socket(pidfd)
    except native.Failure as failure:
        what = "linux.netDevices: open a netlink socket"
        hint = "a rootless caller cannot take devices from the host" if os.geteuid() else ""
        raise NativeError(what, failure.errno or 0, hint) from None


def _check(host: str, name: str, ours: dict[str, Link], taken: set[str]) -> None:
    """ConfigError for a device that is not there or whose new name is taken (ND-3)."""
    if host not in ours:
        raise ConfigError(f"linux.netDevices: there is no network device {host}")
    if name in taken:
        raise ConfigError(
            f"linux.netDevices: {host}: the container's network namespace has a {name} already"
        )


def _move(here: Netlink, there: Netlink, namespace: int, link: Link, name: str) -> None:
    doing = "read the addresses"
    try:
        addresses = [each for each in here.addresses(link.index) if _stays(each)]
        before = {found.index for found in there.links()}
        doing = "set it down"
        if link.flags & IFF_UP:
            here.set_up(link.index, up=False)
        doing = f"move it to the container as {name}"
        _change_namespace(here, namespace, link, name)
        index = _arrived(there.links(), before, name)
        for address in addresses:
            doing = "give it its addresses back"
            there.add_address(address, index, address.flags & _KEPT_FLAGS)
        doing = "set it up"
        there.set_up(index, up=True)
    except OSError as error:
        number = error.errno or 0
        hint = "it belongs to its namespace" if number == _EINVAL and "move" in doing else ""
        raise NativeError(f"linux.netDevices: {link.name}: {doing}", number, hint) from None


def _stays(address: Address) -> bool:
    return address.scope == _GLOBAL and bool(address.flags & _PERMANENT)


def _change_namespace(here: Netlink, namespace: int, link: Link, name: str) -> None:
    """Moves the device; one that cannot be moved stays as it was."""
    try:
        here.move(link.index, namespace, name)
    except OSError:
        if link.flags & IFF_UP:
            here.set_up(link.index, up=True)
        raise


def _arrived(links: list[Link], before: set[int], name: str) -> int:
    """The index of the device that is new in the namespace: the kernel may have changed it, and
    chosen the name for a pattern (ND-3).
    """
    new = [link for link in links if link.index not in before]
    named = [link for link in new if link.name == name] or new
    if len(named) != 1:
        raise PyruncError(f"linux.netDevices: {name} is not to be found in the container")
    return named[0].index
