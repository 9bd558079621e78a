# SPDX-License-Identifier: Apache-2.0
"""hostname and domainname."""

from __future__ import annotations

import os

import pytest

from .harness import Container, departs


def test_hostname(container: Container) -> None:
    """HST-1: the hostname is what uname shows inside; the host keeps its own."""
    before = os.uname().nodename
    container.bundle.config["hostname"] = "boat.example"
    container.bundle.args("/bin/uname", "-n")
    assert container.report() == ["boat.example"]
    assert os.uname().nodename == before


def test_none(container: Container) -> None:
    """HST-1: without hostname the new namespace has the host's."""
    del container.bundle.config["hostname"]
    container.bundle.args("/bin/hostname")
    assert container.report() == [os.uname().nodename]


def test_empty(container: Container) -> None:
    """HST-3: an empty hostname counts as none."""
    container.bundle.config["hostname"] = ""
    container.bundle.args("/bin/hostname")
    assert container.report() == [os.uname().nodename]


def test_longest(container: Container) -> None:
    """HST-3: 64 bytes are the most."""
    container.bundle.config["hostname"] = "h" * 64
    container.bundle.args("/bin/cat", "/proc/sys/kernel/hostname")
    assert container.report() == ["h" * 64]


@pytest.mark.parametrize("length", [65, 5000])
def test_too_long(container: Container, length: int) -> None:
    """HST-3: a longer one is an error of create."""
    container.bundle.config["hostname"] = "h" * length
    assert "hostname" in container.fails()


@departs("runc", "1.1 does not know domainname")
def test_domainname(container: Container) -> None:
    """DOM-1: the domainname is the kernel's NIS name inside."""
    container.bundle.config["domainname"] = "example.org"
    container.bundle.args("/bin/cat", "/proc/sys/kernel/domainname")
    assert container.report() == ["example.org"]


@pytest.mark.parametrize(
    "member", ["hostname", pytest.param("domainname", marks=departs("runc", "1.1 ignores it"))]
)
def test_without_uts_namespace(container: Container, member: str) -> None:
    """HST-2: without a UTS namespace of its own the name would be the host's: refused."""
    container.bundle.no_namespace("uts").config.pop("hostname")
    container.bundle.config[member] = "name"
    before = os.uname()
    assert "uts" in container.fails().lower()
    assert os.uname() == before
