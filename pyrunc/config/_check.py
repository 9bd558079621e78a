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
_WORDS_4 = frozenset(("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"))
_WORDS_5 = frozenset(("c", "b", "u", "p"))
_WORDS_6 = frozenset(("a", "c", "b"))
_WORDS_7 = frozenset(("MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL"))
_WORDS_8 = frozenset(("MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"))
_WORDS_9 = frozenset(("SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"))
_WORDS_10 = frozenset(("SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB"))
_WORDS_11 = frozenset(("SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
_WORDS_12 = frozenset(("SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"))
_WORDS_13 = frozenset(("shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable"))
_WORDS_14 = frozenset(("LINUX", "LINUX32"))


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
        if (f := _seccomp(m1)) is not None:
            return _below(("seccomp",), "properties/seccomp", f)
    if "rootfsPropagation" in v:
        m1 = v["rootfsPropagation"]
        if type(m1) is not str:
            return ("rootfsPropagation",), "properties/rootfsPropagation/type"
        if m1 not in _WORDS_13:
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
    if m1 not in _WORDS_4:
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
    if m1 not in _WORDS_5:
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
        if m1 not in _WORDS_6:
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
    if m1 not in _WORDS_7:
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
            if i2 not in _WORDS_8:
                return ("flags", _at(m1, i2)), "properties/flags/items/enum"
    return None


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
    if m1 not in _WORDS_9:
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
            if i2 not in _WORDS_10:
                return ("architectures", _at(m1, i2)), "properties/architectures/items/enum"
    if "flags" in v:
        m1 = v["flags"]
        if type(m1) is not list:
            return ("flags",), "properties/flags/type"
        for i2 in m1:
            if type(i2) is not str:
                return ("flags", _at(m1, i2)), "properties/flags/items/type"
            if i2 not in _WORDS_11:
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
    if m1 not in _WORDS_9:
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
    if m1 not in _WORDS_12:
        return ("op",), "properties/op/enum"
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
    if m1 not in _WORDS_14:
        return ("domain",), "properties/domain/enum"
    if "flags" in v:
        m1 = v["flags"]
        if (f := _common_strings(m1)) is not None:
            return _below(("flags",), "properties/flags", f)
    return None


config = _config
process = _process
resources = _resources
