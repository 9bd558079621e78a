# SPDX-License-Identifier: Apache-2.0
"""Prints the packages of one optional group of pyproject.toml (default: test), for pip."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
print(*project["optional-dependencies"][sys.argv[1] if len(sys.argv) > 1 else "test"])
