# SPDX-License-Identifier: Apache-2.0
"""Pure functions from a config to the ops the C core executes."""
