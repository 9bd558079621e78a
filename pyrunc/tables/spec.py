# SPDX-License-Identifier: Apache-2.0
"""The standard itself: its versions, file names, hook arrays and annotation words."""

OCI_VERSION_MIN = "1.0.0"
OCI_VERSION = "1.3.0"
OCI_MAJOR = 1
OCI_MINOR = 3

CONFIG_NAME = "config.json"

# hooks member: the operation that runs it (HK-9)
HOOKS = {
    "prestart": "create",
    "createRuntime": "create",
    "createContainer": "create",
    "startContainer": "start",
    "poststart": "start",
    "poststop": "delete",
}

STATUSES = ("creating", "created", "running", "paused", "stopped")

# ANN-5: the keys of the reserved org.opencontainers namespace that have a meaning.
IMAGE_ANNOTATIONS = (
    "org.opencontainers.image.os",
    "org.opencontainers.image.os.version",
    "org.opencontainers.image.os.features",
    "org.opencontainers.image.architecture",
    "org.opencontainers.image.variant",
    "org.opencontainers.image.author",
    "org.opencontainers.image.created",
    "org.opencontainers.image.stopSignal",
)
