# SPDX-License-Identifier: Apache-2.0
"""update: every flag, in the files of the container's own cgroup."""

from __future__ import annotations

import json

import pytest

from .harness import Container, departs, needs, probes
from .harness.limits import (
    MIB,
    controllers,
    directory,
    everything,
    has_file,
    io_weights,
    limited,
    on_v1,
    rationed_real_time,
    resources,
    sent,
    update,
    value,
)


@pytest.fixture
def up(container: Container) -> Container:
    """A running container with limits on memory, cpu and pids."""
    return limited(container).up()


# flags, controller, file and value on v1, file and value on v2
FLAGS = [
    (["--memory", "96m"], "memory",
     "memory.limit_in_bytes", str(96 * MIB), "memory.max", str(96 * MIB)),
    (["--memory", str(96 * MIB)], "memory",
     "memory.limit_in_bytes", str(96 * MIB), "memory.max", str(96 * MIB)),
    (["--memory", "32m"], "memory",
     "memory.limit_in_bytes", str(32 * MIB), "memory.max", str(32 * MIB)),
    (["--memory-reservation", "24m"], "memory",
     "memory.soft_limit_in_bytes", str(24 * MIB), "memory.low", str(24 * MIB)),
    (["--memory-swap", "160m"], "memory",
     "memory.memsw.limit_in_bytes", str(160 * MIB), "memory.swap.max", str(96 * MIB)),
    (["--cpu-quota", "20000"], "cpu",
     "cpu.cfs_quota_us", "20000", "cpu.max", "20000 100000"),
    (["--cpu-quota", "-1"], "cpu",
     "cpu.cfs_quota_us", "-1", "cpu.max", "max 100000"),
    (["--cpu-period", "80000"], "cpu",
     "cpu.cfs_period_us", "80000", "cpu.max", "50000 80000"),
    (["--cpu-share", "512"], "cpu", "cpu.shares", "512", "cpu.weight", "59"),
    (["--cpuset-cpus", "0"], "cpuset", "cpuset.cpus", "0", "cpuset.cpus", "0"),
    (["--cpuset-mems", "0"], "cpuset", "cpuset.mems", "0", "cpuset.mems", "0"),
    (["--pids-limit", "30"], "pids", "pids.max", "30", "pids.max", "30"),
    (["--pids-limit", "-1"], "pids", "pids.max", "max", "pids.max", "max"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "controller", "v1", "on1", "v2", "on2"), FLAGS, ids=lambda x: str(x)[:24]
)
def test_flag(
    up: Container, request: pytest.FixtureRequest,
    flags: list[str], controller: str, v1: str, on1: str, v2: str, on2: str,
) -> None:  # fmt: skip
    """MEM-1..3, CPU-1..3, CPU-6, PID-1, PID-2: the flag's value is in the cgroup of the running
    container."""
    lack = has_file(controller, v1, v2)
    if lack:
        pytest.skip(lack)
    if flags[0] == "--cpu-share" and not on_v1("cpu") and up.runtime.name == "runc":
        pytest.skip("runc departs: 1.1 has the older formula of shares")
    update(up, *flags)
    assert value(up, controller, v1, v2) == (on1 if on_v1(controller) else on2)


@controllers("cpu")
@departs("runc", "1.1 has no --cpu-burst")
def test_cpu_burst(up: Container) -> None:
    """CPU-4: --cpu-burst, and back to none."""
    for amount in ("10000", "0"):
        update(up, "--cpu-burst", amount)
        assert value(up, "cpu", "cpu.cfs_burst_us", "cpu.max.burst") == amount


@controllers("cpu")
@departs("runc", "1.1 writes it too late for the shares")
def test_cpu_idle(up: Container) -> None:
    """CPU-7: --cpu-idle 1 makes the cgroup idle, whatever its shares; 0 ends that."""
    for amount in ("1", "0"):
        update(up, "--cpu-idle", amount)
        assert value(up, "cpu", "cpu.idle", "cpu.idle") == amount


@needs(rationed_real_time)
def test_realtime(container: Container, mark: str) -> None:
    """CPU-5: --cpu-rt-period and --cpu-rt-runtime, in the order that the kernel takes."""
    container.bundle.linux["cgroupsPath"] = f"/{mark}-rt"  # whose parent has time to give
    container.up()
    update(container, "--cpu-rt-period", "500000", "--cpu-rt-runtime", "2000")
    assert value(container, "cpu", "cpu.rt_period_us", "") == "500000"
    assert value(container, "cpu", "cpu.rt_runtime_us", "") == "2000"


def _weight(container: Container) -> str:
    """The block I/O weight, of whichever scheduler the kernel has."""
    where = directory(container, "blkio" if on_v1("blkio") else "io")
    files = ("blkio.weight", "blkio.bfq.weight", "io.bfq.weight", "io.weight")
    return next((where / name).read_text().split()[-1] for name in files if (where / name).exists())


@needs(io_weights)
def test_blkio_weight(up: Container) -> None:
    """BIO-1: --blkio-weight."""
    update(up, "--blkio-weight", "500")
    assert _weight(up) in ("500", "4950")  # io.weight has the converted number


@controllers("memory", "cpu", "pids")
def test_flags_together(up: Container) -> None:
    """MEM-1, CPU-1, PID-1: several flags at once."""
    update(up, "--memory", "80m", "--cpu-quota", "30000", "--pids-limit", "20")
    assert value(up, "memory", "memory.limit_in_bytes", "memory.max") == str(80 * MIB)
    assert value(up, "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] == "30000"
    assert value(up, "pids", "pids.max", "pids.max") == "20"


@controllers("cpu")
def test_updates_add_up(up: Container) -> None:
    """CPU-2, CPU-3: an update starts from what the one before has set."""
    update(up, "--cpu-period", "40000")
    update(up, "--cpu-quota", "20000")
    update(up, "--cpu-period", "200000")
    files = ("cpu.cfs_quota_us", "cpu.cfs_period_us") if on_v1("cpu") else ("cpu.max",)
    found = [(directory(up, "cpu") / name).read_text() for name in files]
    assert " ".join(found).split() == ["20000", "200000"]


@controllers("pids")
@needs(probes.cgroupfs_driver)  # systemd writes all that it knows of a unit again
def test_the_rest_stays(up: Container) -> None:
    """CGP-5: what an update does not name is left as it is, even where another has changed it."""
    (directory(up, "pids") / "pids.max").write_text("41")
    update(up, "--memory", "96m")
    assert value(up, "pids", "pids.max", "pids.max") == "41"


@controllers("memory")
def test_unlimited_memory(container: Container) -> None:
    """MEM-1, MEM-3: --memory -1 lifts the limit of memory and swap too."""
    resources(container, memory={"limit": 64 * MIB, "swap": 128 * MIB}).up()
    update(container, "--memory", "-1")
    unlimited = ("max", str(2**63 - 4096))
    assert value(container, "memory", "memory.limit_in_bytes", "memory.max") in unlimited
    if not has_file("memory", "memory.memsw.limit_in_bytes", "memory.swap.max"):
        found = value(container, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max")
        assert found in unlimited


@controllers("memory")
@pytest.mark.parametrize(("limit", "both"), [(256, 512), (16, 32), (128, 128)])
def test_memory_and_swap_in_any_direction(container: Container, limit: int, both: int) -> None:
    """MEM-11: limit and swap move up and down together, in whatever order the kernel wants."""
    resources(container, memory={"limit": 64 * MIB, "swap": 128 * MIB}).up()
    update(container, "--memory", f"{limit}m", "--memory-swap", f"{both}m")
    assert value(container, "memory", "memory.limit_in_bytes", "memory.max") == str(limit * MIB)
    swap = value(container, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max")
    assert int(swap) == (both if on_v1("memory") else both - limit) * MIB


@controllers("memory")
def test_limit_alone_keeps_the_sum(container: Container) -> None:
    """MEM-3: swap is memory plus swap, so a new limit alone leaves the sum of both as it was."""
    resources(container, memory={"limit": 64 * MIB, "swap": 128 * MIB}).up()
    update(container, "--memory", "96m")
    swap = value(container, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max")
    assert int(swap) == (128 if on_v1("memory") else 32) * MIB


@pytest.mark.parametrize("flag", ["-r", "--resources"])
@controllers("memory", "pids")
def test_file(up: Container, flag: str) -> None:
    """MEM-1, PID-1: resources from a file; then the flags beside it do not count."""
    path = up.runtime.home / "resources.json"
    path.write_text(json.dumps({"memory": {"limit": 72 * MIB}, "pids": {"limit": 33}}))
    update(up, flag, str(path), "--memory", "99m")
    assert value(up, "memory", "memory.limit_in_bytes", "memory.max") == str(72 * MIB)
    assert value(up, "pids", "pids.max", "pids.max") == "33"


@controllers("memory", "cpu", "pids")
@departs("runc", "1.1 crashes when pids is null")
def test_standard_input(up: Container) -> None:
    """MEM-1, CPU-1, JSN-1: resources on standard input, with the nulls that engines write."""
    sent(up, {
        "memory": {"limit": 72 * MIB, "swap": None, "checkBeforeUpdate": None},
        "cpu": {"shares": 2048, "quota": 0, "period": 0, "cpus": ""},
        "pids": None, "devices": None,
    })  # fmt: skip
    assert value(up, "memory", "memory.limit_in_bytes", "memory.max") == str(72 * MIB)
    assert value(up, "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] == "50000"
    assert value(up, "pids", "pids.max", "pids.max") == "50"


@controllers("pids")
@departs("runc", "1.1 takes 0 for no limit")
def test_pids_zero(up: Container) -> None:
    """PID-3: 0 is a limit; a running container can start no further process."""
    sent(up, {"pids": {"limit": 0}})
    assert value(up, "pids", "pids.max", "pids.max") in ("0", "1")


# -- states ----------------------------------------------------------------------------------


@controllers("memory")
def test_created(container: Container) -> None:
    """MEM-1: a created container can be updated; the program starts with the new limit."""
    limited(container).create()
    update(container, "--memory", "96m")
    container.start()
    assert value(container, "memory", "memory.limit_in_bytes", "memory.max") == str(96 * MIB)


@needs(probes.freezer)
@controllers("memory")
def test_paused(up: Container) -> None:
    """MEM-1: a paused container can be updated, and is paused afterwards."""
    up.runtime("pause", up.id)
    update(up, "--memory", "96m")
    assert up.status == "paused"
    assert value(up, "memory", "memory.limit_in_bytes", "memory.max") == str(96 * MIB)


def test_stopped(container: Container) -> None:
    """OPS-0: a stopped container cannot be updated."""
    container.bundle.args("/bin/true")
    container.up()
    container.wait()
    message = container.runtime.fails("update", "--memory", "96m", container.id)
    assert message == "container not running"


def test_unknown(container: Container) -> None:
    """OPS-0: a container that is not there cannot be updated."""
    message = container.runtime.fails("update", "--memory", "96m", "nobody")
    assert message == "container does not exist"


@controllers("memory")
def test_not_the_bundle(up: Container) -> None:
    """VAL-4: update goes by the container, not by the config.json that lies in the bundle now."""
    (up.bundle.path / "config.json").write_text("{")
    update(up, "--memory", "96m")
    assert value(up, "memory", "memory.limit_in_bytes", "memory.max") == str(96 * MIB)


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flags",
    [
        ["--memory", "lots"], ["--memory", "1.5x"], ["--cpu-quota", "many"],
        ["--pids-limit", "1.5"], ["--nothing-like-it", "5"], ["--memory"],
        ["-r", "/nothing/like/it"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_bad_flag(up: Container, flags: list[str]) -> None:
    """VAL-1: a flag that cannot be read is an error without effect."""
    before = everything(up)
    result = up.runtime.run("update", up.id, *flags)
    assert result.code == 1 and result.err
    assert everything(up) == before


@departs("runc", "1.1 takes some, and words the others otherwise")
@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--memory", "-7"], "--memory"),
        (["--cpu-quota", "-7"], "cpu.quota"),
        (["--cpu-idle", "2"], "cpu.idle"),
        (["--cpuset-cpus", "zz"], "cpu.cpus"),
        (["--pids-limit", "-7"], "pids.limit"),
        (["--blkio-weight", "5"], "blockIO.weight"),
        (["--memory", "64m", "--memory-swap", "32m"], "memory.swap"),
        (["--cpu-quota", "1000", "--cpu-burst", "2000"], "cpu.burst"),
    ],
    ids=str,
)
def test_value_that_cannot_be(up: Container, flags: list[str], named: str) -> None:
    """VAL-1: a value that cannot be is named, and nothing is changed."""
    before = everything(up)
    assert named in up.runtime.fails("update", *flags, up.id)
    assert everything(up) == before


@pytest.mark.parametrize("text", ["", "[]", "{", '{"memory": 5}', '{"pids": {"limit": "x"}}'])
def test_bad_resources(up: Container, text: str) -> None:
    """VAL-1: resources that are none are refused without effect."""
    before = everything(up)
    result = up.runtime.run("update", "-r", "-", up.id, stdin=text)
    assert result.code == 1 and len(result.err.splitlines()) == 1
    assert everything(up) == before


@controllers("memory", "cpu", "pids", "cpuset")
@departs("runc", "1.1 leaves what came before the refused value")
def test_all_or_nothing(up: Container) -> None:
    """ERR-1: when the kernel refuses one value (a CPU that is not there) all are as before, and
    the next update works."""
    before = everything(up)
    message = up.runtime.fails(
        "update", "--memory", "96m", "--pids-limit", "7", "--cpuset-cpus", "4000", up.id
    )
    assert "linux.resources.cpu.cpus: write 4000 to cpuset.cpus" in message
    assert everything(up) == before
    update(up, "--pids-limit", "8")
    assert everything(up) == {**before, "pids": "8"}


@controllers("pids")
@departs("runc", "1.1 words it otherwise")
def test_refused_limit(up: Container) -> None:
    """ERR-1: the error names the member, the value, the file and the reason."""
    message = up.runtime.fails("update", "--pids-limit", str(2**62), up.id)
    where = f"write {2**62} to pids.max of cgroup {directory(up, 'pids')}"
    assert message == f"linux.resources.pids.limit: {where}: invalid argument"


@controllers("memory")
@departs("runc", "1.1 adds a warning: it cannot set back what was not changed")
def test_below_what_is_used(container: Container) -> None:
    """MEM-8: with checkBeforeUpdate a limit below what is used is an error, and nobody is killed
    (on v1 the kernel refuses such a limit by itself)."""
    resources(container, memory={"limit": 96 * MIB})
    container.bundle.sh("inside alloc 1; x=$(head -c 40000000 /dev/zero | tr '\\0' x); echo up;"
                        " while :; do sleep 1; done")
    container.up()
    container.says("up")
    changes = {"memory": {"limit": 8 * MIB, "checkBeforeUpdate": True}}
    result = container.runtime.run("update", "-r", "-", container.id, stdin=json.dumps(changes))
    assert result.code == 1 and len(result.err.splitlines()) == 1
    assert value(container, "memory", "memory.limit_in_bytes", "memory.max") == str(96 * MIB)
    assert container.status == "running"
