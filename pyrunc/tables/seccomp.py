# SPDX-License-Identifier: Apache-2.0
"""Seccomp: the config's words with libseccomp's tokens and the kernel's bits."""

# action: libseccomp's value; the low 16 bits of ERRNO and TRACE take the errno
ACTIONS = {
    "SCMP_ACT_KILL":         0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_KILL_THREAD":  0x00000000,
    "SCMP_ACT_TRAP":         0x00030000,
    "SCMP_ACT_ERRNO":        0x00050000,
    "SCMP_ACT_TRACE":        0x7FF00000,
    "SCMP_ACT_ALLOW":        0x7FFF0000,
    "SCMP_ACT_LOG":          0x7FFC0000,
    "SCMP_ACT_NOTIFY":       0x7FC00000,
}

# The actions for which errnoRet means something (SEC-2).
ERRNO_ACTIONS = ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE")
NOTIFY = "SCMP_ACT_NOTIFY"

# operator: libseccomp's enum scmp_compare
OPERATORS = {
    "SCMP_CMP_NE":        1,
    "SCMP_CMP_LT":        2,
    "SCMP_CMP_LE":        3,
    "SCMP_CMP_EQ":        4,
    "SCMP_CMP_GE":        5,
    "SCMP_CMP_GT":        6,
    "SCMP_CMP_MASKED_EQ": 7,
}

_64BIT = 0x80000000
_LE = 0x40000000
_N32 = 0x20000000

# architecture: libseccomp's token, which is AUDIT_ARCH_* of linux/audit.h (X32 is libseccomp's own)
ARCHITECTURES = {
    "SCMP_ARCH_X86":         3 | _LE,
    "SCMP_ARCH_X86_64":      62 | _64BIT | _LE,
    "SCMP_ARCH_X32":         62 | _LE,
    "SCMP_ARCH_ARM":         40 | _LE,
    "SCMP_ARCH_AARCH64":     183 | _64BIT | _LE,
    "SCMP_ARCH_MIPS":        8,
    "SCMP_ARCH_MIPS64":      8 | _64BIT,
    "SCMP_ARCH_MIPS64N32":   8 | _64BIT | _N32,
    "SCMP_ARCH_MIPSEL":      8 | _LE,
    "SCMP_ARCH_MIPSEL64":    8 | _64BIT | _LE,
    "SCMP_ARCH_MIPSEL64N32": 8 | _64BIT | _LE | _N32,
    "SCMP_ARCH_PPC":         20,
    "SCMP_ARCH_PPC64":       21 | _64BIT,
    "SCMP_ARCH_PPC64LE":     21 | _64BIT | _LE,
    "SCMP_ARCH_S390":        22,
    "SCMP_ARCH_S390X":       22 | _64BIT,
    "SCMP_ARCH_PARISC":      15,
    "SCMP_ARCH_PARISC64":    15 | _64BIT,
    "SCMP_ARCH_RISCV64":     243 | _64BIT | _LE,
    "SCMP_ARCH_LOONGARCH64": 258 | _64BIT | _LE,
    "SCMP_ARCH_M68K":        4,
    "SCMP_ARCH_SH":          42 | _LE,
    "SCMP_ARCH_SHEB":        42,
}

# flag: bit of seccomp(2)'s SECCOMP_SET_MODE_FILTER
FLAGS = {
    "SECCOMP_FILTER_FLAG_TSYNC":              0x01,
    "SECCOMP_FILTER_FLAG_LOG":                0x02,
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW":         0x04,
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": 0x20,
}
SECCOMP_FILTER_FLAG_NEW_LISTENER = 0x08
SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 0x10
DEFAULT_FLAGS = ("SECCOMP_FILTER_FLAG_SPEC_ALLOW",)

EPERM = 1
MAX_ERRNO = 4095
