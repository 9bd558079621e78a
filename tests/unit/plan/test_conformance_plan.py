# SPDX-License-Identifier: Apache-2.0
"""What the standard leaves to the runtime in plans: further option words, defaults, labels."""

from __future__ import annotations

import pytest

from pyrunc.plan import ops
from pyrunc.plan.options import MountOptions
from pyrunc.tables import mounts

from .conftest import Config, Facts, MakePlan, codes, only, strings_of

# config.md, Linux mount options: the table, written out and not taken from ours.
STANDARD = (
    "async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev "
    "nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow "
    "private ratime rbind rdev rdiratime relatime remount rexec rnoatime rnodiratime rnoexec "
    "rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave "
    "rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow "
    "sync tmpcopyup unbindable idmap ridmap"
).split()
OURS = {
    *mounts.MOUNT_OPTIONS, *mounts.RECURSIVE_OPTIONS, *mounts.PROPAGATION, *mounts.SPECIAL_OPTIONS,
}  # fmt: skip
MOUNT_ATTR_NODEV = 0x4


def test_every_word_of_the_standard_is_known() -> None:
    """OPT-1: all 61 words of the standard's table are in ours."""
    assert len(set(STANDARD)) == 61
    assert set(STANDARD) <= OURS


def test_rnodev_is_the_only_word_of_our_own() -> None:
    """OPT-2: beyond the table there is rnodev, which the features document's list has."""
    assert set(STANDARD) ^ OURS == {"rnodev"}


def test_rnodev_is_nodev_of_the_tree() -> None:
    """OPT-3: rnodev does to the tree what mount(8)'s nodev does to one mount."""
    one, tree = MountOptions(["nodev"]), MountOptions(["rnodev"])
    assert (one.set, one.clear) == (tree.set_all, tree.clear_all) == (MOUNT_ATTR_NODEV, 0)
    assert (tree.set, tree.data) == (0, [])


@pytest.mark.parametrize(
    "word",
    "rsync rasync rdirsync rmand rnomand copy-symlink src-nofollow dest-nofollow idmap=x".split(),
)
def test_words_of_other_runtimes_are_data(word: str) -> None:
    """OPT-6: words that only another runtime has go to the filesystem, which refuses them."""
    options = MountOptions([word])
    assert (options.data, options.set_all, options.clear_all) == ([word], 0, 0)


@pytest.mark.parametrize("word", ["acl", "noacl"])
def test_acl_is_data(word: str) -> None:
    """OPT-7: acl and noacl are the filesystem's."""
    options = MountOptions([word])
    assert (options.data, options.superblock) == ([word], 0)


def test_scheduler_defaults(container_plan: MakePlan, config: Config) -> None:
    """SCH-2: nice, priority, runtime, deadline and period are 0 when absent."""
    config["process"]["scheduler"] = {"policy": "SCHED_OTHER"}
    plan = container_plan()
    op = only(plan, "SCHED")
    assert tuple(op.numbers) == (0, 0, 0)
    data = bytes(plan.encode())
    start = int.from_bytes(data[20:24], "little") + op.strings[0]
    assert data[start : start + 24] == bytes(24)


@pytest.mark.parametrize("file", ["attr/apparmor/exec", "attr/exec"])
def test_apparmor_profile(
    container_plan: MakePlan, config: Config, facts: Facts, file: str
) -> None:
    """AA-1: the profile is written where the host's AppArmor takes what holds from exec on."""
    facts.apparmor_file = file
    config["process"]["apparmorProfile"] = "box"
    plan = container_plan()
    assert strings_of(plan, only(plan, "WRITE_SELF"))[:2] == [file, "exec box"]


@pytest.mark.parametrize("profile", ["", "unconfined"])
def test_no_apparmor_profile(container_plan: MakePlan, config: Config, profile: str) -> None:
    """AA-1: unconfined, or no profile, writes nothing, so it works without AppArmor."""
    config["process"]["apparmorProfile"] = profile
    assert "WRITE_SELF" not in codes(container_plan())


def test_selinux_label(container_plan: MakePlan, config: Config) -> None:
    """SEL-1: the label is written to attr/exec, before the program's user is taken on."""
    config["process"]["selinuxLabel"] = "system_u:system_r:container_t:s0"
    plan = container_plan()
    op = only(plan, "WRITE_SELF")
    assert strings_of(plan, op)[:2] == ["attr/exec", "system_u:system_r:container_t:s0"]
    assert codes(plan).index("WRITE_SELF") < codes(plan).index("USER")


LABEL = "system_u:object_r:container_file_t:s0:c1,c2"


def mount_data(plan: ops.Plan) -> dict[str, list[str]]:
    """The options that each new file system is given, by its type."""
    data = bytes(plan.encode())
    strings = int.from_bytes(data[20:24], "little")
    found = {}
    for op in plan.ops:
        if op.code == "MOUNT":
            words, at = [], strings + op.strings[3]
            for _ in range(op.numbers[4]):
                words.append(data[at : data.index(0, at)].decode())
                at += len(words[-1]) + 1
            found[str(strings_of(plan, op)[0])] = words
    return found


def test_mount_label(container_plan: MakePlan, config: Config) -> None:
    """LBL-1: new file systems get the label as their context, but those that the host shares."""
    config["linux"]["mountLabel"] = LABEL
    config["mounts"] = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/t", "type": "tmpfs", "source": "t", "options": ["size=1k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "p"},
        {"destination": "/q", "type": "mqueue", "source": "q"},
        {"destination": "/own", "type": "ramfs", "source": "r", "options": ["rootcontext=x"]},
    ]
    assert mount_data(container_plan()) == {
        "proc": [],
        "tmpfs": ["size=1k", f"context={LABEL}"],
        "devpts": [f"context={LABEL}"],
        "mqueue": [],
        "ramfs": ["rootcontext=x"],
    }


def test_mount_label_of_message_queues(container_plan: MakePlan, config: Config) -> None:
    """LBL-1: mqueue, one superblock for an ipc namespace, gets it as the label of its root."""
    config["linux"]["mountLabel"] = LABEL
    config["mounts"] = [{"destination": "/q", "type": "mqueue", "source": "q"}]
    plan = container_plan()
    codes = [op.code for op in plan.ops]
    assert codes.index("LABEL") == codes.index("MOUNT") + 1
    assert strings_of(plan, plan.ops[codes.index("LABEL")])[:2] == ["/q", LABEL]


def test_mount_label_of_what_is_masked(container_plan: MakePlan, config: Config) -> None:
    """LBL-1, MSK-1: the empty directory over a masked one has the label."""
    config["linux"]["maskedPaths"] = ["/secret"]
    for label, option in ((LABEL, f"context={LABEL}"), (None, None)):
        if label:
            config["linux"]["mountLabel"] = label
        else:
            config["linux"].pop("mountLabel")
        plan = container_plan()
        (mask,) = (op for op in plan.ops if op.code == "MASK")
        assert strings_of(plan, mask)[1] == option


def test_mount_label_of_the_cgroup_view(
    container_plan: MakePlan, config: Config, facts: Facts
) -> None:
    """LBL-1: the tmpfs that holds the v1 hierarchies has the label, they have none."""
    facts.cgroup_version = 1
    facts.cgroup_mounts = [("pids", ["pids"], "/sys/fs/cgroup/pids/c")]
    config["linux"]["mountLabel"] = LABEL
    config["linux"]["namespaces"] = [{"type": "mount"}, {"type": "cgroup"}]
    config["mounts"] = [{"destination": "/c", "type": "cgroup", "source": "c"}]
    assert mount_data(container_plan()) == {
        "tmpfs": ["mode=755", f"context={LABEL}"],
        "cgroup": ["pids"],
    }


@pytest.mark.parametrize("key", ["context", "rootcontext"])
def test_quoted_label(container_plan: MakePlan, config: Config, key: str) -> None:
    """LBL-1, OPT-4: the quotes that mount(8) wants around commas are not the label's."""
    config["mounts"] = [
        {"destination": "/t", "type": "tmpfs", "options": [f'{key}="{LABEL}"', 'x="y"']}
    ]
    assert mount_data(container_plan()) == {"tmpfs": [f"{key}={LABEL}", 'x="y"']}


def test_mount_label_and_binds(container_plan: MakePlan, config: Config) -> None:
    """LBL-1: a bind mount keeps the labels of its files."""
    config["linux"]["mountLabel"] = LABEL
    config["mounts"] = [{"destination": "/b", "source": "/srv", "options": ["bind"]}]
    assert LABEL.encode() not in bytes(container_plan().encode())
