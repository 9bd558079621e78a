# SPDX-License-Identifier: Apache-2.0
"""The signals of signal(7) by name without SIG, with glibc's numbering of the real-time ones."""

SIGRTMIN = 34
SIGRTMAX = 64

# name: number on x86, arm and most other architectures (asm-generic/signal.h)
SIGNALS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "ILL": 4,
    "TRAP": 5,
    "ABRT": 6,
    "IOT": 6,
    "BUS": 7,
    "FPE": 8,
    "KILL": 9,
    "USR1": 10,
    "SEGV": 11,
    "USR2": 12,
    "PIPE": 13,
    "ALRM": 14,
    "TERM": 15,
    "STKFLT": 16,
    "CHLD": 17,
    "CLD": 17,
    "CONT": 18,
    "STOP": 19,
    "TSTP": 20,
    "TTIN": 21,
    "TTOU": 22,
    "URG": 23,
    "XCPU": 24,
    "XFSZ": 25,
    "VTALRM": 26,
    "PROF": 27,
    "WINCH": 28,
    "IO": 29,
    "POLL": 29,
    "PWR": 30,
    "SYS": 31,
    "UNUSED": 31,
    "RTMIN": SIGRTMIN,
    **{f"RTMIN+{n}": SIGRTMIN + n for n in range(1, 31)},
    **{f"RTMAX-{n}": SIGRTMAX - n for n in range(1, 31)},
    "RTMAX": SIGRTMAX,
}
