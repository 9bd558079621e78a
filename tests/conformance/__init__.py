# SPDX-License-Identifier: Apache-2.0
"""Which requirement of the standard is shown by which test."""
