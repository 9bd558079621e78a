# SPDX-License-Identifier: Apache-2.0
"""The verbs and their lines of help; each has a module in `verbs` that is loaded when called."""

VERBS = {
    "checkpoint": "checkpoint a running container",
    "create": "create a container",
    "delete": "delete any resources held by the container",
    "events": "display container events: OOM notifications, cpu, memory and IO usage statistics",
    "exec": "execute new process inside the container",
    "features": "show the enabled features",
    "kill": "send the specified signal (default: SIGTERM) to the container's init process",
    "list": "list containers started by pyrunc with the given root",
    "pause": "suspend all processes inside the container",
    "ps": "display the processes running inside a container",
    "restore": "restore a container from a previous checkpoint",
    "resume": "resume all processes that have been previously paused",
    "run": "create and run a container",
    "spec": "create a new specification file",
    "start": "execute the user defined process in a created container",
    "state": "output the state of a container",
    "update": "update container resource constraints",
    "validate": "check a bundle's config.json and explain what is wrong with it",
}
