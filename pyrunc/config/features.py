# SPDX-License-Identifier: Apache-2.0
"""The features document, made from the very tables that the parser uses (FEA-0 to FEA-14)."""

from __future__ import annotations

from pyrunc import __version__
from pyrunc.tables.capabilities import CAPABILITIES
from pyrunc.tables.mounts import MOUNT_OPTIONS, PROPAGATION, RECURSIVE_OPTIONS, SPECIAL_OPTIONS
from pyrunc.tables.namespaces import NAMESPACES
from pyrunc.tables.process import MEMPOLICY_FLAGS, MEMPOLICY_MODES
from pyrunc.tables.seccomp import ACTIONS, ARCHITECTURES, FLAGS, OPERATORS
from pyrunc.tables.spec import HOOKS, OCI_VERSION, OCI_VERSION_MIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.config.types import Json

# FEA-12, FEA-9 and the like: what is wired. Whoever wires one turns it on here (D12).
CGROUP = {"v1": True, "v2": True, "systemd": True, "systemdUser": True, "rdma": True}
APPARMOR = True
SELINUX = True
INTEL_RDT = False
INTEL_RDT_SCHEMATA = False
INTEL_RDT_MONITORING = False
IDMAP = True
NET_DEVICES = True

# FEA-5: annotations that change what is done; a trailing dot is a prefix.
UNSAFE_ANNOTATIONS = ("bundle", "org.systemd.property.", "org.criu.config")


def features(*, seccomp_architectures: tuple[str, ...] | None = None,
             annotations: dict[str, str] | None = None) -> Json:
    """The features document.

    Its content is fixed at build time and does not depend on the host (FEA-0).
    `seccomp_architectures` are those the filter compiler can make, all known ones by default;
    none at all means that seccomp is not built in. `annotations` are added to ours.
    """
    archs = tuple(ARCHITECTURES) if seccomp_architectures is None else seccomp_architectures
    options = (*MOUNT_OPTIONS, *RECURSIVE_OPTIONS, *PROPAGATION, *SPECIAL_OPTIONS)
    return {
        "ociVersionMin": OCI_VERSION_MIN,
        "ociVersionMax": OCI_VERSION,
        "hooks": list(HOOKS),
        "mountOptions": sorted(options),
        "linux": {
            "namespaces": sorted(NAMESPACES),
            "capabilities": list(CAPABILITIES),
            "cgroup": dict(CGROUP),
            "seccomp": _seccomp(archs),
            "apparmor": {"enabled": APPARMOR},
            "selinux": {"enabled": SELINUX},
            "intelRdt": {"enabled": INTEL_RDT, "schemata": INTEL_RDT_SCHEMATA,
                         "monitoring": INTEL_RDT_MONITORING},
            "memoryPolicy": {"modes": list(MEMPOLICY_MODES), "flags": list(MEMPOLICY_FLAGS)},
            "mountExtensions": {"idmap": {"enabled": IDMAP}},
            "netDevices": {"enabled": NET_DEVICES},
        },
        "annotations": {
            "org.opencontainers.runc.version": __version__,
            "org.opencontainers.runc.checkpoint.enabled": "false",
            **(annotations or {}),
        },
        "potentiallyUnsafeConfigAnnotations": list(UNSAFE_ANNOTATIONS),
    }


def _seccomp(archs: tuple[str, ...]) -> Json:
    if not archs:
        return {"enabled": False}
    return {
        "enabled": True,
        "actions": list(ACTIONS),
        "operators": list(OPERATORS),
        "archs": list(archs),
        "knownFlags": list(FLAGS),
        "supportedFlags": list(FLAGS),
    }
