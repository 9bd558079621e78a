# SPDX-License-Identifier: Apache-2.0
"""The lifecycle of containers: create, start, run, exec, kill, delete."""
