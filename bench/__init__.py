# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: nothing here decides whether the project is right, all of it how fast it is."""
