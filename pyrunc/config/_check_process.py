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


_WORDS_0 = frozenset(("RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_LOCKS", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS", "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK"))
_WORDS_1 = frozenset(("SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE"))
_WORDS_2 = frozenset(("SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY", "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX"))
_WORDS_3 = frozenset(("IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"))


def _process(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("cwd" in v and "args" in v and "user" in v):
        return (), "required"
    if "terminal" in v:
        m1 = v["terminal"]
        if type(m1) is not bool:
            return ("terminal",), "properties/terminal/type"
    if "consoleSize" in v:
        m1 = v["consoleSize"]
        if type(m1) is not dict:
            return ("consoleSize",), "properties/consoleSize/type"
        if "height" in m1:
            m2 = m1["height"]
            if type(m2) is not int:
                return ("consoleSize", "height"), "properties/consoleSize/properties/height/type"
            if m2 < 0:
                return ("consoleSize", "height"), "properties/consoleSize/properties/height/minimum"
            if m2 > 18446744073709551615:
                return ("consoleSize", "height"), "properties/consoleSize/properties/height/maximum"
        if "width" in m1:
            m2 = m1["width"]
            if type(m2) is not int:
                return ("consoleSize", "width"), "properties/consoleSize/properties/width/type"
            if m2 < 0:
                return ("consoleSize", "width"), "properties/consoleSize/properties/width/minimum"
            if m2 > 18446744073709551615:
                return ("consoleSize", "width"), "properties/consoleSize/properties/width/maximum"
    m1 = v["cwd"]
    if type(m1) is not str:
        return ("cwd",), "properties/cwd/type"
    if not (m1[:1] == "/"):
        return ("cwd",), "properties/cwd/pattern"
    if "env" in v:
        m1 = v["env"]
        if type(m1) is not list:
            return ("env",), "properties/env/type"
        for i2 in m1:
            if type(i2) is not str:
                return ("env", _at(m1, i2)), "properties/env/items/type"
            if not (i2.find("=") > 0):
                return ("env", _at(m1, i2)), "properties/env/items/pattern"
    m1 = v["args"]
    if type(m1) is not list:
        return ("args",), "properties/args/type"
    if len(m1) < 1:
        return ("args",), "properties/args/minItems"
    for i1 in m1:
        if type(i1) is not str:
            return ("args", _at(m1, i1)), "properties/args/items/type"
    m1 = v["user"]
    if (f := _process_user(m1)) is not None:
        return _below(("user",), "properties/user", f)
    if "capabilities" in v:
        m1 = v["capabilities"]
        if type(m1) is not dict:
            return ("capabilities",), "properties/capabilities/type"
        if "bounding" in m1:
            m2 = m1["bounding"]
            if (f := _common_strings(m2)) is not None:
                return _below(("capabilities", "bounding"), "properties/capabilities/properties/bounding", f)
        if "effective" in m1:
            m2 = m1["effective"]
            if (f := _common_strings(m2)) is not None:
                return _below(("capabilities", "effective"), "properties/capabilities/properties/effective", f)
        if "inheritable" in m1:
            m2 = m1["inheritable"]
            if (f := _common_strings(m2)) is not None:
                return _below(("capabilities", "inheritable"), "properties/capabilities/properties/inheritable", f)
        if "permitted" in m1:
            m2 = m1["permitted"]
            if (f := _common_strings(m2)) is not None:
                return _below(("capabilities", "permitted"), "properties/capabilities/properties/permitted", f)
        if "ambient" in m1:
            m2 = m1["ambient"]
            if (f := _common_strings(m2)) is not None:
                return _below(("capabilities", "ambient"), "properties/capabilities/properties/ambient", f)
    if "rlimits" in v:
        m1 = v["rlimits"]
        if type(m1) is not list:
            return ("rlimits",), "properties/rlimits/type"
        for i2 in m1:
            if (f := _process_rlimit(i2)) is not None:
                return _below(("rlimits", _at(m1, i2)), "properties/rlimits/items", f)
    if "noNewPrivileges" in v:
        m1 = v["noNewPrivileges"]
        if type(m1) is not bool:
            return ("noNewPrivileges",), "properties/noNewPrivileges/type"
    if "apparmorProfile" in v:
        m1 = v["apparmorProfile"]
        if type(m1) is not str:
            return ("apparmorProfile",), "properties/apparmorProfile/type"
    if "selinuxLabel" in v:
        m1 = v["selinuxLabel"]
        if type(m1) is not str:
            return ("selinuxLabel",), "properties/selinuxLabel/type"
    if "oomScoreAdj" in v:
        m1 = v["oomScoreAdj"]
        if type(m1) is not int:
            return ("oomScoreAdj",), "properties/oomScoreAdj/type"
        if m1 < -1000:
            return ("oomScoreAdj",), "properties/oomScoreAdj/minimum"
        if m1 > 1000:
            return ("oomScoreAdj",), "properties/oomScoreAdj/maximum"
    if "scheduler" in v:
        m1 = v["scheduler"]
        if (f := _process_scheduler(m1)) is not None:
            return _below(("scheduler",), "properties/scheduler", f)
    if "ioPriority" in v:
        m1 = v["ioPriority"]
        if (f := _process_ioPriority(m1)) is not None:
            return _below(("ioPriority",), "properties/ioPriority", f)
    if "execCPUAffinity" in v:
        m1 = v["execCPUAffinity"]
        if type(m1) is not dict:
            return ("execCPUAffinity",), "properties/execCPUAffinity/type"
        if "initial" in m1:
            m2 = m1["initial"]
            if type(m2) is not str:
                return ("execCPUAffinity", "initial"), "properties/execCPUAffinity/properties/initial/type"
            if len(m2) > 16384:
                return ("execCPUAffinity", "initial"), "properties/execCPUAffinity/properties/initial/maxLength"
            if not (is_list(m2)):
                return ("execCPUAffinity", "initial"), "properties/execCPUAffinity/properties/initial/pattern"
        if "final" in m1:
            m2 = m1["final"]
            if type(m2) is not str:
                return ("execCPUAffinity", "final"), "properties/execCPUAffinity/properties/final/type"
            if len(m2) > 16384:
                return ("execCPUAffinity", "final"), "properties/execCPUAffinity/properties/final/maxLength"
            if not (is_list(m2)):
                return ("execCPUAffinity", "final"), "properties/execCPUAffinity/properties/final/pattern"
    return None


def _process_user(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("uid" in v and "gid" in v):
        return (), "required"
    m1 = v["uid"]
    if type(m1) is not int:
        return ("uid",), "properties/uid/type"
    if m1 < 0:
        return ("uid",), "properties/uid/minimum"
    if m1 > 4294967294:
        return ("uid",), "properties/uid/maximum"
    m1 = v["gid"]
    if type(m1) is not int:
        return ("gid",), "properties/gid/type"
    if m1 < 0:
        return ("gid",), "properties/gid/minimum"
    if m1 > 4294967294:
        return ("gid",), "properties/gid/maximum"
    if "umask" in v:
        m1 = v["umask"]
        if type(m1) is not int:
            return ("umask",), "properties/umask/type"
        if m1 < 0:
            return ("umask",), "properties/umask/minimum"
        if m1 > 511:
            return ("umask",), "properties/umask/maximum"
    if "additionalGids" in v:
        m1 = v["additionalGids"]
        if type(m1) is not list:
            return ("additionalGids",), "properties/additionalGids/type"
        for i2 in m1:
            if type(i2) is not int:
                return ("additionalGids", _at(m1, i2)), "properties/additionalGids/items/type"
            if i2 < 0:
                return ("additionalGids", _at(m1, i2)), "properties/additionalGids/items/minimum"
            if i2 > 4294967294:
                return ("additionalGids", _at(m1, i2)), "properties/additionalGids/items/maximum"
    return None


def _common_strings(v: Any) -> Failure:
    if type(v) is not list:
        return (), "type"
    for i1 in v:
        if type(i1) is not str:
            return (_at(v, i1),), "items/type"
    return None


def _process_rlimit(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("type" in v and "soft" in v and "hard" in v):
        return (), "required"
    m1 = v["type"]
    if type(m1) is not str:
        return ("type",), "properties/type/type"
    if m1 not in _WORDS_0:
        return ("type",), "properties/type/enum"
    m1 = v["soft"]
    if type(m1) is not int:
        return ("soft",), "properties/soft/type"
    if m1 < 0:
        return ("soft",), "properties/soft/minimum"
    if m1 > 18446744073709551615:
        return ("soft",), "properties/soft/maximum"
    m1 = v["hard"]
    if type(m1) is not int:
        return ("hard",), "properties/hard/type"
    if m1 < 0:
        return ("hard",), "properties/hard/minimum"
    if m1 > 18446744073709551615:
        return ("hard",), "properties/hard/maximum"
    return None


def _process_scheduler(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("policy" in v):
        return (), "required"
    m1 = v["policy"]
    if type(m1) is not str:
        return ("policy",), "properties/policy/type"
    if m1 not in _WORDS_1:
        return ("policy",), "properties/policy/enum"
    if "nice" in v:
        m1 = v["nice"]
        if type(m1) is not int:
            return ("nice",), "properties/nice/type"
        if m1 < -20:
            return ("nice",), "properties/nice/minimum"
        if m1 > 19:
            return ("nice",), "properties/nice/maximum"
    if "priority" in v:
        m1 = v["priority"]
        if type(m1) is not int:
            return ("priority",), "properties/priority/type"
        if m1 < -2147483648:
            return ("priority",), "properties/priority/minimum"
        if m1 > 2147483647:
            return ("priority",), "properties/priority/maximum"
    if "flags" in v:
        m1 = v["flags"]
        if type(m1) is not list:
            return ("flags",), "properties/flags/type"
        for i2 in m1:
            if type(i2) is not str:
                return ("flags", _at(m1, i2)), "properties/flags/items/type"
            if i2 not in _WORDS_2:
                return ("flags", _at(m1, i2)), "properties/flags/items/enum"
    if "runtime" in v:
        m1 = v["runtime"]
        if type(m1) is not int:
            return ("runtime",), "properties/runtime/type"
        if m1 < 0:
            return ("runtime",), "properties/runtime/minimum"
        if m1 > 18446744073709551615:
            return ("runtime",), "properties/runtime/maximum"
    if "deadline" in v:
        m1 = v["deadline"]
        if type(m1) is not int:
            return ("deadline",), "properties/deadline/type"
        if m1 < 0:
            return ("deadline",), "properties/deadline/minimum"
        if m1 > 18446744073709551615:
            return ("deadline",), "properties/deadline/maximum"
    if "period" in v:
        m1 = v["period"]
        if type(m1) is not int:
            return ("period",), "properties/period/type"
        if m1 < 0:
            return ("period",), "properties/period/minimum"
        if m1 > 18446744073709551615:
            return ("period",), "properties/period/maximum"
    return None


def _process_ioPriority(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("class" in v and "priority" in v):
        return (), "required"
    m1 = v["class"]
    if type(m1) is not str:
        return ("class",), "properties/class/type"
    if m1 not in _WORDS_3:
        return ("class",), "properties/class/enum"
    m1 = v["priority"]
    if type(m1) is not int:
        return ("priority",), "properties/priority/type"
    if m1 < 0:
        return ("priority",), "properties/priority/minimum"
    if m1 > 7:
        return ("priority",), "properties/priority/maximum"
    return None


process = _process
