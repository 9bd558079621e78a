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


_WORDS_0 = frozenset(("a", "c", "b"))


def _resources(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if "devices" in v:
        m1 = v["devices"]
        if type(m1) is not list:
            return ("devices",), "properties/devices/type"
        for i2 in m1:
            if (f := _resources_deviceRule(i2)) is not None:
                return _below(("devices", _at(m1, i2)), "properties/devices/items", f)
    if "memory" in v:
        m1 = v["memory"]
        if (f := _resources_memory(m1)) is not None:
            return _below(("memory",), "properties/memory", f)
    if "cpu" in v:
        m1 = v["cpu"]
        if (f := _resources_cpu(m1)) is not None:
            return _below(("cpu",), "properties/cpu", f)
    if "blockIO" in v:
        m1 = v["blockIO"]
        if (f := _resources_blockIO(m1)) is not None:
            return _below(("blockIO",), "properties/blockIO", f)
    if "hugepageLimits" in v:
        m1 = v["hugepageLimits"]
        if type(m1) is not list:
            return ("hugepageLimits",), "properties/hugepageLimits/type"
        for i2 in m1:
            if type(i2) is not dict:
                return ("hugepageLimits", _at(m1, i2)), "properties/hugepageLimits/items/type"
            if not ("pageSize" in i2 and "limit" in i2):
                return ("hugepageLimits", _at(m1, i2)), "properties/hugepageLimits/items/required"
            m3 = i2["pageSize"]
            if type(m3) is not str:
                return ("hugepageLimits", _at(m1, i2), "pageSize"), "properties/hugepageLimits/items/properties/pageSize/type"
            if not (is_page_size(m3)):
                return ("hugepageLimits", _at(m1, i2), "pageSize"), "properties/hugepageLimits/items/properties/pageSize/pattern"
            m3 = i2["limit"]
            if type(m3) is not int:
                return ("hugepageLimits", _at(m1, i2), "limit"), "properties/hugepageLimits/items/properties/limit/type"
            if m3 < 0:
                return ("hugepageLimits", _at(m1, i2), "limit"), "properties/hugepageLimits/items/properties/limit/minimum"
            if m3 > 18446744073709551615:
                return ("hugepageLimits", _at(m1, i2), "limit"), "properties/hugepageLimits/items/properties/limit/maximum"
    if "network" in v:
        m1 = v["network"]
        if type(m1) is not dict:
            return ("network",), "properties/network/type"
        if "classID" in m1:
            m2 = m1["classID"]
            if type(m2) is not int:
                return ("network", "classID"), "properties/network/properties/classID/type"
            if m2 < 0:
                return ("network", "classID"), "properties/network/properties/classID/minimum"
            if m2 > 4294967295:
                return ("network", "classID"), "properties/network/properties/classID/maximum"
        if "priorities" in m1:
            m2 = m1["priorities"]
            if type(m2) is not list:
                return ("network", "priorities"), "properties/network/properties/priorities/type"
            for i3 in m2:
                if type(i3) is not dict:
                    return ("network", "priorities", _at(m2, i3)), "properties/network/properties/priorities/items/type"
                if not ("name" in i3 and "priority" in i3):
                    return ("network", "priorities", _at(m2, i3)), "properties/network/properties/priorities/items/required"
                m4 = i3["name"]
                if type(m4) is not str:
                    return ("network", "priorities", _at(m2, i3), "name"), "properties/network/properties/priorities/items/properties/name/type"
                m4 = i3["priority"]
                if type(m4) is not int:
                    return ("network", "priorities", _at(m2, i3), "priority"), "properties/network/properties/priorities/items/properties/priority/type"
                if m4 < 0:
                    return ("network", "priorities", _at(m2, i3), "priority"), "properties/network/properties/priorities/items/properties/priority/minimum"
                if m4 > 4294967295:
                    return ("network", "priorities", _at(m2, i3), "priority"), "properties/network/properties/priorities/items/properties/priority/maximum"
    if "pids" in v:
        m1 = v["pids"]
        if type(m1) is not dict:
            return ("pids",), "properties/pids/type"
        if "limit" in m1:
            m2 = m1["limit"]
            if type(m2) is not int:
                return ("pids", "limit"), "properties/pids/properties/limit/type"
            if m2 < -1:
                return ("pids", "limit"), "properties/pids/properties/limit/minimum"
            if m2 > 9223372036854775807:
                return ("pids", "limit"), "properties/pids/properties/limit/maximum"
    if "rdma" in v:
        m1 = v["rdma"]
        if type(m1) is not dict:
            return ("rdma",), "properties/rdma/type"
        for k2, m2 in m1.items():
            if (f := _resources_rdma(m2)) is not None:
                return _below(("rdma", k2), "properties/rdma/additionalProperties", f)
    if "unified" in v:
        m1 = v["unified"]
        if type(m1) is not dict:
            return ("unified",), "properties/unified/type"
        for k2, m2 in m1.items():
            if type(m2) is not str:
                return ("unified", k2), "properties/unified/additionalProperties/type"
    return None


def _resources_deviceRule(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("allow" in v and "access" in v):
        return (), "required"
    m1 = v["allow"]
    if type(m1) is not bool:
        return ("allow",), "properties/allow/type"
    if "type" in v:
        m1 = v["type"]
        if type(m1) is not str:
            return ("type",), "properties/type/type"
        if m1 not in _WORDS_0:
            return ("type",), "properties/type/enum"
    if "major" in v:
        m1 = v["major"]
        if type(m1) is not int:
            return ("major",), "properties/major/type"
        if m1 < -1:
            return ("major",), "properties/major/minimum"
        if m1 > 4294967295:
            return ("major",), "properties/major/maximum"
    if "minor" in v:
        m1 = v["minor"]
        if type(m1) is not int:
            return ("minor",), "properties/minor/type"
        if m1 < -1:
            return ("minor",), "properties/minor/minimum"
        if m1 > 4294967295:
            return ("minor",), "properties/minor/maximum"
    m1 = v["access"]
    if type(m1) is not str:
        return ("access",), "properties/access/type"
    if not (is_access(m1)):
        return ("access",), "properties/access/pattern"
    return None


def _resources_memory(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if "limit" in v:
        m1 = v["limit"]
        if type(m1) is not int:
            return ("limit",), "properties/limit/type"
        if m1 < -1:
            return ("limit",), "properties/limit/minimum"
        if m1 > 9223372036854775807:
            return ("limit",), "properties/limit/maximum"
    if "reservation" in v:
        m1 = v["reservation"]
        if type(m1) is not int:
            return ("reservation",), "properties/reservation/type"
        if m1 < -1:
            return ("reservation",), "properties/reservation/minimum"
        if m1 > 9223372036854775807:
            return ("reservation",), "properties/reservation/maximum"
    if "swap" in v:
        m1 = v["swap"]
        if type(m1) is not int:
            return ("swap",), "properties/swap/type"
        if m1 < -1:
            return ("swap",), "properties/swap/minimum"
        if m1 > 9223372036854775807:
            return ("swap",), "properties/swap/maximum"
    if "kernel" in v:
        m1 = v["kernel"]
        if type(m1) is not int:
            return ("kernel",), "properties/kernel/type"
        if m1 < -1:
            return ("kernel",), "properties/kernel/minimum"
        if m1 > 9223372036854775807:
            return ("kernel",), "properties/kernel/maximum"
    if "kernelTCP" in v:
        m1 = v["kernelTCP"]
        if type(m1) is not int:
            return ("kernelTCP",), "properties/kernelTCP/type"
        if m1 < -1:
            return ("kernelTCP",), "properties/kernelTCP/minimum"
        if m1 > 9223372036854775807:
            return ("kernelTCP",), "properties/kernelTCP/maximum"
    if "swappiness" in v:
        m1 = v["swappiness"]
        if type(m1) is not int:
            return ("swappiness",), "properties/swappiness/type"
        if m1 < 0:
            return ("swappiness",), "properties/swappiness/minimum"
        if m1 > 100:
            return ("swappiness",), "properties/swappiness/maximum"
    if "disableOOMKiller" in v:
        m1 = v["disableOOMKiller"]
        if type(m1) is not bool:
            return ("disableOOMKiller",), "properties/disableOOMKiller/type"
    if "useHierarchy" in v:
        m1 = v["useHierarchy"]
        if type(m1) is not bool:
            return ("useHierarchy",), "properties/useHierarchy/type"
    if "checkBeforeUpdate" in v:
        m1 = v["checkBeforeUpdate"]
        if type(m1) is not bool:
            return ("checkBeforeUpdate",), "properties/checkBeforeUpdate/type"
    return None


def _resources_cpu(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if "shares" in v:
        m1 = v["shares"]
        if type(m1) is not int:
            return ("shares",), "properties/shares/type"
        if m1 < 0:
            return ("shares",), "properties/shares/minimum"
        if m1 > 18446744073709551615:
            return ("shares",), "properties/shares/maximum"
    if "quota" in v:
        m1 = v["quota"]
        if type(m1) is not int:
            return ("quota",), "properties/quota/type"
        if m1 < -1:
            return ("quota",), "properties/quota/minimum"
        if m1 > 9223372036854775807:
            return ("quota",), "properties/quota/maximum"
    if "period" in v:
        m1 = v["period"]
        if type(m1) is not int:
            return ("period",), "properties/period/type"
        if m1 < 0:
            return ("period",), "properties/period/minimum"
        if m1 > 18446744073709551615:
            return ("period",), "properties/period/maximum"
    if "burst" in v:
        m1 = v["burst"]
        if type(m1) is not int:
            return ("burst",), "properties/burst/type"
        if m1 < 0:
            return ("burst",), "properties/burst/minimum"
        if m1 > 18446744073709551615:
            return ("burst",), "properties/burst/maximum"
    if "realtimeRuntime" in v:
        m1 = v["realtimeRuntime"]
        if type(m1) is not int:
            return ("realtimeRuntime",), "properties/realtimeRuntime/type"
        if m1 < -1:
            return ("realtimeRuntime",), "properties/realtimeRuntime/minimum"
        if m1 > 9223372036854775807:
            return ("realtimeRuntime",), "properties/realtimeRuntime/maximum"
    if "realtimePeriod" in v:
        m1 = v["realtimePeriod"]
        if type(m1) is not int:
            return ("realtimePeriod",), "properties/realtimePeriod/type"
        if m1 < 0:
            return ("realtimePeriod",), "properties/realtimePeriod/minimum"
        if m1 > 18446744073709551615:
            return ("realtimePeriod",), "properties/realtimePeriod/maximum"
    if "cpus" in v:
        m1 = v["cpus"]
        if type(m1) is not str:
            return ("cpus",), "properties/cpus/type"
        if len(m1) > 16384:
            return ("cpus",), "properties/cpus/maxLength"
        if not (is_list(m1)):
            return ("cpus",), "properties/cpus/pattern"
    if "mems" in v:
        m1 = v["mems"]
        if type(m1) is not str:
            return ("mems",), "properties/mems/type"
        if len(m1) > 16384:
            return ("mems",), "properties/mems/maxLength"
        if not (is_list(m1)):
            return ("mems",), "properties/mems/pattern"
    if "idle" in v:
        m1 = v["idle"]
        if type(m1) is not int:
            return ("idle",), "properties/idle/type"
        if m1 < 0:
            return ("idle",), "properties/idle/minimum"
        if m1 > 1:
            return ("idle",), "properties/idle/maximum"
    return None


def _resources_blockIO(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if "weight" in v:
        m1 = v["weight"]
        if type(m1) is not int:
            return ("weight",), "properties/weight/type"
        if m1 < 0:
            return ("weight",), "properties/weight/minimum"
        if m1 > 65535:
            return ("weight",), "properties/weight/maximum"
    if "leafWeight" in v:
        m1 = v["leafWeight"]
        if type(m1) is not int:
            return ("leafWeight",), "properties/leafWeight/type"
        if m1 < 0:
            return ("leafWeight",), "properties/leafWeight/minimum"
        if m1 > 65535:
            return ("leafWeight",), "properties/leafWeight/maximum"
    if "weightDevice" in v:
        m1 = v["weightDevice"]
        if type(m1) is not list:
            return ("weightDevice",), "properties/weightDevice/type"
        for i2 in m1:
            if (f := _resources_weightDevice(i2)) is not None:
                return _below(("weightDevice", _at(m1, i2)), "properties/weightDevice/items", f)
    if "throttleReadBpsDevice" in v:
        m1 = v["throttleReadBpsDevice"]
        if (f := _resources_throttles(m1)) is not None:
            return _below(("throttleReadBpsDevice",), "properties/throttleReadBpsDevice", f)
    if "throttleWriteBpsDevice" in v:
        m1 = v["throttleWriteBpsDevice"]
        if (f := _resources_throttles(m1)) is not None:
            return _below(("throttleWriteBpsDevice",), "properties/throttleWriteBpsDevice", f)
    if "throttleReadIOPSDevice" in v:
        m1 = v["throttleReadIOPSDevice"]
        if (f := _resources_throttles(m1)) is not None:
            return _below(("throttleReadIOPSDevice",), "properties/throttleReadIOPSDevice", f)
    if "throttleWriteIOPSDevice" in v:
        m1 = v["throttleWriteIOPSDevice"]
        if (f := _resources_throttles(m1)) is not None:
            return _below(("throttleWriteIOPSDevice",), "properties/throttleWriteIOPSDevice", f)
    return None


def _resources_weightDevice(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("major" in v and "minor" in v):
        return (), "required"
    if not (("weight" in v) or ("leafWeight" in v)):
        return (), "anyOf"
    m1 = v["major"]
    if type(m1) is not int:
        return ("major",), "properties/major/type"
    if m1 < 0:
        return ("major",), "properties/major/minimum"
    if m1 > 4294967295:
        return ("major",), "properties/major/maximum"
    m1 = v["minor"]
    if type(m1) is not int:
        return ("minor",), "properties/minor/type"
    if m1 < 0:
        return ("minor",), "properties/minor/minimum"
    if m1 > 4294967295:
        return ("minor",), "properties/minor/maximum"
    if "weight" in v:
        m1 = v["weight"]
        if type(m1) is not int:
            return ("weight",), "properties/weight/type"
        if m1 < 0:
            return ("weight",), "properties/weight/minimum"
        if m1 > 65535:
            return ("weight",), "properties/weight/maximum"
    if "leafWeight" in v:
        m1 = v["leafWeight"]
        if type(m1) is not int:
            return ("leafWeight",), "properties/leafWeight/type"
        if m1 < 0:
            return ("leafWeight",), "properties/leafWeight/minimum"
        if m1 > 65535:
            return ("leafWeight",), "properties/leafWeight/maximum"
    return None


def _resources_throttles(v: Any) -> Failure:
    if type(v) is not list:
        return (), "type"
    for i1 in v:
        if (f := _resources_throttle(i1)) is not None:
            return _below((_at(v, i1),), "items", f)
    return None


def _resources_throttle(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("major" in v and "minor" in v and "rate" in v):
        return (), "required"
    m1 = v["major"]
    if type(m1) is not int:
        return ("major",), "properties/major/type"
    if m1 < 0:
        return ("major",), "properties/major/minimum"
    if m1 > 4294967295:
        return ("major",), "properties/major/maximum"
    m1 = v["minor"]
    if type(m1) is not int:
        return ("minor",), "properties/minor/type"
    if m1 < 0:
        return ("minor",), "properties/minor/minimum"
    if m1 > 4294967295:
        return ("minor",), "properties/minor/maximum"
    m1 = v["rate"]
    if type(m1) is not int:
        return ("rate",), "properties/rate/type"
    if m1 < 0:
        return ("rate",), "properties/rate/minimum"
    if m1 > 18446744073709551615:
        return ("rate",), "properties/rate/maximum"
    return None


def _resources_rdma(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not (("hcaHandles" in v) or ("hcaObjects" in v)):
        return (), "anyOf"
    if "hcaHandles" in v:
        m1 = v["hcaHandles"]
        if type(m1) is not int:
            return ("hcaHandles",), "properties/hcaHandles/type"
        if m1 < 0:
            return ("hcaHandles",), "properties/hcaHandles/minimum"
        if m1 > 4294967295:
            return ("hcaHandles",), "properties/hcaHandles/maximum"
    if "hcaObjects" in v:
        m1 = v["hcaObjects"]
        if type(m1) is not int:
            return ("hcaObjects",), "properties/hcaObjects/type"
        if m1 < 0:
            return ("hcaObjects",), "properties/hcaObjects/minimum"
        if m1 > 4294967295:
            return ("hcaObjects",), "properties/hcaObjects/maximum"
    return None


resources = _resources
