# SPDX-License-Identifier: Apache-2.0
"""The program: `python -m pyrunc VERB`, and what the front door starts with `python -I -S`."""

import _signal
import gc
import os
import sys


def _prepare() -> None:
    """Makes the package and cffi's backend importable when Python was started without `site`."""
    if __package__:  # `python -m pyrunc`, or frozen into the interpreter
        return
    here = __file__.rpartition("/")[0]
    parent = here.rpartition("/")[0]
    sys.path[:0] = [parent]
    # A package below Debian's /usr/local finds cffi's backend where Debian installs it.
    sys.path += [f"{sys.prefix}/lib/python3/dist-packages", "/usr/lib/python3/dist-packages"]
    if "pyrunc_no_lc_ctype" in sys._xoptions:
        os.environ.pop("LC_CTYPE", None)


def run() -> None:
    """Runs the command line and leaves without the interpreter's clean-up (it takes a while)."""
    _prepare()
    gc.disable()  # a short life, with little that refers to itself
    # A caller that ignores SIGCHLD would have the kernel throw our children's statuses away.
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    if "-trace" in " ".join(sys.argv):  # whether it is the flag, the command line's reader decides
        from pyrunc import trace

        trace.begin()
    from pyrunc.cli.main import main

    code = main(sys.argv)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 1
    os._exit(code)


if __name__ == "__main__":
    run()
