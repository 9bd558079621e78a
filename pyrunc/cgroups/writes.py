# SPDX-License-Identifier: Apache-2.0
"""A list of (file, value) writes, and the rules by which a refused one is tried again."""

from __future__ import annotations

from errno import EBUSY, EINVAL, ENOENT, EOPNOTSUPP

from pyrunc.errors import ConfigError, NativeError

from . import calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ENOTSUPP = 524  # the kernel's own, for files it keeps but no longer serves
GONE = (ENOENT, EOPNOTSUPP, _ENOTSUPP)
_HINTS = {
    (EBUSY, "memory"): "the cgroup already uses more than that",
    (EINVAL, "memory"): "the kernel takes whole numbers of bytes, and memory+swap not below memory",
}


class Write:
    """One value for one file of one controller.

    field: the member of config.json that asked for it. chain: writes of one chain constrain each
    other, so one refused with EINVAL goes again after the others (MEM-11, CPU-9). skip: errno
    values that mean "nothing to do here". otherwise: what to write when the file does not exist.
    """

    __slots__ = ("chain", "controller", "field", "file", "otherwise", "skip", "value")

    def __init__(
        self,
        field: str,
        controller: str,
        file: str,
        value: str,
        *,
        chain: str = "",
        skip: tuple[int, ...] = (),
        otherwise: Write | None = None,
    ) -> None:
        self.field = field
        self.controller = controller
        self.file = file
        self.value = value
        self.chain = chain
        self.skip = skip
        self.otherwise = otherwise

    def pair(self) -> tuple[str, str]:
        """(file, value), for tests and messages."""
        return self.file, self.value


def perform(writes: Sequence[Write], group_of: Callable[[Write], calls.Group]) -> None:
    """Writes all in order; NativeError names field, value, file and cgroup of a refused one.

    group_of: the group a write goes to; it raises for a controller that the host does not have.
    """
    pending = [(write, group_of(write)) for write in writes]
    tries: dict[Write, int] = {}
    while pending:
        failed = calls.write([(group, write.file, write.value) for write, group in pending])
        if failed is None:
            return
        index, number = failed
        write, group = pending[index]
        rest = pending[index + 1:]
        behind = _last_of_chain(write, rest)
        if number in write.skip:
            pending = rest
        elif number == ENOENT and write.otherwise is not None:
            pending = [(write.otherwise, group), *rest]
        elif number == EINVAL and behind and tries.get(write, 0) < behind + 1:
            tries[write] = tries.get(write, 0) + 1
            pending = [*rest[:behind], (write, group), *rest[behind:]]
        else:
            raise refusal(write, group, number)


def _last_of_chain(write: Write, rest: Sequence[tuple[Write, calls.Group]]) -> int:
    """The position behind the last of the rest that is in the same chain; 0 = none is."""
    if not write.chain:
        return 0
    chain = write.chain
    return max((i + 1 for i, (other, _) in enumerate(rest) if other.chain == chain), default=0)


def refusal(write: Write, group: calls.Group, number: int) -> Exception:
    """The error for a write that the kernel refused."""
    if number == ENOENT and "/" not in write.file:
        # Engines take "no such file or directory" for a missing program.
        return ConfigError(f"{write.field}: the kernel has no {write.file} in cgroup {group.full}")
    value = write.value if len(write.value) <= 80 else write.value[:77] + "..."
    tried = f"{write.field}: write {value} to {write.file} of cgroup {group.full}"
    return NativeError(tried, number, _HINTS.get((number, write.controller), ""))
