# SPDX-License-Identifier: Apache-2.0
"""Bytes in, a checked config out; asks nothing of the kernel."""
