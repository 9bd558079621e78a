# SPDX-License-Identifier: Apache-2.0
"""The second layer: what the standard demands and no schema can say, one small pure rule each.

A rule takes the whole config (or process, or resources), which the first layer has found to be
of the right shape, and yields problems. `validate` runs all of them.
"""
