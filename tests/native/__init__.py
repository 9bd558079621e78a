# SPDX-License-Identifier: Apache-2.0
"""The C core through the extension: each function's results, errors and descriptors."""
