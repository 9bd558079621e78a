# SPDX-License-Identifier: Apache-2.0
"""spec: the config it writes is the usual one, and it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .harness import Container, Runtime, cgroupfs, needs
from .harness.bundle import make_rootfs
from .harness.probes import user_namespaces


@pytest.fixture
def place(home: Path) -> Path:
    """An empty directory for the config."""
    (home / "spec").mkdir()
    return home / "spec"


@pytest.fixture
def spec(runtime: Runtime, place: Path) -> dict[str, Any]:
    """The default config."""
    return written(runtime, place)


def written(runtime: Runtime, place: Path, *flags: str) -> dict[str, Any]:
    """Run spec in `place` and read what it wrote."""
    runtime("spec", *flags, root=False, cwd=place)
    config: dict[str, Any] = json.loads((place / "config.json").read_text())
    return config


def test_process(spec: dict[str, Any]) -> None:
    """PRC-4, PRC-6: a shell on a terminal, in /, as root, without new privileges."""
    process = spec["process"]
    assert process["terminal"] is True
    assert process["args"] == ["sh"]
    assert process["cwd"] == "/"
    assert process["user"] == {"uid": 0, "gid": 0}
    assert process["noNewPrivileges"] is True
    assert process["env"][0].startswith("PATH=/usr/local/sbin:")
    assert process["env"][1] == "TERM=xterm"


def test_capabilities(spec: dict[str, Any]) -> None:
    """CAP-2: three capabilities, and none of them inheritable."""
    wanted = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
    sets = spec["process"]["capabilities"]
    assert [sets[name] for name in ("bounding", "effective", "permitted")] == [wanted] * 3
    assert not sets.get("inheritable")


def test_rlimit(spec: dict[str, Any]) -> None:
    """RLM-1: 1024 open files."""
    assert spec["process"]["rlimits"] == [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}]


def test_root_and_name(spec: dict[str, Any], runtime: Runtime) -> None:
    """ROOT-3: a read-only "rootfs", and the runtime's own name as the hostname."""
    assert spec["root"] == {"path": "rootfs", "readonly": True}
    assert spec["hostname"] == runtime.name
    assert spec["ociVersion"].startswith("1.")


def test_mounts(spec: dict[str, Any]) -> None:
    """DFS-1: the seven usual mounts in their order."""
    assert [entry["destination"] for entry in spec["mounts"]] == [
        "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup",
    ]  # fmt: skip


def test_namespaces(spec: dict[str, Any]) -> None:
    """NS-1: pid, network, ipc, uts, mount; cgroup too where cgroups are v2 only."""
    types = {entry["type"] for entry in spec["linux"]["namespaces"]}
    more = {"cgroup"} if cgroupfs.layout() == "v2" else set()
    assert types == {"pid", "network", "ipc", "uts", "mount"} | more


def test_paths(spec: dict[str, Any]) -> None:
    """MSK-1, RDO-1: the sensitive files of /proc are masked or read-only."""
    assert {"/proc/kcore", "/proc/keys", "/sys/firmware"} <= set(spec["linux"]["maskedPaths"])
    assert set(spec["linux"]["readonlyPaths"]) == {
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    }  # fmt: skip


def test_devices(spec: dict[str, Any]) -> None:
    """CGD-1: all devices are denied but what the runtime adds."""
    assert spec["linux"]["resources"]["devices"] == [{"allow": False, "access": "rwm"}]


def test_form(runtime: Runtime, place: Path) -> None:
    """BND-1: the file is indented by tabs."""
    written(runtime, place)
    assert (place / "config.json").read_text().startswith('{\n\t"ociVersion"')


def test_existing(runtime: Runtime, place: Path) -> None:
    """BND-1: a config that exists is not overwritten."""
    (place / "config.json").write_text("mine")
    message = runtime.fails("spec", root=False, cwd=place)
    assert message == "File config.json exists. Remove it first"
    assert (place / "config.json").read_text() == "mine"


@pytest.mark.parametrize("flag", ["--bundle", "-b"])
def test_bundle(runtime: Runtime, place: Path, flag: str) -> None:
    """BND-1: --bundle names the directory."""
    runtime("spec", flag, str(place), root=False)
    assert (place / "config.json").exists()


def test_silence(runtime: Runtime, place: Path) -> None:
    """OPS-0: spec prints nothing."""
    assert runtime("spec", root=False, cwd=place).out == ""


def test_rootless(runtime: Runtime, place: Path) -> None:
    """UMP-1: --rootless has a user namespace with one id each way, no network namespace."""
    linux = written(runtime, place, "--rootless")["linux"]
    types = {entry["type"] for entry in linux["namespaces"]}
    assert "user" in types
    assert "network" not in types
    assert linux["uidMappings"] == [{"containerID": 0, "hostID": 0, "size": 1}]
    assert linux["gidMappings"] == [{"containerID": 0, "hostID": 0, "size": 1}]
    assert "resources" not in linux


def test_rootless_mounts(runtime: Runtime, place: Path) -> None:
    """UMP-1: --rootless binds /sys read-only and mounts with no uid= or gid=."""
    mounts = written(runtime, place, "--rootless")["mounts"]
    [sys] = [entry for entry in mounts if entry["destination"] == "/sys"]
    assert "rbind" in sys["options"] and "ro" in sys["options"]
    options = [option for entry in mounts for option in entry.get("options", [])]
    assert [option for option in options if option.startswith(("uid=", "gid="))] == []


def run_it(container: Container, config: dict[str, Any], witness: Path, home: Path) -> str:
    """Run a written config with `echo` for the shell and a rootfs beside it; return the output."""
    make_rootfs(home / "spec/rootfs", witness)
    config["process"].update(terminal=False, args=["echo", "hello"])
    config["process"]["rlimits"] = []
    config["linux"]["cgroupsPath"] = container.bundle.linux["cgroupsPath"]
    (home / "spec/config.json").write_text(json.dumps(config))
    return container.runtime("run", "-b", str(home / "spec"), container.id).out


def test_runs(container: Container, spec: dict[str, Any], witness: Path, home: Path) -> None:
    """BND-1: the default config makes a container that works."""
    assert run_it(container, spec, witness, home) == "hello\n"


@needs(user_namespaces)
def test_rootless_runs(container: Container, place: Path, witness: Path, home: Path) -> None:
    """UMP-1: the rootless config makes a container that works."""
    config = written(container.runtime, place, "--rootless")
    assert run_it(container, config, witness, home) == "hello\n"
