# SPDX-License-Identifier: Apache-2.0
"""A minimal bundle for $OCI_RUNTIME, made by its own `spec`, and the call of the runtime."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

APPLETS = ("sh", "cat", "id", "echo", "sleep", "true", "false", "mount", "hostname")


def command() -> list[str]:
    """Return the runtime's argv prefix."""
    return shlex.split(os.environ["OCI_RUNTIME"])


def driver() -> str:
    """Return the cgroup driver that this run is about."""
    return "systemd" if "--systemd-cgroup" in command() else "cgroupfs"


def rootless() -> bool:
    return os.getuid() != 0


def make_rootfs(path: Path) -> Path:
    """Fill `path` with busybox and its links."""
    (path / "bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", path / "bin/busybox")
    for applet in APPLETS:
        (path / "bin" / applet).symlink_to("busybox")
    for name in ("proc", "sys", "dev", "tmp", "etc"):
        (path / name).mkdir()
    return path


class Bundle:
    """A bundle directory below `home`, its container's id, and the runtime's calls."""

    def __init__(self, home: Path) -> None:
        home.chmod(0o755)
        self.path, self.root = home / "bundle", home / "root"
        self.name = f"vm{secrets.token_hex(4)}"
        make_rootfs(self.path / "rootfs")
        self.runtime("spec", *(["--rootless"] if rootless() else []), cwd=self.path)
        self.config: dict[str, Any] = json.loads((self.path / "config.json").read_text())
        self.config["process"]["terminal"] = False
        if driver() == "systemd":
            self.cgroup(f"{'user' if rootless() else 'system'}.slice:pyrunc:{self.name}")

    def cgroup(self, path: str) -> None:
        self.config["linux"]["cgroupsPath"] = path

    def limit(self, **resources: dict[str, Any]) -> None:
        """Add to linux.resources."""
        self.config["linux"].setdefault("resources", {}).update(resources)

    def has_state(self) -> bool:
        """Say whether the runtime still keeps something for the container."""
        return (self.root / self.name).exists()

    def status(self) -> str:
        """Return the container's status."""
        return str(json.loads(self.runtime("state", self.name).stdout)["status"])

    def args(self, *words: str) -> None:
        self.config["process"]["args"] = list(words)
        (self.path / "config.json").write_text(json.dumps(self.config))

    def runtime(
        self,
        *args: str,
        check: bool = True,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Call the runtime to its end; with `check` it must succeed.

        Output goes through files: a detached container keeps the runtime's descriptors open.
        """
        argv = [*command(), "--root", str(self.root), *args]
        out = self.root.with_name(f"out-{secrets.token_hex(4)}")
        with out.open("w+") as stdout, out.with_suffix(".err").open("w+") as stderr:
            done = subprocess.run(
                argv, check=False, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL,
                cwd=cwd, env=env, timeout=120,
            )  # fmt: skip
            texts = [stream.seek(0) or stream.read() for stream in (stdout, stderr)]
        if check:
            assert done.returncode == 0, f"{shlex.join(argv)}: {texts[1]}"
        return subprocess.CompletedProcess(argv, done.returncode, *texts)

    def fails(self, *words: str, env: dict[str, str] | None = None) -> str:
        """Run `words` where that must be refused without a trace; return the one line on stderr."""
        self.args(*words)
        call = ["run", "--bundle", str(self.path), self.name]
        done = self.runtime(*call, check=False, env=env)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
        assert not self.has_state()
        return done.stderr

    def default_root(self, *args: str) -> None:
        """Call the runtime without --root; it must succeed."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        with (self.path / "stderr").open("w+") as stderr:
            done = subprocess.run([*command(), *args], check=False, stderr=stderr, **streams)
            stderr.seek(0)
            assert done.returncode == 0, stderr.read()

    def run(self, *words: str) -> str:
        """Run `words` in the container in the foreground; return its stdout."""
        self.args(*words)
        return self.runtime("run", "--bundle", str(self.path), self.name).stdout

    def start(self, *words: str) -> None:
        """Start `words` in the background."""
        self.args(*words)
        self.runtime("run", "--detach", "--bundle", str(self.path), self.name)
