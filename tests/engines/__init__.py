# SPDX-License-Identifier: Apache-2.0
"""Real engines (podman, docker, containerd) run with the runtime under test."""
