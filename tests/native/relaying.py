# SPDX-License-Identifier: Apache-2.0
"""A foreground runtime in small: `relaying.py pty|plain SCRIPT [abort]` has a shell script relayed;
with `abort` it aborts as soon as its terminal is raw."""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
import time

from pyrunc import native


def abort() -> None:
    while termios.tcgetattr(0)[3] & termios.ICANON:
        time.sleep(0.01)
    os.abort()


terminal = sys.argv[1] == "pty"
master, slave = os.openpty()
pid = os.fork()
if pid == 0:
    # nohup(1) around the tests: a shell cannot trap what it was started with as ignored.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if terminal:
        os.login_tty(slave)
    os.execv("/bin/sh", ["sh", "-c", sys.argv[2]])
os.close(slave)
if "abort" in sys.argv[3:]:
    threading.Thread(target=abort, daemon=True).start()
os._exit(native.relay(pid, os.pidfd_open(pid), master if terminal else -1))
