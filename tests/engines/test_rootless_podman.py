# SPDX-License-Identifier: Apache-2.0
"""podman of an unprivileged user: the runtime works inside podman's user namespace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .daemons import may_raise_limits
from .engine import Podman
from .sandbox import Sandbox, wait_until

UID, FIRST, COUNT = 65534, 100000, 65536
PLACE = "/run/nobody"  # on the sandbox's tmpfs, whose way down everybody may go
IMAGE = "busybox:rootless"
# The user owns nothing outside PLACE; /etc/subuid is the sandbox's own.
PREPARE = f"""set -e
mkdir -p {PLACE}/run {PLACE}/tmp {PLACE}/.config/containers
cd {PLACE}
cp "$1" busybox.tar
echo 'nobody:{FIRST}:{COUNT}' > /run/subids
mount --bind /run/subids /etc/subuid
mount --bind /run/subids /etc/subgid
echo '{{"default": [{{"type": "insecureAcceptAnything"}}]}}' > .config/containers/policy.json
printf '[storage]\\ndriver = "vfs"\\n' > storage.conf
printf '[engine]\\ncgroup_manager = "cgroupfs"\\nevents_logger = "file"\\n' > containers.conf
printf '[containers]\\nlog_driver = "k8s-file"\\n' >> containers.conf
chown -R {UID}:{UID} {PLACE}
chmod 700 run
"""


@pytest.fixture(scope="module")
def podman(sandbox: Sandbox, runtime: str, tars: dict[str, Path]) -> Iterator[Podman]:
    """podman as nobody, with subordinate ids and busybox's image."""
    sandbox.run(["sh", "-c", PREPARE, "sh", str(tars["busybox"])])
    drop = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--"]
    env = {"HOME": PLACE, "TMPDIR": f"{PLACE}/tmp", "XDG_RUNTIME_DIR": f"{PLACE}/run",
           "CONTAINERS_CONF": f"{PLACE}/containers.conf",
           "CONTAINERS_STORAGE_CONF": f"{PLACE}/storage.conf"}
    limits = [] if may_raise_limits() else ["--ulimit=host"]
    engine = Podman(sandbox, [*drop, "podman", "--log-level", "error", "--runtime", runtime],
                    run_options=[*limits, "--network=none"], env=env)
    engine("import", f"{PLACE}/busybox.tar", IMAGE, timeout=120)
    yield engine
    engine("rm", "-af", "-t", "0", status=None)
    # A namespace of podman's own stays behind its last command.
    engine("system", "migrate", status=None)


def test_run(podman: Podman) -> None:
    """UMP-2: the container is root of the user namespace that podman made."""
    words = podman.run_out(IMAGE, "cat", "/proc/self/uid_map").split()
    assert words == ["0", str(UID), "1", "1", str(FIRST), str(COUNT)]


def test_user(podman: Podman) -> None:
    """USR-1: -u runs as that user, with groups of the image."""
    assert podman.run_out("-u", "app", IMAGE, "id").split()[0] == "uid=1000(app)"


def test_keep_id(podman: Podman) -> None:
    """UMP-2: --userns=keep-id gives the user their own number, in a user namespace below."""
    assert podman.run_out("--userns=keep-id", IMAGE, "id", "-u") == str(UID)


def test_devices(podman: Podman) -> None:
    """DEV-8: the default devices work."""
    assert podman.run_out(IMAGE, "sh", "-c", "echo > /dev/null; head -c 3 /dev/zero | wc -c") == "3"


def test_volume(podman: Podman, sandbox: Sandbox) -> None:
    """What is written through -v belongs to the user."""
    place = f"{PLACE}/volume"
    sandbox.run(["install", "-d", "-o", str(UID), place])
    podman.run("-v", f"{place}:/v", IMAGE, "sh", "-c", "echo mine > /v/file")
    assert sandbox.run(["stat", "-c", "%u", f"{place}/file"]).stdout.split() == [str(UID)]


def test_life(podman: Podman) -> None:
    """exec, kill, wait, restart and remove work as for root."""
    with podman.start(IMAGE, "sleep", "1000") as made:
        assert made.out("echo", "in") == "in"
        assert made.exec("sh", "-c", "exit 7", status=7).stdout == ""
        podman("kill", made.name)
        assert podman.out("wait", made.name) == "137"
        podman("start", made.name)
        assert made.state()["Status"] == "running"


def test_stop_and_logs(podman: Podman) -> None:
    """SIGTERM of `podman stop` reaches the program; what it wrote is in the log."""
    script = "trap 'echo bye; exit 9' TERM; echo up; while true; do sleep 0.1; done"
    with podman.start(IMAGE, "sh", "-c", script) as made:
        wait_until(lambda: podman.out("logs", made.name) == "up", "the program is up")
        podman("stop", "-t", "30", made.name)
        assert made.state()["ExitCode"] == 9
        assert podman.out("logs", made.name) == "up\nbye"


def test_build(podman: Podman) -> None:
    """RUN of a build is done by the runtime in the user's namespace."""
    text = f"FROM {IMAGE}\nRUN echo built by $(id -u) > /made\n"
    podman("build", "--isolation=oci", "--network=none", "-t", "built:rootless", "-", stdin=text,
           timeout=120)
    assert podman.run_out("built:rootless", "cat", "/made") == "built by 0"
