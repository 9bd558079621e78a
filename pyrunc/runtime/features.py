# SPDX-License-Identifier: Apache-2.0
"""The features document: made from the tables that the rest of the program works with (FEA-14)."""

from __future__ import annotations

from pyrunc.tables import capabilities, mounts, namespaces, process, seccomp, spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def document(version: dict[str, str]) -> dict[str, Any]:
    """The document; `version` holds what the build knows: version, commit, libseccomp.

    Fixed at build time: it does not depend on the host (FEA-0). features.md, features-linux.md.
    """
    annotations = {
        "org.opencontainers.runc.version": version.get("version", ""),
        "org.opencontainers.runc.commit": version.get("commit", ""),
        "org.opencontainers.runc.checkpoint.enabled": "false",
        "io.github.seccomp.libseccomp.version": version.get("libseccomp", ""),
    }
    return {
        "ociVersionMin": spec.OCI_VERSION_MIN,
        "ociVersionMax": spec.OCI_VERSION,
        "hooks": list(spec.HOOKS),
        "mountOptions": sorted(
            {*mounts.MOUNT_OPTIONS, *mounts.RECURSIVE_OPTIONS, *mounts.PROPAGATION,
             *mounts.SPECIAL_OPTIONS}),
        "linux": _linux(),
        "annotations": {name: value for name, value in annotations.items() if value},
        "potentiallyUnsafeConfigAnnotations": ["bundle", "org.systemd.property."],
    }


def _linux() -> dict[str, Any]:
    return {
        "namespaces": sorted(namespaces.NAMESPACES),
        "capabilities": list(capabilities.CAPABILITIES),
        "cgroup": {"v1": True, "v2": True, "systemd": True, "systemdUser": True, "rdma": True},
        "seccomp": {
            "enabled": True,
            "actions": sorted(seccomp.ACTIONS),
            "operators": sorted(seccomp.OPERATORS),
            "archs": sorted(seccomp.ARCHITECTURES),
            "knownFlags": sorted(seccomp.FLAGS),
            "supportedFlags": sorted(seccomp.FLAGS),
        },
        "apparmor": {"enabled": True},
        "selinux": {"enabled": True},
        "intelRdt": {"enabled": True, "schemata": True, "monitoring": True},
        "memoryPolicy": {
            "modes": sorted(process.MEMPOLICY_MODES),
            "flags": sorted(process.MEMPOLICY_FLAGS),
        },
        "mountExtensions": {"idmap": {"enabled": True}},
        "netDevices": {"enabled": True},
    }
