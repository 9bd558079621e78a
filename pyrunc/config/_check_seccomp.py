# SPDX-License-Identifier: Apache-2.0
# ruff: noqa
"""Generated from schemas/ by schemas/generate.py: do not edit. The first layer, fast: None, or the first failure found."""

from __future__ import annotations

from pyrunc.config.grammar import is_access, is_list, is_mbps, is_page_size, is_semver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # Where the value is, and the way through the schemas to the keyword that refuses it, with
    # slashes between the steps.
    Failure = tuple[tuple[str | int, ...], str] | None


def _at(items: list[Any], item: Any) -> int:
    return next(index for index, other in enumerate(items) if other is item)


def _below(path: tuple[str | int, ...], steps: str, failure: Any) -> Failure:
    return (*path, *failure[0]), steps + "/" + failure[1]


_WORDS_0 = frozenset(("SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"))
_WORDS_1 = frozenset(("SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB"))
_WORDS_2 = frozenset(("SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
_WORDS_3 = frozenset(("SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"))


def _seccomp(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("defaultAction" in v):
        return (), "required"
    if "listenerMetadata" in v and not ("listenerPath" in v):
        return (), "dependencies"
    m1 = v["defaultAction"]
    if type(m1) is not str:
        return ("defaultAction",), "properties/defaultAction/type"
    if m1 not in _WORDS_0:
        return ("defaultAction",), "properties/defaultAction/enum"
    if "defaultErrnoRet" in v:
        m1 = v["defaultErrnoRet"]
        if type(m1) is not int:
            return ("defaultErrnoRet",), "properties/defaultErrnoRet/type"
        if m1 < 0:
            return ("defaultErrnoRet",), "properties/defaultErrnoRet/minimum"
        if m1 > 4294967295:
            return ("defaultErrnoRet",), "properties/defaultErrnoRet/maximum"
    if "architectures" in v:
        m1 = v["architectures"]
        if type(m1) is not list:
            return ("architectures",), "properties/architectures/type"
        for i2 in m1:
            if type(i2) is not str:
                return ("architectures", _at(m1, i2)), "properties/architectures/items/type"
            if i2 not in _WORDS_1:
                return ("architectures", _at(m1, i2)), "properties/architectures/items/enum"
    if "flags" in v:
        m1 = v["flags"]
        if type(m1) is not list:
            return ("flags",), "properties/flags/type"
        for i2 in m1:
            if type(i2) is not str:
                return ("flags", _at(m1, i2)), "properties/flags/items/type"
            if i2 not in _WORDS_2:
                return ("flags", _at(m1, i2)), "properties/flags/items/enum"
    if "listenerPath" in v:
        m1 = v["listenerPath"]
        if type(m1) is not str:
            return ("listenerPath",), "properties/listenerPath/type"
    if "listenerMetadata" in v:
        m1 = v["listenerMetadata"]
        if type(m1) is not str:
            return ("listenerMetadata",), "properties/listenerMetadata/type"
    if "syscalls" in v:
        m1 = v["syscalls"]
        if type(m1) is not list:
            return ("syscalls",), "properties/syscalls/type"
        for i2 in m1:
            if (f := _seccomp_rule(i2)) is not None:
                return _below(("syscalls", _at(m1, i2)), "properties/syscalls/items", f)
    return None


def _seccomp_rule(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("names" in v and "action" in v):
        return (), "required"
    m1 = v["names"]
    if type(m1) is not list:
        return ("names",), "properties/names/type"
    if len(m1) < 1:
        return ("names",), "properties/names/minItems"
    for i1 in m1:
        if type(i1) is not str:
            return ("names", _at(m1, i1)), "properties/names/items/type"
    m1 = v["action"]
    if type(m1) is not str:
        return ("action",), "properties/action/type"
    if m1 not in _WORDS_0:
        return ("action",), "properties/action/enum"
    if "errnoRet" in v:
        m1 = v["errnoRet"]
        if type(m1) is not int:
            return ("errnoRet",), "properties/errnoRet/type"
        if m1 < 0:
            return ("errnoRet",), "properties/errnoRet/minimum"
        if m1 > 4294967295:
            return ("errnoRet",), "properties/errnoRet/maximum"
    if "args" in v:
        m1 = v["args"]
        if type(m1) is not list:
            return ("args",), "properties/args/type"
        for i2 in m1:
            if (f := _seccomp_argument(i2)) is not None:
                return _below(("args", _at(m1, i2)), "properties/args/items", f)
    return None


def _seccomp_argument(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("index" in v and "value" in v and "op" in v):
        return (), "required"
    m1 = v["index"]
    if type(m1) is not int:
        return ("index",), "properties/index/type"
    if m1 < 0:
        return ("index",), "properties/index/minimum"
    if m1 > 5:
        return ("index",), "properties/index/maximum"
    m1 = v["value"]
    if type(m1) is not int:
        return ("value",), "properties/value/type"
    if m1 < 0:
        return ("value",), "properties/value/minimum"
    if m1 > 18446744073709551615:
        return ("value",), "properties/value/maximum"
    if "valueTwo" in v:
        m1 = v["valueTwo"]
        if type(m1) is not int:
            return ("valueTwo",), "properties/valueTwo/type"
        if m1 < 0:
            return ("valueTwo",), "properties/valueTwo/minimum"
        if m1 > 18446744073709551615:
            return ("valueTwo",), "properties/valueTwo/maximum"
    m1 = v["op"]
    if type(m1) is not str:
        return ("op",), "properties/op/type"
    if m1 not in _WORDS_3:
        return ("op",), "properties/op/enum"
    return None


seccomp = _seccomp
