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


_WORDS_0 = frozenset(("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"))
_WORDS_1 = frozenset(("c", "b", "u", "p"))
_WORDS_2 = frozenset(("MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL"))
_WORDS_3 = frozenset(("MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"))
_WORDS_4 = frozenset(("shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable"))
_WORDS_5 = frozenset(("LINUX", "LINUX32"))


def _config(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("ociVersion" in v and "root" in v):
        return (), "required"
    m1 = v["ociVersion"]
    if type(m1) is not str:
        return ("ociVersion",), "properties/ociVersion/type"
    if len(m1) > 256:
        return ("ociVersion",), "properties/ociVersion/maxLength"
    if not (is_semver(m1)):
        return ("ociVersion",), "properties/ociVersion/pattern"
    m1 = v["root"]
    if (f := _config_root(m1)) is not None:
        return _below(("root",), "properties/root", f)
    if "process" in v:
        m1 = v["process"]
        from pyrunc.config._check_process import _process
        if (f := _process(m1)) is not None:
            return _below(("process",), "properties/process", f)
    if "mounts" in v:
        m1 = v["mounts"]
        if type(m1) is not list:
            return ("mounts",), "properties/mounts/type"
        for i2 in m1:
            if (f := _config_mount(i2)) is not None:
                return _below(("mounts", _at(m1, i2)), "properties/mounts/items", f)
    if "hostname" in v:
        m1 = v["hostname"]
        if type(m1) is not str:
            return ("hostname",), "properties/hostname/type"
    if "domainname" in v:
        m1 = v["domainname"]
        if type(m1) is not str:
            return ("domainname",), "properties/domainname/type"
    if "hooks" in v:
        m1 = v["hooks"]
        if (f := _config_hooks(m1)) is not None:
            return _below(("hooks",), "properties/hooks", f)
    if "annotations" in v:
        m1 = v["annotations"]
        if (f := _common_annotations(m1)) is not None:
            return _below(("annotations",), "properties/annotations", f)
    if "linux" in v:
        m1 = v["linux"]
        if (f := _linux(m1)) is not None:
            return _below(("linux",), "properties/linux", f)
    return None


def _config_root(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("path" in v):
        return (), "required"
    m1 = v["path"]
    if type(m1) is not str:
        return ("path",), "properties/path/type"
    if len(m1) < 1:
        return ("path",), "properties/path/minLength"
    if "readonly" in v:
        m1 = v["readonly"]
        if type(m1) is not bool:
            return ("readonly",), "properties/readonly/type"
    return None


def _config_mount(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("destination" in v):
        return (), "required"
    if "uidMappings" in v and not ("gidMappings" in v):
        return (), "dependencies"
    if "gidMappings" in v and not ("uidMappings" in v):
        return (), "dependencies"
    m1 = v["destination"]
    if type(m1) is not str:
        return ("destination",), "properties/destination/type"
    if len(m1) < 1:
        return ("destination",), "properties/destination/minLength"
    if "source" in v:
        m1 = v["source"]
        if type(m1) is not str:
            return ("source",), "properties/source/type"
    if "type" in v:
        m1 = v["type"]
        if type(m1) is not str:
            return ("type",), "properties/type/type"
    if "options" in v:
        m1 = v["options"]
        if (f := _common_strings(m1)) is not None:
            return _below(("options",), "properties/options", f)
    if "uidMappings" in v:
        m1 = v["uidMappings"]
        if (f := _common_idMappings(m1)) is not None:
            return _below(("uidMappings",), "properties/uidMappings", f)
    if "gidMappings" in v:
        m1 = v["gidMappings"]
        if (f := _common_idMappings(m1)) is not None:
            return _below(("gidMappings",), "properties/gidMappings", f)
    return None


def _common_strings(v: Any) -> Failure:
    if type(v) is not list:
        return (), "type"
    for i1 in v:
        if type(i1) is not str:
            return (_at(v, i1),), "items/type"
    return None


def _common_idMappings(v: Any) -> Failure:
    if type(v) is not list:
        return (), "type"
    for i1 in v:
        if (f := _common_idMapping(i1)) is not None:
            return _below((_at(v, i1),), "items", f)
    return None


def _common_idMapping(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("containerID" in v and "hostID" in v and "size" in v):
        return (), "required"
    m1 = v["containerID"]
    if type(m1) is not int:
        return ("containerID",), "properties/containerID/type"
    if m1 < 0:
        return ("containerID",), "properties/containerID/minimum"
    if m1 > 4294967295:
        return ("containerID",), "properties/containerID/maximum"
    m1 = v["hostID"]
    if type(m1) is not int:
        return ("hostID",), "properties/hostID/type"
    if m1 < 0:
        return ("hostID",), "properties/hostID/minimum"
    if m1 > 4294967295:
        return ("hostID",), "properties/hostID/maximum"
    m1 = v["size"]
    if type(m1) is not int:
        return ("size",), "properties/size/type"
    if m1 < 1:
        return ("size",), "properties/size/minimum"
    if m1 > 4294967295:
        return ("size",), "properties/size/maximum"
    return None


def _config_hooks(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if "prestart" in v:
        m1 = v["prestart"]
        if (f := _config_hookList(m1)) is not None:
            return _below(("prestart",), "properties/prestart", f)
    if "createRuntime" in v:
        m1 = v["createRuntime"]
        if (f := _config_hookList(m1)) is not None:
            return _below(("createRuntime",), "properties/createRuntime", f)
    if "createContainer" in v:
        m1 = v["createContainer"]
        if (f := _config_hookList(m1)) is not None:
            return _below(("createContainer",), "properties/createContainer", f)
    if "startContainer" in v:
        m1 = v["startContainer"]
        if (f := _config_hookList(m1)) is not None:
            return _below(("startContainer",), "properties/startContainer", f)
    if "poststart" in v:
        m1 = v["poststart"]
        if (f := _config_hookList(m1)) is not None:
            return _below(("poststart",), "properties/poststart", f)
    if "poststop" in v:
        m1 = v["poststop"]
        if (f := _config_hookList(m1)) is not None:
            return _below(("poststop",), "properties/poststop", f)
    return None


def _config_hookList(v: Any) -> Failure:
    if type(v) is not list:
        return (), "type"
    for i1 in v:
        if (f := _config_hook(i1)) is not None:
            return _below((_at(v, i1),), "items", f)
    return None


def _config_hook(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("path" in v):
        return (), "required"
    m1 = v["path"]
    if type(m1) is not str:
        return ("path",), "properties/path/type"
    if not (m1[:1] == "/"):
        return ("path",), "properties/path/pattern"
    if "args" in v:
        m1 = v["args"]
        if (f := _common_strings(m1)) is not None:
            return _below(("args",), "properties/args", f)
    if "env" in v:
        m1 = v["env"]
        if (f := _common_strings(m1)) is not None:
            return _below(("env",), "properties/env", f)
    if "timeout" in v:
        m1 = v["timeout"]
        if type(m1) is not int:
            return ("timeout",), "properties/timeout/type"
        if m1 < 1:
            return ("timeout",), "properties/timeout/minimum"
        if m1 > 2147483647:
            return ("timeout",), "properties/timeout/maximum"
    return None


def _common_annotations(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    for k1, m1 in v.items():
        if type(m1) is not str:
            return (k1,), "additionalProperties/type"
    return None


def _linux(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if "namespaces" in v:
        m1 = v["namespaces"]
        if type(m1) is not list:
            return ("namespaces",), "properties/namespaces/type"
        for i2 in m1:
            if (f := _linux_namespace(i2)) is not None:
                return _below(("namespaces", _at(m1, i2)), "properties/namespaces/items", f)
    if "uidMappings" in v:
        m1 = v["uidMappings"]
        if (f := _common_idMappings(m1)) is not None:
            return _below(("uidMappings",), "properties/uidMappings", f)
    if "gidMappings" in v:
        m1 = v["gidMappings"]
        if (f := _common_idMappings(m1)) is not None:
            return _below(("gidMappings",), "properties/gidMappings", f)
    if "timeOffsets" in v:
        m1 = v["timeOffsets"]
        if type(m1) is not dict:
            return ("timeOffsets",), "properties/timeOffsets/type"
        for k2, m2 in m1.items():
            if (f := _linux_timeOffset(m2)) is not None:
                return _below(("timeOffsets", k2), "properties/timeOffsets/additionalProperties", f)
    if "devices" in v:
        m1 = v["devices"]
        if type(m1) is not list:
            return ("devices",), "properties/devices/type"
        for i2 in m1:
            if (f := _linux_device(i2)) is not None:
                return _below(("devices", _at(m1, i2)), "properties/devices/items", f)
    if "netDevices" in v:
        m1 = v["netDevices"]
        if type(m1) is not dict:
            return ("netDevices",), "properties/netDevices/type"
        for k2, m2 in m1.items():
            if type(m2) is not dict:
                return ("netDevices", k2), "properties/netDevices/additionalProperties/type"
            if "name" in m2:
                m3 = m2["name"]
                if type(m3) is not str:
                    return ("netDevices", k2, "name"), "properties/netDevices/additionalProperties/properties/name/type"
    if "cgroupsPath" in v:
        m1 = v["cgroupsPath"]
        if type(m1) is not str:
            return ("cgroupsPath",), "properties/cgroupsPath/type"
    if "resources" in v:
        m1 = v["resources"]
        from pyrunc.config._check_resources import _resources
        if (f := _resources(m1)) is not None:
            return _below(("resources",), "properties/resources", f)
    if "intelRdt" in v:
        m1 = v["intelRdt"]
        if (f := _linux_intelRdt(m1)) is not None:
            return _below(("intelRdt",), "properties/intelRdt", f)
    if "memoryPolicy" in v:
        m1 = v["memoryPolicy"]
        if (f := _linux_memoryPolicy(m1)) is not None:
            return _below(("memoryPolicy",), "properties/memoryPolicy", f)
    if "sysctl" in v:
        m1 = v["sysctl"]
        if type(m1) is not dict:
            return ("sysctl",), "properties/sysctl/type"
        for k2, m2 in m1.items():
            if type(m2) is not str:
                return ("sysctl", k2), "properties/sysctl/additionalProperties/type"
    if "seccomp" in v:
        m1 = v["seccomp"]
        from pyrunc.config._check_seccomp import _seccomp
        if (f := _seccomp(m1)) is not None:
            return _below(("seccomp",), "properties/seccomp", f)
    if "rootfsPropagation" in v:
        m1 = v["rootfsPropagation"]
        if type(m1) is not str:
            return ("rootfsPropagation",), "properties/rootfsPropagation/type"
        if m1 not in _WORDS_4:
            return ("rootfsPropagation",), "properties/rootfsPropagation/enum"
    if "maskedPaths" in v:
        m1 = v["maskedPaths"]
        if (f := _common_absolutePaths(m1)) is not None:
            return _below(("maskedPaths",), "properties/maskedPaths", f)
    if "readonlyPaths" in v:
        m1 = v["readonlyPaths"]
        if (f := _common_absolutePaths(m1)) is not None:
            return _below(("readonlyPaths",), "properties/readonlyPaths", f)
    if "mountLabel" in v:
        m1 = v["mountLabel"]
        if type(m1) is not str:
            return ("mountLabel",), "properties/mountLabel/type"
    if "personality" in v:
        m1 = v["personality"]
        if (f := _linux_personality(m1)) is not None:
            return _below(("personality",), "properties/personality", f)
    return None


def _linux_namespace(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("type" in v):
        return (), "required"
    m1 = v["type"]
    if type(m1) is not str:
        return ("type",), "properties/type/type"
    if m1 not in _WORDS_0:
        return ("type",), "properties/type/enum"
    if "path" in v:
        m1 = v["path"]
        if type(m1) is not str:
            return ("path",), "properties/path/type"
        if not (m1[:1] == "/"):
            return ("path",), "properties/path/pattern"
    return None


def _linux_timeOffset(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if "secs" in v:
        m1 = v["secs"]
        if type(m1) is not int:
            return ("secs",), "properties/secs/type"
        if m1 < -9223372036854775808:
            return ("secs",), "properties/secs/minimum"
        if m1 > 9223372036854775807:
            return ("secs",), "properties/secs/maximum"
    if "nanosecs" in v:
        m1 = v["nanosecs"]
        if type(m1) is not int:
            return ("nanosecs",), "properties/nanosecs/type"
        if m1 < 0:
            return ("nanosecs",), "properties/nanosecs/minimum"
        if m1 > 999999999:
            return ("nanosecs",), "properties/nanosecs/maximum"
    return None


def _linux_device(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("type" in v and "path" in v):
        return (), "required"
    m1 = v["type"]
    if type(m1) is not str:
        return ("type",), "properties/type/type"
    if m1 not in _WORDS_1:
        return ("type",), "properties/type/enum"
    m1 = v["path"]
    if type(m1) is not str:
        return ("path",), "properties/path/type"
    if not (m1[:1] == "/"):
        return ("path",), "properties/path/pattern"
    if "major" in v:
        m1 = v["major"]
        if type(m1) is not int:
            return ("major",), "properties/major/type"
        if m1 < 0:
            return ("major",), "properties/major/minimum"
        if m1 > 4095:
            return ("major",), "properties/major/maximum"
    if "minor" in v:
        m1 = v["minor"]
        if type(m1) is not int:
            return ("minor",), "properties/minor/type"
        if m1 < 0:
            return ("minor",), "properties/minor/minimum"
        if m1 > 1048575:
            return ("minor",), "properties/minor/maximum"
    if "fileMode" in v:
        m1 = v["fileMode"]
        if type(m1) is not int:
            return ("fileMode",), "properties/fileMode/type"
        if m1 < 0:
            return ("fileMode",), "properties/fileMode/minimum"
        if m1 > 4095:
            return ("fileMode",), "properties/fileMode/maximum"
    if "uid" in v:
        m1 = v["uid"]
        if type(m1) is not int:
            return ("uid",), "properties/uid/type"
        if m1 < 0:
            return ("uid",), "properties/uid/minimum"
        if m1 > 4294967294:
            return ("uid",), "properties/uid/maximum"
    if "gid" in v:
        m1 = v["gid"]
        if type(m1) is not int:
            return ("gid",), "properties/gid/type"
        if m1 < 0:
            return ("gid",), "properties/gid/minimum"
        if m1 > 4294967294:
            return ("gid",), "properties/gid/maximum"
    return None


def _linux_intelRdt(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if "closID" in v:
        m1 = v["closID"]
        if type(m1) is not str:
            return ("closID",), "properties/closID/type"
    if "schemata" in v:
        m1 = v["schemata"]
        if type(m1) is not list:
            return ("schemata",), "properties/schemata/type"
        for i2 in m1:
            if type(i2) is not str:
                return ("schemata", _at(m1, i2)), "properties/schemata/items/type"
            if not ("\n" not in i2):
                return ("schemata", _at(m1, i2)), "properties/schemata/items/pattern"
    if "l3CacheSchema" in v:
        m1 = v["l3CacheSchema"]
        if type(m1) is not str:
            return ("l3CacheSchema",), "properties/l3CacheSchema/type"
    if "memBwSchema" in v:
        m1 = v["memBwSchema"]
        if type(m1) is not str:
            return ("memBwSchema",), "properties/memBwSchema/type"
        if not (is_mbps(m1)):
            return ("memBwSchema",), "properties/memBwSchema/pattern"
    if "enableMonitoring" in v:
        m1 = v["enableMonitoring"]
        if type(m1) is not bool:
            return ("enableMonitoring",), "properties/enableMonitoring/type"
    return None


def _linux_memoryPolicy(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("mode" in v):
        return (), "required"
    m1 = v["mode"]
    if type(m1) is not str:
        return ("mode",), "properties/mode/type"
    if m1 not in _WORDS_2:
        return ("mode",), "properties/mode/enum"
    if "nodes" in v:
        m1 = v["nodes"]
        if type(m1) is not str:
            return ("nodes",), "properties/nodes/type"
        if len(m1) > 16384:
            return ("nodes",), "properties/nodes/maxLength"
        if not (is_list(m1)):
            return ("nodes",), "properties/nodes/pattern"
    if "flags" in v:
        m1 = v["flags"]
        if type(m1) is not list:
            return ("flags",), "properties/flags/type"
        for i2 in m1:
            if type(i2) is not str:
                return ("flags", _at(m1, i2)), "properties/flags/items/type"
            if i2 not in _WORDS_3:
                return ("flags", _at(m1, i2)), "properties/flags/items/enum"
    return None


def _common_absolutePaths(v: Any) -> Failure:
    if type(v) is not list:
        return (), "type"
    for i1 in v:
        if type(i1) is not str:
            return (_at(v, i1),), "items/type"
        if not (i1[:1] == "/"):
            return (_at(v, i1),), "items/pattern"
    return None


def _linux_personality(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("domain" in v):
        return (), "required"
    m1 = v["domain"]
    if type(m1) is not str:
        return ("domain",), "properties/domain/type"
    if m1 not in _WORDS_5:
        return ("domain",), "properties/domain/enum"
    if "flags" in v:
        m1 = v["flags"]
        if (f := _common_strings(m1)) is not None:
            return _below(("flags",), "properties/flags", f)
    return None


config = _config
