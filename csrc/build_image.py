# SPDX-License-Identifier: Apache-2.0
"""Puts the image of a started interpreter (csrc/image.c) into its executable."""

from __future__ import annotations

import os
import re
import secrets
import sys
from pathlib import Path

import build_core

WORD = 8  # bytes

# Modules in C that the package imports; `_json` alone is loaded when first used.
BUILT_IN = {"_blake2", "_socket", "_struct", "errno", "fcntl", "math", "select"}


def possible() -> bool:
    """True for the Python whose insides image.c knows, with its modules in C built in (Debian's).

    What the dynamic linker places cannot be in an image; its relocations are known for x86-64.
    """
    return (sys.version_info[:2] == (3, 11) and set(sys.builtin_module_names) >= BUILT_IN
            and os.uname().machine == "x86_64")


def seed() -> int:
    """What the hashes of strings start from (PYTHONHASHSEED): another number for each build."""
    return secrets.randbelow((1 << 32) - 1) + 1


def add(without: Path, target: Path) -> None:
    """Makes `target`: the interpreter `without` an image, with the image of its own start.

    A rehearsal says first what of it is to lie together (image_room.c). The image is made twice, in
    processes whose C library, stack and mappings lie elsewhere: what were not equal would be an
    address, or a number, that only that process knows. BuildError then.
    """
    number = str(seed())
    images = [without.with_name(name) for name in ("image1", "image2")]
    profile = without.with_name("profile")
    for made in (profile, *images):
        made.unlink(missing_ok=True)
    clean = ["env", "-i", str(without)]
    build_core.run([*clean, "--rehearse", str(profile), number])
    for image in images:
        build_core.run([*clean, "--make-image", str(image), number, str(profile)])
    first, second = (image.read_bytes() for image in images)
    linked = _relocated(without)
    for at in range(0, len(first), WORD):
        if first[at:at + WORD] != second[at:at + WORD] and at not in linked:
            raise build_core.BuildError(
                f"two images of {without} differ at byte {at}: Python keeps something there that "
                "belongs to one process (csrc/image.c)")
    build_core.run(["objcopy", "--update-section", f".pr_image={images[0]}", str(without),
                    str(target)])


def _relocated(executable: Path) -> set[int]:
    """Offsets in section .pr_image of the words that the dynamic linker writes at each start."""
    sections = build_core.output(["readelf", "-SW", str(executable)])
    [base] = re.findall(r" \.pr_image +PROGBITS +([0-9a-f]+)", sections)
    relocations = build_core.output(["readelf", "-rW", str(executable)])
    found = re.findall(r"^([0-9a-f]{12,}) .* R_X86_64_", relocations, re.MULTILINE)
    return {int(address, 16) - int(base, 16) for address in found}
