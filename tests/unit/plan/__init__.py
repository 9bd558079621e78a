# SPDX-License-Identifier: Apache-2.0
"""Pure tests of pyrunc/plan: no privileges, no kernel, no extension."""
