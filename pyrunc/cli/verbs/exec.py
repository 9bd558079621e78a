# SPDX-License-Identifier: Apache-2.0
"""exec: one more process inside a container."""

from __future__ import annotations

from pyrunc.cli import options
from pyrunc.cli.tables import BOOL, LIST, TEXT, Command, Option
from pyrunc.errors import UsageError
from pyrunc.runtime.options import ExecOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyrunc.cli.call import Call

COMMAND = Command(
    "exec",
    "execute new process inside the container",
    arguments="<container-id> <command> [command options]  || -p process.json <container-id>",
    description="""
The process is the container's own (its user, environment, capabilities ...) with the changes the
options make, or all that process.json says. To list the processes of a container:

    # {name} exec <container-id> ps

The exit code is the process's, 128 + N when signal N ended it, 255 when it could not be executed.
""",
    options=(
        options.CONSOLE_SOCKET,
        options.PIDFD_SOCKET,
        Option("cwd", TEXT, "current working directory in the container"),
        Option("env", LIST, "set an environment variable (NAME=value)", short="e"),
        Option("tty", BOOL, "allocate a pseudoterminal", short="t"),
        Option("user", TEXT, "user in the form uid[:gid], in numbers", short="u"),
        Option("additional-gids", LIST, "one more group id", short="g"),
        Option("process", TEXT, "path of a process.json", short="p"),
        options.DETACH,
        options.PID_FILE,
        Option("process-label", TEXT, "SELinux label of the process"),
        Option("apparmor", TEXT, "AppArmor profile of the process"),
        Option("no-new-privs", BOOL, "set no_new_privs for the process"),
        Option("cap", LIST, "add a capability to the process", short="c"),
        options.PRESERVE_FDS,
        Option("cgroup", LIST, "run in an existing sub-cgroup: [controller,...:]path"),
        Option("ignore-paused", BOOL, "allow exec in a paused container"),
        Option("no-subreaper", BOOL, "", hidden=True),
    ),
    most=None,
    stop_early=True,
    prefix="exec failed: ",
    failure=255,
)


def run(call: Call) -> int:
    """Returns the process's exit status (0 when detached)."""
    told = options.told_of_end()
    if told:
        from pyrunc.runtime import foreground

        return foreground.ended(call.context, "", told)
    options_given = exec_options(call)
    from pyrunc.runtime import execute

    return execute.execute(call.context, call.args[0], options_given)


def exec_options(call: Call) -> ExecOptions:
    """The options as the runtime wants them; UsageError when they make no sense."""
    args = call.args[1:]
    process = options.absolute(call.text("process"))
    if not args and not process:
        raise UsageError("process args cannot be empty")
    given = call.given
    return ExecOptions(
        args=args,
        process=process,
        console_socket=options.absolute(call.text("console-socket")),
        pidfd_socket=options.absolute(call.text("pidfd-socket")),
        cwd=call.text("cwd") or None,
        env=call.list("env"),
        tty=call.flag("tty") if "tty" in given else None,
        user=call.text("user") if "user" in given else None,
        additional_gids=[_gid(text) for text in call.list("additional-gids")],
        detach=call.flag("detach"),
        pid_file=options.absolute(call.text("pid-file")),
        process_label=call.text("process-label"),
        apparmor=call.text("apparmor"),
        no_new_privs=call.flag("no-new-privs") if "no-new-privs" in given else None,
        cap=call.list("cap"),
        preserve_fds=options.preserve_fds(call),
        cgroup=call.list("cgroup"),
        ignore_paused=call.flag("ignore-paused"),
        no_subreaper=call.flag("no-subreaper"),
        door=options.door(call),
    )


def _gid(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 0xFFFF_FFFE:
        raise UsageError(f'invalid value "{text}" for --additional-gids: use a group id in numbers')
    return int(text)
