# SPDX-License-Identifier: Apache-2.0
"""Rules for the top of the config: version, names of the host, annotations."""

from __future__ import annotations

from pyrunc.config.problems import Problem, show
from pyrunc.tables.spec import OCI_MAJOR, OCI_MINOR, OCI_VERSION, OCI_VERSION_MIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyrunc.config.types import Json


HOST_NAME_MAX = 64  # bytes, uts_namespaces(7)


def major(config: Json) -> Iterator[Problem]:
    """VER-3: only major version 1 is known."""
    version = config["ociVersion"]
    if version.split(".", 1)[0] != str(OCI_MAJOR):
        yield Problem("VER-3", ("ociVersion",),
                      f"{show(version)} is not a version {OCI_MAJOR}.x of the standard",
                      "config.md, Specification version")


def newer(config: Json) -> Iterator[Problem]:
    """VER-2, VER-3: a minor version above ours may mean what we do not know (D1)."""
    version = config["ociVersion"]
    numbers = version.split(".")
    if numbers[0] == str(OCI_MAJOR) and (
        len(numbers[1]) > len(str(OCI_MINOR)) or int(numbers[1]) > OCI_MINOR
    ):
        yield Problem("VER-2 VER-3", ("ociVersion",),
                      f"{show(version)} is newer than {OCI_VERSION}, the newest version known here",
                      "config.md, Specification version")


def oldest(config: Json) -> Iterator[Problem]:
    """VER-5: a pre-release sorts below its release, so 1.0.0-rc5 is older than the oldest."""
    version = config["ociVersion"]
    if version.startswith(OCI_VERSION_MIN + "-"):
        yield Problem("VER-5", ("ociVersion",),
                      f"{show(version)} is older than {OCI_VERSION_MIN}, "
                      "the oldest version known here", "config.md, Specification version")


def names(config: Json) -> Iterator[Problem]:
    """HST-2, DOM-1, HST-3: a host or domain name needs a UTS namespace and fits the kernel's 64."""
    for member in ("hostname", "domainname"):
        name = config.get(member)
        if not name:
            continue
        if len(name.encode()) > HOST_NAME_MAX:
            yield Problem("HST-3", (member,), f"{show(name)} is longer than {HOST_NAME_MAX} bytes",
                          "uts_namespaces(7)")
        if "uts" not in namespaces(config):
            yield Problem("HST-2", (member,),
                          f"{show(name)} would name the host: linux.namespaces has no uts entry",
                          f"config.md, {member.capitalize()}")


def annotation_keys(config: Json) -> Iterator[Problem]:
    """ANN-2: an annotation's key is not empty."""
    if "" in config.get("annotations", ()):
        yield Problem("ANN-2", ("annotations", ""), "an annotation's key must not be empty",
                      "config.md, Annotations")


def namespaces(config: Json) -> set[str]:
    """The types of namespace that `config` lists."""
    return {entry["type"] for entry in config.get("linux", {}).get("namespaces", ())}


NEWER = (newer,)
RULES = (major, oldest, names, annotation_keys)
