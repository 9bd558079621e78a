# SPDX-License-Identifier: Apache-2.0
"""What the plan must know besides the config: facts about the host and descriptors opened for
it.
"""

from __future__ import annotations

from pyrunc.plan.ops import NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


# A user namespace fd (or -1) and ops.IDMAP_*.
Idmap = tuple[int, int]
NO_IDMAP = (-1, 0)


class Join:
    """A namespace to be joined: its open fd, CLONE_NEW* flag and the path it came from; or several
    of one process: its handle, their flags, and whose they are.
    """

    __slots__ = ("fd", "flag", "path")

    def __init__(self, fd: int, flag: int, path: str) -> None:
        self.fd = fd
        self.flag = flag
        self.path = path


class Facts:
    """Facts handed to the plan, and the little state that its builders share while they add ops.

    sources: host paths that the parent opens for the stage (only with a user namespace, where the
    stage may not walk the host's directories); builders ask by source_index.
    cgroup_mounts: per v1 hierarchy (name, options, host path of the container's group); for v2 one
    entry. user_namespace: the container is in one, its own or the caller's.
    state_before/state_after: the state JSON around the pid, for hooks run by the stage.
    """

    def __init__(self, *, bundle: str, rootfs: str, container_id: str) -> None:
        self.bundle = bundle
        self.rootfs = rootfs
        self.container_id = container_id
        self.joins: list[Join] = []
        self.privileged = True
        self.user_namespace = False
        self.open_sources = False
        self.sources: list[tuple[str, Idmap]] = []
        self.idmap_fds: dict[int, int] = {}
        self.cgroup_version = 1
        self.cgroup_mounts: Sequence[tuple[str, list[str], str]] = ()
        self.new_cgroup_namespace = False
        self.late_cgroup = False  # the stage is moved into its cgroup instead of being born there
        self.late_readonly: list[str] = []
        self.no_pivot = False
        self.no_new_keyring = False
        self.waits_for_start = False
        self.preserve_fds = 0
        self.listen_fds = 0
        self.last_capability = 63
        self.available_capabilities = (1 << 64) - 1
        self.apparmor_file = ""
        self.setgroups_denied = False
        self.warn: Callable[[str], None] = _ignore
        self.state_before: dict[str, str] = {}
        self.state_after = ""
        self.environment: Sequence[str] = ()
        self.seccomp_flags = 0
        self.seccomp_listener = False

    def source_index(self, path: str, idmap: Idmap = NO_IDMAP) -> int:
        """The index among the fds of SYNC_SOURCES, or NONE when the stage opens the path itself.

        What is id-mapped the parent opens in any case.
        """
        if not self.open_sources and idmap is NO_IDMAP:
            return NONE
        self.sources.append((path, idmap))
        return len(self.sources) - 1


def _ignore(_line: str) -> None:
    pass
