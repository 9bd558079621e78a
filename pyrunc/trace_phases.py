# SPDX-License-Identifier: Apache-2.0
"""The phases that --trace shows: one row for each function at the border of a room."""

from __future__ import annotations

_CREATE, _EXEC = "pyrunc.runtime.create", "pyrunc.runtime.execute"
_STATE, _DELETE = "pyrunc.runtime.state", "pyrunc.runtime.delete"
_STAGE, _NATIVE = "pyrunc.runtime.stage", "pyrunc.native"

# Module, function, phase, category, and which argument says what it is about (-1: none). "wait" is
# where this process sleeps in the kernel for another one.
PHASES: tuple[tuple[str, str, str, str, int], ...] = (
    ("pyrunc.cli.main", "_perform", "verb", "verb", -1),
    ("pyrunc.cli.tables", "by_name", "its options", "work", -1),
    ("pyrunc.cli.parser", "parse", "read the command line", "work", -1),
    ("pyrunc.cli.main", "_open_trace", "open the trace file", "work", -1),
    ("pyrunc.cli.globals", "make_context", "context", "work", -1),
    # config
    ("pyrunc.config.bundle", "open_bundle", "read the bundle", "work", 0),
    ("pyrunc.config.validate", "load_config", "validate", "work", -1),
    ("pyrunc.config.validate", "load_process", "validate process.json", "work", -1),
    # the host and the plan
    (_CREATE, "Making.__init__", "look at what is asked for", "work", -1),
    (_CREATE, "Making._facts", "facts about the host", "work", -1),
    (_EXEC, "Executing._facts", "facts about the host", "work", -1),
    (_EXEC, "_process", "the process", "work", -1),
    (_CREATE, "Making._plan", "plan", "work", -1),
    ("pyrunc.plan.enter", "exec_plan", "plan", "work", -1),
    ("pyrunc.plan.ops", "Plan.encode", "encode the plan", "work", -1),
    # cgroups
    ("pyrunc.cgroups", "open_manager", "find the cgroups", "work", 0),
    ("pyrunc.cgroups", "from_state", "find the cgroups", "work", -1),
    (_CREATE, "Making._make_cgroup", "cgroups", "work", -1),
    ("pyrunc.cgroups.manager", "Manager.create", "make the cgroups", "work", -1),
    ("pyrunc.cgroups.manager", "Manager.apply", "set the limits", "work", -1),
    ("pyrunc.cgroups.v2", "ManagerV2.apply_devices", "set the device rules", "work", -1),
    ("pyrunc.cgroups.v1", "ManagerV1.apply_devices", "set the device rules", "work", -1),
    ("pyrunc.cgroups.manager", "Manager.frozen", "read the freezer", "work", -1),
    ("pyrunc.cgroups.manager", "Manager.pids", "read the pids", "work", -1),
    ("pyrunc.cgroups.manager", "Manager.kill", "kill the cgroup", "work", -1),
    ("pyrunc.cgroups.manager", "Manager.freeze", "freeze", "wait", 1),
    ("pyrunc.cgroups.manager", "Manager.remove", "remove the cgroups", "work", -1),
    # state and record
    (_STATE, "new", "state directory", "work", 1),
    (_STATE, "load", "read the state", "work", 1),
    (_STATE, "Lock.__enter__", "lock", "wait", -1),
    (_STATE, "State.status", "derive the status", "work", -1),
    (_STATE, "State.config", "read the snapshot of config.json", "work", -1),
    (_STATE, "State.prepare", "write state.json", "work", -1),
    (_STATE, "State.publish", "put it in its place", "work", -1),
    (_CREATE, "Making._write_record", "write the early state", "work", -1),
    ("pyrunc.runtime.record", "prepare", "write the record", "work", -1),
    ("pyrunc.runtime.process", "open_pidfd", "open the process", "work", -1),
    ("pyrunc.runtime.process", "with_process", "signal the process", "work", -1),
    ("pyrunc.runtime.entering", "write_pid_file", "write the pid file", "work", 0),
    # the stage
    (_CREATE, "Making._spawn", "spawn", "work", -1),
    (_EXEC, "Executing._spawn", "spawn", "work", -1),
    (_STAGE, "Stage.spawn", "start the stage", "work", -1),
    (_NATIVE, "seal_executable", "seal the executable", "work", -1),
    (_NATIVE, "seal_plan", "seal the plan", "work", -1),
    (_NATIVE, "spawn", "clone3 until exec", "wait", -1),
    (_NATIVE, "recv", "wait for the stage", "wait", -1),
    (_NATIVE, "send_go", "GO", "work", -1),
    (_NATIVE, "take_fd", "take a descriptor of the stage", "wait", -1),
    (_CREATE, "Making._maps", "SYNC maps", "work", -1),
    (_CREATE, "Making._sources", "SYNC sources", "work", -1),
    (_CREATE, "Making._network", "SYNC network", "work", -1),
    (_CREATE, "Making._hooks", "SYNC hooks", "work", -1),
    (_CREATE, "Making._limits", "SYNC limits", "work", -1),
    (_EXEC, "Executing._limits", "SYNC limits", "work", -1),
    (_CREATE, "Making._meanwhile", "while the stage mounts", "work", -1),
    (_CREATE, "Making._compile", "compile the seccomp filter", "work", -1),
    (_EXEC, "Executing._compile", "compile the seccomp filter", "work", -1),
    (_CREATE, "Making._seccomp", "SYNC seccomp", "work", -1),
    (_EXEC, "Executing._seccomp", "SYNC seccomp", "work", -1),
    (_CREATE, "Making._console", "console", "work", -1),
    (_EXEC, "Executing._console", "console", "work", -1),
    (_CREATE, "Making._ready", "READY", "work", -1),
    (_EXEC, "Executing._ready", "READY", "work", -1),
    (_STAGE, "Stage.go_on", "let the stage go on", "work", -1),
    (_STAGE, "Stage.until_executed", "wait for execve", "wait", -1),
    # after it
    (_NATIVE, "start", "wait for execve", "wait", -1),
    ("pyrunc.runtime.hooks", "run_hooks", "hooks", "work", 1),
    (_NATIVE, "run_hook", "hook", "wait", 0),
    (_NATIVE, "relay", "wait for the program", "wait", -1),
    (_NATIVE, "wait_exit", "wait for the end", "wait", -1),
    (_DELETE, "end", "end the processes", "work", -1),
    (_DELETE, "destroy", "delete", "work", -1),
    (_DELETE, "remove_tree", "remove the state directory", "work", 0),
)
