"""Local hosts: machines as podman containers with systemd, cloud-init, OpenSSH and nftables.

The "API" of the cloud `local`. Standard library only, so that it runs before anything is installed.
"""
