# SPDX-License-Identifier: Apache-2.0
"""Mount options: the words of the standard's table and the kernel's bits behind each."""

# mount(2)
MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_SYNCHRONOUS = 0x10
MS_REMOUNT = 0x20
MS_MANDLOCK = 0x40
MS_DIRSYNC = 0x80
MS_NOSYMFOLLOW = 0x100
MS_NOATIME = 0x400
MS_NODIRATIME = 0x800
MS_BIND = 0x1000
MS_REC = 0x4000
MS_SILENT = 0x8000
MS_UNBINDABLE = 0x20000
MS_PRIVATE = 0x40000
MS_SLAVE = 0x80000
MS_SHARED = 0x100000
MS_RELATIME = 0x200000
MS_I_VERSION = 0x800000
MS_STRICTATIME = 0x1000000
MS_LAZYTIME = 0x2000000

# mount_setattr(2)
MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
MOUNT_ATTR_NOEXEC = 0x8
MOUNT_ATTR__ATIME = 0x70
MOUNT_ATTR_RELATIME = 0x0
MOUNT_ATTR_NOATIME = 0x10
MOUNT_ATTR_STRICTATIME = 0x20
MOUNT_ATTR_NODIRATIME = 0x80
MOUNT_ATTR_NOSYMFOLLOW = 0x200000

# word: (MS_ bits to set, MS_ bits to clear); later words win over earlier opposite ones
MOUNT_OPTIONS = {
    "async":         (0,                MS_SYNCHRONOUS),
    "atime":         (0,                MS_NOATIME),
    "bind":          (MS_BIND,          0),
    "dev":           (0,                MS_NODEV),
    "diratime":      (0,                MS_NODIRATIME),
    "dirsync":       (MS_DIRSYNC,       0),
    "exec":          (0,                MS_NOEXEC),
    "iversion":      (MS_I_VERSION,     0),
    "lazytime":      (MS_LAZYTIME,      0),
    "loud":          (0,                MS_SILENT),
    "mand":          (MS_MANDLOCK,      0),
    "noatime":       (MS_NOATIME,       0),
    "nodev":         (MS_NODEV,         0),
    "nodiratime":    (MS_NODIRATIME,    0),
    "noexec":        (MS_NOEXEC,        0),
    "noiversion":    (0,                MS_I_VERSION),
    "nolazytime":    (0,                MS_LAZYTIME),
    "nomand":        (0,                MS_MANDLOCK),
    "norelatime":    (0,                MS_RELATIME),
    "nostrictatime": (0,                MS_STRICTATIME),
    "nosuid":        (MS_NOSUID,        0),
    "nosymfollow":   (MS_NOSYMFOLLOW,   0),
    "rbind":         (MS_BIND | MS_REC, 0),
    "relatime":      (MS_RELATIME,      0),
    "remount":       (MS_REMOUNT,       0),
    "ro":            (MS_RDONLY,        0),
    "rw":            (0,                MS_RDONLY),
    "silent":        (MS_SILENT,        0),
    "strictatime":   (MS_STRICTATIME,   0),
    "suid":          (0,                MS_NOSUID),
    "symfollow":     (0,                MS_NOSYMFOLLOW),
    "sync":          (MS_SYNCHRONOUS,   0),
}

# word: (MOUNT_ATTR_ bits to set, MOUNT_ATTR_ bits to clear), for the whole tree below the mount.
# The atime words are one field of three values: mount_setattr(2) wants the whole of
# MOUNT_ATTR__ATIME in attr_clr whenever it changes, and "not noatime" means relatime.
RECURSIVE_OPTIONS = {
    "rro":             (MOUNT_ATTR_RDONLY,      0),
    "rrw":             (0,                      MOUNT_ATTR_RDONLY),
    "rnosuid":         (MOUNT_ATTR_NOSUID,      0),
    "rsuid":           (0,                      MOUNT_ATTR_NOSUID),
    "rnodev":          (MOUNT_ATTR_NODEV,       0),
    "rdev":            (0,                      MOUNT_ATTR_NODEV),
    "rnoexec":         (MOUNT_ATTR_NOEXEC,      0),
    "rexec":           (0,                      MOUNT_ATTR_NOEXEC),
    "rnodiratime":     (MOUNT_ATTR_NODIRATIME,  0),
    "rdiratime":       (0,                      MOUNT_ATTR_NODIRATIME),
    "rnoatime":        (MOUNT_ATTR_NOATIME,     MOUNT_ATTR__ATIME),
    "ratime":          (MOUNT_ATTR_RELATIME,    MOUNT_ATTR__ATIME),
    "rrelatime":       (MOUNT_ATTR_RELATIME,    MOUNT_ATTR__ATIME),
    "rnorelatime":     (MOUNT_ATTR_RELATIME,    MOUNT_ATTR__ATIME),
    "rstrictatime":    (MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME),
    "rnostrictatime":  (MOUNT_ATTR_RELATIME,    MOUNT_ATTR__ATIME),
    "rnosymfollow":    (MOUNT_ATTR_NOSYMFOLLOW, 0),
    "rsymfollow":      (0,                      MOUNT_ATTR_NOSYMFOLLOW),
}

# word: MS_ flags of a mount(2) call of its own, made after the mount itself
PROPAGATION = {
    "private":     MS_PRIVATE,
    "rprivate":    MS_PRIVATE | MS_REC,
    "shared":      MS_SHARED,
    "rshared":     MS_SHARED | MS_REC,
    "slave":       MS_SLAVE,
    "rslave":      MS_SLAVE | MS_REC,
    "unbindable":  MS_UNBINDABLE,
    "runbindable": MS_UNBINDABLE | MS_REC,
}

# Words that are consumed, carry no flag of mount(2) and never reach the filesystem.
DEFAULTS = "defaults"
TMPCOPYUP = "tmpcopyup"
IDMAP = "idmap"
RIDMAP = "ridmap"
SPECIAL_OPTIONS = (DEFAULTS, TMPCOPYUP, IDMAP, RIDMAP)

# Either of these makes a mount a bind mount, whatever its type says (MNT-4).
BIND_OPTIONS = ("bind", "rbind")

# linux.rootfsPropagation: the r-forms that practice adds to the standard's four words (RFP-1).
ROOTFS_PROPAGATION_R = ("rshared", "rslave", "rprivate", "runbindable")
