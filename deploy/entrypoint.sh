#!/bin/sh
# Tell the others where this container is, and read what an orchestrator keeps in files.
set -eu

# Swarm and Kubernetes can mount secrets as files; the program takes variables.
if [ -r /run/secrets/hubbub_database ]; then
    HUBBUB_DATABASE=$(cat /run/secrets/hubbub_database)
    export HUBBUB_DATABASE
fi
if [ -r /run/secrets/hubbub_bus ]; then
    HUBBUB_BUS=$(cat /run/secrets/hubbub_bus)
    export HUBBUB_BUS
fi

# A node listens on every address of its container.  Others reach it by the container's name, which leads them to its
# address on the network that they share.
if [ "${1:-}" = serve ] && [ -n "${HUBBUB_BUS:-}" ]; then
    : "${HUBBUB_ADVERTISE:=$(hostname):${HUBBUB_LISTEN##*:}}"
    export HUBBUB_ADVERTISE
    if [ -n "${HUBBUB_LISTEN_TCP:-}" ]; then
        : "${HUBBUB_ADVERTISE_TCP:=$(hostname):${HUBBUB_LISTEN_TCP##*:}}"
        export HUBBUB_ADVERTISE_TCP
    fi
fi

exec hubbub "$@"
