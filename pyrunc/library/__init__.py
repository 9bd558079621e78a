# SPDX-License-Identifier: Apache-2.0
"""The library: containers from one Python process, without a command line and without printing."""
