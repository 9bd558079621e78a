# SPDX-License-Identifier: Apache-2.0
"""The two marks of the suite: what a test needs of the host, and which runtime departs from the
standard.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from . import enosys

Probe = Callable[[], "str | None"]

# Probes that may say no even under PYRUNC_MUST_WORK=1: the name of the probe and why.
MAY_BE_MISSING = {
    "raises_limits": "CAP_SYS_RESOURCE is withheld on some build machines",
    "real_time_groups": "depends on the kernel's CONFIG_RT_GROUP_SCHED",
    "cgroupfs_driver": "the runtime under test may be told to use systemd",
    "hybrid_cgroups": "a host has one cgroup layout of the three",
    "pure_v1_cgroups": "a host has one cgroup layout of the three",
    "rationed_real_time": "depends on the kernel's CONFIG_RT_GROUP_SCHED, and v2 has none",
    "huge_page_limits": "few v1 hosts mount the hugetlb controller",
    "io_weights": "depends on the kernel's CONFIG_BFQ_GROUP_IOSCHED or CONFIG_BLK_CGROUP_IOCOST",
    "io_throttles": "depends on the kernel's CONFIG_BLK_DEV_THROTTLING",
    "files_on_disk": "a host may have its /tmp on a tmpfs",
    "v1_cgroups": "a host has one cgroup layout of the three",
    "v2_cgroups": "a host has one cgroup layout of the three",
}


def needs(*probes: Probe) -> pytest.MarkDecorator:
    """Skip the test, with the failing call as the reason, unless each probe returns None."""
    return pytest.mark.needs.with_args(*probes)


def departs(name: str, why: str) -> pytest.MarkDecorator:
    """Skip the test for the runtime called `name` only, which is known to do something else."""
    return pytest.mark.departs.with_args(name, why)


def require(probe: Probe) -> None:
    """Skip when the probe says no; fail instead where PYRUNC_MUST_WORK=1, unless the lack is a
    known one or PYRUNC_ENOSYS may have made it.
    """
    reason = probe()
    if not reason:
        return
    known = getattr(probe, "__name__", "") in MAY_BE_MISSING or enosys.groups()
    if os.environ.get("PYRUNC_MUST_WORK") == "1" and not known:
        pytest.fail(f"this machine must be able to: {reason}", pytrace=False)
    pytest.skip(reason)
