# SPDX-License-Identifier: Apache-2.0
"""The program: arguments, lookup, working directory, environment, signals, scheduling, scores."""

from __future__ import annotations

import os
import signal

import pytest

from .harness import Container, departs, needs, probes
from .harness.probes import real_time_groups


def status(container: Container) -> dict[str, str]:
    """The fields of /proc/self/status of a program in the container."""
    container.bundle.args("/bin/cat", "/proc/self/status")
    return {
        name: value.strip()
        for name, _, value in (line.partition(":") for line in container.report())
    }


def test_args(container: Container) -> None:
    """PRC-6: args is the argv in full: empty, blank and odd arguments as they are."""
    container.bundle.args("/bin/inside", "argv", "", "two words", "-x", "--", "ü", "$HOME", "*")
    assert container.report() == ["argv", "", "two words", "-x", "--", "ü", "$HOME", "*"]


def test_many_args(container: Container) -> None:
    """PRC-6: a long argument list arrives whole."""
    words = [f"argument-{number}" for number in range(3000)]
    container.bundle.args("/bin/inside", "argv", *words)
    assert container.report() == ["argv", *words]


def test_lookup_in_path(container: Container) -> None:
    """PRC-6: a bare name is looked up in the container's PATH, in its order."""
    container.bundle.file("one/prog", "#!/bin/sh\necho one\n")
    container.bundle.file("two/prog", "#!/bin/sh\necho two\n")
    container.bundle.process["env"] = ["PATH=/nothing:/two:/one:/bin"]
    container.bundle.args("prog")
    assert container.report() == ["two"]


def test_lookup_skips_what_cannot_run(container: Container) -> None:
    """PRC-6: a file without x bits earlier in PATH is passed over."""
    container.bundle.file("one/prog", "#!/bin/sh\necho one\n", mode=0o644)
    container.bundle.file("two/prog", "#!/bin/sh\necho two\n")
    container.bundle.process["env"] = ["PATH=/one:/two:/bin"]
    container.bundle.args("prog")
    assert container.report() == ["two"]


def test_lookup_skips_directories(container: Container) -> None:
    """PRC-6: a directory earlier in PATH is passed over."""
    (container.bundle.rootfs / "one/prog").mkdir(parents=True)
    container.bundle.file("two/prog", "#!/bin/sh\necho two\n")
    container.bundle.process["env"] = ["PATH=/one:/two:/bin"]
    container.bundle.args("prog")
    assert container.report() == ["two"]


def test_lookup_is_not_the_hosts(container: Container) -> None:
    """PRC-6: the PATH of the runtime's own environment plays no part."""
    container.bundle.process["env"] = ["PATH=/bin"]
    container.bundle.args("true")
    assert container.run(env={"PATH": "/nothing"}).code == 0


def test_relative_program(container: Container) -> None:
    """PRC-6: a relative path with a slash is taken from cwd."""
    container.bundle.file("home/tester/prog", "#!/bin/sh\necho here\n")
    container.bundle.process["cwd"] = "/home/tester"
    container.bundle.args("./prog")
    assert container.report() == ["here"]


def test_script_without_interpreter(container: Container) -> None:
    """LIF-1: when the interpreter of a script is missing the program's failure is one line."""
    container.bundle.file("prog", "#!/nothing/like/it\n")
    container.bundle.args("/prog")
    result = container.run()
    assert result.code == 255 or result.code == 1
    assert "/prog: no such file or directory" in result.err
    assert len(result.err.splitlines()) == 1


def test_not_a_program(container: Container) -> None:
    """LIF-1: a file that is no program at all: exec format error."""
    container.bundle.file("prog", "\x00\x01\x02 nothing")
    container.bundle.args("/prog")
    result = container.run()
    assert result.code in (1, 255)
    assert "exec format error" in result.err


@pytest.mark.parametrize("path", ["/", "/home/tester", "/tmp"])
def test_cwd(container: Container, path: str) -> None:
    """PRC-4: cwd is the program's working directory."""
    container.bundle.process["cwd"] = path
    container.bundle.inside("cwd")
    assert container.report() == [path]


def test_cwd_is_made(container: Container) -> None:
    """PRC-4: a missing cwd is made."""
    container.bundle.process["cwd"] = "/made/on/demand"
    container.bundle.inside("cwd")
    assert container.report() == ["/made/on/demand"]


def test_cwd_of_the_user_only(container: Container) -> None:
    """PRC-4: a cwd that only the user may enter, and not root without capabilities, works."""
    private = container.bundle.rootfs / "private"
    private.mkdir(mode=0o700)
    os.chown(private, 1000, 1000)
    container.bundle.process.update(cwd="/private", user={"uid": 1000, "gid": 1000})
    del container.bundle.process["capabilities"]
    container.bundle.inside("cwd")
    assert container.report() == ["/private"]


def test_cwd_is_a_file(container: Container) -> None:
    """PRC-4: a cwd that is a file is an error of create."""
    container.bundle.process["cwd"] = "/etc/passwd"
    assert "not a directory" in container.fails()


def test_cwd_through_a_link(container: Container) -> None:
    """PRC-4: a link in cwd is followed inside the container's root."""
    (container.bundle.rootfs / "link").symlink_to("/home/tester")
    container.bundle.process["cwd"] = "/link"
    container.bundle.inside("cwd")
    assert container.report() == ["/home/tester"]


@pytest.mark.parametrize("number", range(3, 12))
def test_cwd_may_not_be_a_leaked_descriptor(container: Container, number: int) -> None:
    """PRC-4: cwd=/proc/self/fd/N is refused, or is the container's own root; never a host's."""
    container.bundle.process["cwd"] = f"/proc/self/fd/{number}"
    container.bundle.sh("inside cwd; [ . -ef / ] && echo root")
    result = container.run()
    assert (result.code, result.lines) in ((1, []), (0, ["/", "root"]))


def test_env(container: Container) -> None:
    """PRC-5: env is the whole environment, in its order; only HOME is added."""
    container.bundle.process["env"] = ["PATH=/bin", "B=2 x", "A=", "C==1"]
    container.bundle.inside("env")
    lines = container.report()
    assert [line for line in lines if not line.startswith("HOME=")] == [
        "PATH=/bin", "B=2 x", "A=", "C==1",
    ]  # fmt: skip


def test_env_of_the_caller_stays_out(container: Container) -> None:
    """PRC-5: nothing of the runtime's environment is in the program's."""
    container.bundle.inside("env")
    result = container.run(env={"PATH": os.environ["PATH"], "SECRET": "x"})
    assert [line for line in result.lines if "SECRET" in line] == []


def test_env_duplicates(container: Container) -> None:
    """PRC-5: of a name given twice the last value holds."""
    container.bundle.process["env"] = ["PATH=/bin", "A=1", "A=2"]
    container.bundle.args("/bin/sh", "-c", "echo $A")
    assert container.report() == ["2"]


@departs("runc", "1.1 passes both entries on")
def test_env_duplicates_are_removed(container: Container) -> None:
    """PRC-5: a name stands in the environment once."""
    container.bundle.process["env"] = ["PATH=/bin", "A=1", "A=2"]
    container.bundle.inside("env")
    assert [line for line in container.report() if line.startswith("A=")] == ["A=2"]


@pytest.mark.parametrize(("uid", "wanted"), [(0, "/root"), (1000, "/home/tester"), (4242, "/")])
def test_home(container: Container, uid: int, wanted: str) -> None:
    """PRC-5: HOME is added from the container's /etc/passwd, "/" for a user not in it."""
    container.bundle.process["user"] = {"uid": uid, "gid": 0}
    container.bundle.inside("env")
    assert f"HOME={wanted}" in container.report()


def test_home_given(container: Container) -> None:
    """PRC-5: a HOME in env is kept."""
    container.bundle.process["env"].append("HOME=/elsewhere")
    container.bundle.inside("env")
    assert [line for line in container.report() if line.startswith("HOME")] == ["HOME=/elsewhere"]


def test_home_without_passwd(container: Container) -> None:
    """PRC-5: without /etc/passwd HOME is "/"."""
    (container.bundle.rootfs / "etc/passwd").unlink()
    container.bundle.inside("env")
    assert "HOME=/" in container.report()


def test_no_new_privileges(container: Container) -> None:
    """NNP-1: noNewPrivileges true sets the bit."""
    container.bundle.process["noNewPrivileges"] = True
    assert status(container)["NoNewPrivs"] == "1"


def test_new_privileges(container: Container) -> None:
    """NNP-1: noNewPrivileges absent leaves the bit unset."""
    assert status(container)["NoNewPrivs"] == "0"


def test_no_new_privileges_and_setuid(container: Container) -> None:
    """NNP-1: with noNewPrivileges a setuid program gives nothing."""
    (container.bundle.rootfs / "bin/inside").chmod(0o4755)
    process = container.bundle.process
    process.update(user={"uid": 1000, "gid": 1000}, noNewPrivileges=True)
    container.bundle.inside("ids")
    assert container.report()[0] == "1000 1000 1000 1000 1000 1000"


def test_setuid_without_it(container: Container) -> None:
    """NNP-1: without noNewPrivileges a setuid program works."""
    (container.bundle.rootfs / "bin/inside").chmod(0o4755)
    container.bundle.process["user"] = {"uid": 1000, "gid": 1000}
    container.bundle.inside("ids")
    assert container.report()[0] == "1000 0 0 1000 1000 1000"


@pytest.mark.parametrize("score", [0, 100, 1000])
def test_oom_score(container: Container, score: int) -> None:
    """OOM-1: oomScoreAdj is set, 0 too."""
    container.bundle.process["oomScoreAdj"] = score
    container.bundle.args("/bin/cat", "/proc/self/oom_score_adj")
    assert container.report() == [str(score)]


def test_oom_score_untouched(container: Container) -> None:
    """OOM-2: without oomScoreAdj the caller's value is inherited."""
    container.bundle.args("/bin/cat", "/proc/self/oom_score_adj")
    prefix = ["/bin/sh", "-c", 'echo 321 > /proc/self/oom_score_adj; exec "$@"', "sh"]
    result = container.run(prefix=prefix)
    assert (result.code, result.out) == (0, "321\n")


@pytest.mark.parametrize("name", ["SIGPIPE", "SIGINT", "SIGTERM", "SIGCHLD", "SIGUSR1", "SIGHUP"])
def test_ignored_signals_are_reset(container: Container, name: str) -> None:
    """PRC-6: a signal that the caller ignores has its default effect in the program."""
    container.bundle.args("/bin/cat", "/proc/self/status")
    number = signal.Signals[name]
    result = container.run(
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN) and None, restore_signals=False
    )
    [ignored] = [int(line.split()[1], 16) for line in result.lines if line.startswith("SigIgn")]
    assert ignored == 0


@departs("runc", "1.1 hands a blocked SIGUSR1 on")
def test_blocked_signals_are_reset(container: Container) -> None:
    """PRC-6: signals that the caller blocks are not blocked in the program."""
    container.bundle.args("/bin/cat", "/proc/self/status")
    blocked = {signal.SIGUSR1, signal.SIGTERM, signal.SIGCHLD}
    result = container.run(
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, blocked) and None
    )
    [mask] = [int(line.split()[1], 16) for line in result.lines if line.startswith("SigBlk")]
    assert mask == 0


def test_is_pid_1(container: Container) -> None:
    """NS-3: in its own pid namespace the program is process 1 and sees no other."""
    container.bundle.sh("echo $$; ls /proc | grep '^[0-9]' | sort -n | head -n 1")
    assert container.report() == ["1", "1"]


def test_is_a_session_leader(container: Container) -> None:
    """PRC-2: the program leads its own session."""
    container.bundle.args("/bin/cat", "/proc/self/stat")
    pid, _, rest = container.report()[0].partition(" (cat) ")
    assert rest.split()[3] == pid == "1"


def test_stays_dumpable(container: Container) -> None:
    """PRC-6: the program itself is dumpable, as after any exec."""
    container.bundle.inside("ids")
    assert "dumpable 1" in container.report()


@departs("runc", "1.1 runs itself from a read-only bind mount")
def test_waiting_process_is_not_the_hosts_program(container: Container) -> None:
    """PRC-8: what waits for start is not the runtime's own file, which a container could reach."""
    container.create()
    executable = f"/proc/{container.pid}/exe"
    assert not os.path.samefile(executable, container.runtime.command[0])
    assert os.stat(executable).st_nlink == 0


def test_no_parent_death_signal(container: Container) -> None:
    """OPS-C3: the waiting process outlives the process that called create."""
    container.create()
    container.start()
    assert container.status == "running"


@departs("runc", "1.1 does not know scheduler")
@pytest.mark.parametrize(
    ("scheduler", "wanted"),
    [
        ({"policy": "SCHED_OTHER", "nice": 5}, "0 0 5 0"),
        ({"policy": "SCHED_BATCH", "nice": 3}, "3 0 3 0"),
        ({"policy": "SCHED_IDLE"}, "5 0 0 0"),
        ({"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_RESET_ON_FORK"]}, "0 1 0 0"),
    ],
)
def test_scheduler(container: Container, scheduler: dict[str, object], wanted: str) -> None:
    """SCH-4: the scheduler's policy, flags, nice and priority are the program's."""
    container.bundle.process["scheduler"] = scheduler
    container.bundle.inside("sched")
    assert container.report()[0].startswith(wanted + " ")


@departs("runc", "1.1 does not know scheduler")
@needs(real_time_groups)
@pytest.mark.parametrize(
    ("scheduler", "wanted"),
    [
        ({"policy": "SCHED_FIFO", "priority": 7}, "1 0 0 7"),
        ({"policy": "SCHED_RR", "priority": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}, "2 1 0 3"),
    ],
)
def test_real_time_scheduler(
    container: Container, scheduler: dict[str, object], wanted: str
) -> None:
    """SCH-4: the real-time policies and their priority are the program's."""
    container.bundle.process["scheduler"] = scheduler
    container.bundle.inside("sched")
    assert container.report()[0].startswith(wanted + " ")


@departs("runc", "1.1 does not know ioPriority")
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("IOPRIO_CLASS_BE", 2),
        pytest.param("IOPRIO_CLASS_RT", 1, marks=needs(probes.higher_priority)),
        ("IOPRIO_CLASS_IDLE", 3),
    ],
)
def test_io_priority(container: Container, name: str, number: int) -> None:
    """IOP-2: the I/O priority is the program's."""
    container.bundle.process["ioPriority"] = {"class": name, "priority": 4}
    container.bundle.inside("sched")
    assert container.report()[1] == f"ioprio {number} 4"


def test_affinity_of_exec_is_not_inits(container: Container) -> None:
    """AFF-1: execCPUAffinity does not touch the container's first process."""
    container.bundle.process["execCPUAffinity"] = {"initial": "0", "final": "0"}
    container.bundle.inside("sched")
    cpus = " ".join(map(str, sorted(os.sched_getaffinity(0))))
    assert container.report()[2] == f"cpus {cpus}"


@departs("runc", "1.1 does not know execCPUAffinity")
def test_affinity_of_exec(container: Container) -> None:
    """AFF-3: an exec'd program runs on the CPUs of `final`."""
    container.bundle.process["execCPUAffinity"] = {"initial": "0", "final": "0"}
    container.up()
    assert container.exec("inside", "sched").lines[2] == "cpus 0"


@departs("runc", "1.1 does not know personality")
def test_personality(container: Container) -> None:
    """PER-1: LINUX32 makes uname say a 32-bit machine."""
    container.bundle.linux["personality"] = {"domain": "LINUX32"}
    container.bundle.args("/bin/uname", "-m")
    assert container.report() in (["i686"], ["armv8l"], ["armv7l"])


def test_session_keyring(container: Container) -> None:
    """PRC-6: the program has a session keyring of its own, named after the container."""
    container.bundle.inside("keyring")
    assert container.report()[0].endswith(f"_ses.{container.id}")


def test_no_new_keyring(container: Container) -> None:
    """PRC-6: with --no-new-keyring there is no such keyring."""
    container.bundle.inside("keyring")
    assert f"_ses.{container.id}" not in container.run("--no-new-keyring").out
