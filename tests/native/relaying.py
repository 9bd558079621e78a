# SPDX-License-Identifier: Apache-2.0
"""A foreground runtime in small: `relaying.py pty|plain SCRIPT` has a shell script relayed."""

from __future__ import annotations

import os
import sys

from pyrunc import native

terminal = sys.argv[1] == "pty"
master, slave = os.openpty()
pid = os.fork()
if pid == 0:
    if terminal:
        os.login_tty(slave)
    os.execv("/bin/sh", ["sh", "-c", sys.argv[2]])
os.close(slave)
os._exit(native.relay(pid, os.pidfd_open(pid), master if terminal else -1))
