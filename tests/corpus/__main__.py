# SPDX-License-Identifier: Apache-2.0
"""Writes the corpus: `python -m tests.corpus`."""

from __future__ import annotations

from tests.corpus.make import main

main()
