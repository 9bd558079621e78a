# SPDX-License-Identifier: Apache-2.0
"""Memory, cpu and pids limits: written to the container's own cgroup, and enforced."""

from __future__ import annotations

import pytest

from .engine import Container, Engine

MIB = 1 << 20


def limit(where: Container | Engine, *options: str, v1: str, v2: str) -> str:
    """Start a container with options and read one of its cgroup files from inside it."""
    script = f"cat /sys/fs/cgroup/{v1} 2>/dev/null || cat /sys/fs/cgroup/{v2}"
    if isinstance(where, Container):
        return where.out("sh", "-c", script)
    return where.run_out(*options, "sh", "-c", script)


def test_memory_limit(engine: Engine, image: str) -> None:
    """MEM-1: --memory is the limit in the container's own memory cgroup."""
    found = limit(engine, "--memory=48m", image, v1="memory/memory.limit_in_bytes",
                  v2="memory.max")
    assert int(found) == 48 * MIB


def test_memory_reservation(engine: Engine) -> None:
    """MEM-2: --memory-reservation is the soft limit."""
    found = limit(engine, "--memory=64m", "--memory-reservation=32m", "busybox:test",
                  v1="memory/memory.soft_limit_in_bytes", v2="memory.low")
    assert int(found) == 32 * MIB


@pytest.mark.parametrize(("option", "v1", "v2", "values"), [
    ("--cpu-shares=512", "cpu/cpu.shares", "cpu.weight", ("512", "20", "59")),
    ("--cpus=0.5", "cpu/cpu.cfs_quota_us", "cpu.max", ("50000", "50000 100000")),
    ("--cpu-period=50000", "cpu/cpu.cfs_period_us", "cpu.max", ("50000", "max 50000")),
    ("--cpuset-cpus=0", "cpuset/cpuset.cpus", "cpuset.cpus", ("0",)),
    ("--pids-limit=33", "pids/pids.max", "pids.max", ("33",)),
])
def test_limit_is_written(engine: Engine, option: str, v1: str, v2: str,
                          values: tuple[str, ...]) -> None:
    """CPU-1, CPU-2, CPU-3, CPU-6, PID-1: each limit is in the container's own cgroup."""
    assert limit(engine, option, "busybox:test", v1=v1, v2=v2) in values


def test_memory_limit_is_enforced(engine: Engine) -> None:
    """MEM-1, MEM-3: a program beyond its limit is killed, status 137; docker says OOMKilled."""
    script = "tail -c 200000000 /dev/zero"
    with engine.create("--memory=32m", "--memory-swap=32m", "busybox:test", "sh", "-c",
                       f"exec {script}") as made:
        engine("start", "-a", made.name, status=137)
        state = made.state()
        assert state["ExitCode"] == 137
        if engine.name == "docker":  # podman does not always see it in time
            assert state["OOMKilled"] is True


def test_pids_limit_is_enforced(engine: Engine) -> None:
    """PID-1: with a limit of 5 the sixth process is refused."""
    script = "for n in 1 2 3 4 5 6 7 8; do sleep 5 & done; wait"
    done = engine.run("--pids-limit=5", "busybox:test", "sh", "-c", script, status=None)
    assert "fork" in done.stderr
    assert done.returncode != 0


def test_container_cgroup_is_its_own(engine: Engine) -> None:
    """CGP-1, CGP-3: each container is in its own cgroup below the parent that was asked for."""
    with engine.start("busybox:test", "sleep", "1000") as made:
        text = engine.sandbox.run(["cat", f"/proc/{made.pid()}/cgroup"]).stdout
        paths = {line.split(":", 2)[2] for line in text.splitlines() if "memory" in line} \
            or {text.strip().split(":", 2)[2]}
        assert len(paths) == 1
        path = paths.pop()
        assert "/pyrunc-engines-" in path
        assert made.id in path


def test_blockio_weight_is_accepted(engine: Engine) -> None:
    """BIO-1: a container with blkio options starts where the kernel lacks the weight file."""
    assert engine.run_out("--blkio-weight=300", "busybox:test", "echo", "ok") == "ok"


def test_oom_score_adj(engine: Engine, image: str) -> None:
    """OOM-1: --oom-score-adj is what the kernel holds for the program."""
    assert engine.run_out("--oom-score-adj=321", image, "cat", "/proc/self/oom_score_adj") == "321"


def test_ulimit(engine: Engine) -> None:
    """RLM-3: --ulimit sets soft and hard limits."""
    options = [each for each in engine.run_options if "ulimit" not in each]
    done = engine("run", "--rm", *options, "--ulimit=nofile=99:111", "--ulimit=core=0:0",
                  "--ulimit=nproc=500:500", "busybox:test", "cat", "/proc/self/limits")
    limits = {line[:26].strip(): line[26:].split()[:2] for line in done.stdout.splitlines()}
    assert limits["Max open files"] == ["99", "111"]
    assert limits["Max core file size"] == ["0", "0"]


def test_stats(engine: Engine) -> None:
    """MEM-1: `stats` reports the container's memory limit and its one process."""
    with engine.start("--memory=64m", "busybox:test", "sleep", "1000") as made:
        line = engine.out("stats", "--no-stream", "--format",
                          "{{.MemUsage}}|{{.PIDs}}", made.name)
        usage, pids = line.split("|")
        assert usage.split("/")[1].strip() in ("64MiB", "67.11MB")
        assert pids == "1"
