# SPDX-License-Identifier: Apache-2.0
"""features: the document engines read before they use a runtime."""

from __future__ import annotations

from typing import Any

import pytest

from .harness import Container, Runtime, departs


@pytest.fixture
def document(runtime: Runtime) -> dict[str, Any]:
    """The features document, read with stdout and stderr as one."""
    got: dict[str, Any] = runtime("features", root=False).json()
    return got


def test_form(runtime: Runtime) -> None:
    """FEA-0: indented by four spaces."""
    assert runtime("features", root=False).out.startswith('{\n    "ociVersionMin"')


def test_versions(document: dict[str, Any]) -> None:
    """FEA-1: the oldest and the newest version of the standard."""
    assert document["ociVersionMin"] == "1.0.0"
    assert document["ociVersionMax"].startswith("1.")


@departs("runc", "1.1 says 1.0.2-dev")
def test_newest_version(document: dict[str, Any]) -> None:
    """FEA-1: the newest version is 1.3.0."""
    assert document["ociVersionMax"] == "1.3.0"


@pytest.mark.parametrize("member", ["ociVersionMin", "ociVersionMax"])
def test_versions_are_accepted(container: Container, document: dict[str, Any], member: str) -> None:
    """VER-4, FEA-1: both versions are accepted as ociVersion."""
    container.bundle.config["ociVersion"] = document[member]
    container.bundle.args("/bin/true")
    assert container.finish() == (0, "")


def test_hooks(document: dict[str, Any]) -> None:
    """FEA-2: the six hooks in the order they run."""
    assert document["hooks"] == [
        "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
    ]  # fmt: skip


def test_namespaces(document: dict[str, Any]) -> None:
    """FEA-6: containerd wants "user" for user-namespaced pods; the other six go with it."""
    wanted = {"cgroup", "ipc", "mount", "network", "pid", "user", "uts"}
    assert wanted <= set(document["linux"]["namespaces"])


@departs("runc", "1.1 has no time namespaces")
def test_time_namespace(document: dict[str, Any]) -> None:
    """FEA-6: the time namespace is there."""
    assert "time" in document["linux"]["namespaces"]


def test_capabilities(document: dict[str, Any]) -> None:
    """FEA-6, CAP-4: the 41 capabilities of capabilities(7)."""
    names = document["linux"]["capabilities"]
    assert len(set(names)) == len(names) == 41
    assert {"CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"} <= set(names)


def test_mount_options(document: dict[str, Any]) -> None:
    """FEA-3: options CRI looks for (rro) and the usual ones; no filesystem's own."""
    options = set(document["mountOptions"])
    assert {"rro", "rbind", "ro", "nosuid", "rprivate", "strictatime"} <= options
    assert not options & {"size", "mode", "uid", "gid", "hidepid"}


def test_cgroup(document: dict[str, Any]) -> None:
    """FEA-7: v1 and v2 are served."""
    cgroup = document["linux"]["cgroup"]
    assert (cgroup["v1"], cgroup["v2"]) == (True, True)


def test_seccomp(document: dict[str, Any]) -> None:
    """FEA-8: seccomp is enabled, with actions, operators and this machine's architecture."""
    seccomp = document["linux"]["seccomp"]
    assert seccomp["enabled"] is True
    assert {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS"} <= set(seccomp["actions"])
    assert {"SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"} <= set(seccomp["operators"])
    assert "SCMP_ARCH_X86_64" in seccomp["archs"]


@departs("runc", "1.1 is older than mountExtensions")
def test_idmap(document: dict[str, Any]) -> None:
    """FEA-11: idmapped mounts are declared, which CRI asks for."""
    assert document["linux"]["mountExtensions"]["idmap"]["enabled"] is True


def test_annotations(document: dict[str, Any]) -> None:
    """FEA-4: annotations map strings to strings and name the libseccomp in use."""
    annotations = document["annotations"]
    assert all(isinstance(value, str) for value in annotations.values())
    assert annotations["io.github.seccomp.libseccomp.version"].startswith("2.")


def test_is_constant(runtime: Runtime) -> None:
    """FEA-0: the document does not depend on the environment or the cwd."""
    first = runtime("features", root=False).out
    assert runtime("features", root=False, env={}, cwd="/tmp").out == first
