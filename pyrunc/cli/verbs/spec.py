# SPDX-License-Identifier: Apache-2.0
"""spec: writes a config.json to start from."""

from __future__ import annotations

import os

from pyrunc import jsonio
from pyrunc.cli.tables import BOOL, TEXT, Command, Option
from pyrunc.errors import PyruncError, errno_text
from pyrunc.tables.spec import CONFIG_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "spec",
    "create a new specification file",
    arguments="",
    description="""
Writes a config.json to start from: it runs "sh" on a terminal. Edit "process" and put a root
filesystem into the directory "rootfs" beside it.
""",
    options=(
        Option("bundle", TEXT, "where to write it (default: the current directory)", short="b"),
        Option("rootless", BOOL, "for a container that an unprivileged user runs"),
    ),
    least=0,
    most=0,
)

_V2_MARK = "/sys/fs/cgroup/cgroup.controllers"


def run(call: Call) -> int:
    """Writes the file; an existing one is refused."""
    from pyrunc.config.default import default_config

    config = default_config(rootless=call.flag("rootless"), cgroup_v2=os.path.exists(_V2_MARK),
                            uid=os.geteuid(), gid=os.getegid())
    path = os.path.join(call.text("bundle"), CONFIG_NAME)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(jsonio.dumps(config, "\t"))
    except FileExistsError:
        raise PyruncError(f"File {CONFIG_NAME} exists. Remove it first") from None
    except OSError as error:
        raise PyruncError(f"open {path}: {errno_text(error.errno or 0)}") from None
    return 0
