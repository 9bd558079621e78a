# SPDX-License-Identifier: Apache-2.0
"""Device nodes: the ones every container gets (DEV-8) and the type words of a config."""

# path: (major, minor); all are character devices of mode 0666 owned by the container's 0:0
DEFAULT_DEVICES = {
    "/dev/null":    (1, 3),
    "/dev/zero":    (1, 5),
    "/dev/full":    (1, 7),
    "/dev/random":  (1, 8),
    "/dev/urandom": (1, 9),
    "/dev/tty":     (5, 0),
}
DEFAULT_FILE_MODE = 0o666

# link: source that must exist for the link to be made (LNK-1)
DEFAULT_LINKS = {
    "/dev/fd":     "/proc/self/fd",
    "/dev/stdin":  "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}

S_IFIFO = 0o010000
S_IFCHR = 0o020000
S_IFBLK = 0o060000

# linux.devices[].type: file type bits of mknod(2)
DEVICE_TYPES = {"c": S_IFCHR, "u": S_IFCHR, "b": S_IFBLK, "p": S_IFIFO}
DEVICE_TYPES_NUMBERED = ("c", "u", "b")

# linux.resources.devices[].type
DEVICE_RULE_TYPES = ("a", "c", "b")
DEVICE_ACCESS = "rwm"
