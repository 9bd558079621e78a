# SPDX-License-Identifier: Apache-2.0
"""pyrunc, an OCI container runtime: Python decides, a small C core does."""

__version__ = "0.1.0"
