# SPDX-License-Identifier: Apache-2.0
"""The bundles that all runtimes are given: one static program in the default spec, and larger
ones.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyrunc.config.default import default_config

HERE = Path(__file__).parent
Config = dict[str, Any]


class Bundles:
    """Bundles with one static program, `small`, in the default spec: `true`, `pause`, and those
    that are made when they are asked for.
    """

    def __init__(self, home: Path, cgroups: str) -> None:
        self.home = home
        self._v2 = cgroups == "v2"
        self.small = home / "small"
        compiler = shutil.which("musl-gcc") or "gcc"
        subprocess.run(
            [compiler, "-static", "-Os", "-s", "-o", self.small, HERE / "small.c"], check=True
        )
        self.true = self._made("true")
        self.pause = self._made("pause", lambda config: config["process"]["args"].append("pause"))
        self.process = home / "process.json"
        self.process.write_text(json.dumps(self._config()["process"]))

    def grown(self, what: str, size: int) -> Path:
        """The program with so many more `mounts`, entries of `env`, or seccomp `rules`."""
        return self._made(f"{what}-{size}", lambda config: GROW[what](config, size, self.home))

    def limited(self, kib: int) -> Path:
        """The program with a limit of its memory."""

        def limit(config: Config) -> None:
            config["linux"]["resources"] = {"memory": {"limit": kib << 10}}

        return self._made(f"limit-{kib}", limit)

    @property
    def refused(self) -> Path:
        """A config that every runtime refuses."""
        return self._made("refused", _wrong)

    def _made(self, name: str, change: Callable[[Config], object] | None = None) -> Path:
        path = self.home / name
        if path.exists():
            return path
        rootfs = path / "rootfs"
        for directory in ("dev", "proc", "sys", "tmp", "etc", "m"):
            (rootfs / directory).mkdir(parents=True)
        shutil.copy2(self.small, rootfs / "small")
        config = self._config()
        if change:
            change(config)
        (path / "config.json").write_text(json.dumps(config))
        return path

    def _config(self) -> Config:
        """The default spec, without what not all of the three can do on every host.

        Debian's crun refuses a newer version of the standard, and raises RLIMIT_MEMLOCK for its
        device program (linux.resources), which not every machine allows.
        """
        config: Config = dict(default_config(cgroup_v2=self._v2))
        config["ociVersion"] = "1.0.2"
        config["process"].update(args=["/small"], terminal=False)
        config["linux"].pop("resources", None)
        return config


def _wrong(config: Config) -> None:
    config["linux"]["namespaces"][0]["type"] = "nope"


def _mounts(config: Config, size: int, home: Path) -> None:
    (home / "source").mkdir(exist_ok=True)
    # crun has a descriptor open for each mount when it has already set RLIMIT_NOFILE.
    del config["process"]["rlimits"]
    config["mounts"] += [
        {
            "destination": f"/m/{n}",
            "type": "bind",
            "source": str(home / "source"),
            "options": ["bind", "ro"],
        }
        for n in range(size)
    ]


def _env(config: Config, size: int, _home: Path) -> None:
    config["process"]["env"] += [f"NAME_{n}=the value of {n}" for n in range(size)]


def _rules(config: Config, size: int, _home: Path) -> None:
    """Rules of a call that the program does not make."""
    config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {
                "names": ["personality"],
                "action": "SCMP_ACT_ERRNO",
                "args": [{"index": 0, "value": 1000 + n, "op": "SCMP_CMP_EQ"}],
            }
            for n in range(size)
        ],
    }


GROW: dict[str, Callable[[Config, int, Path], None]] = {
    "mounts": _mounts,
    "env": _env,
    "rules": _rules,
}
