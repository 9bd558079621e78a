# SPDX-License-Identifier: Apache-2.0
"""Constants with the names of the kernel and of the standard."""
