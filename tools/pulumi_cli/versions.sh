# shellcheck shell=bash disable=SC2034  # read by the scripts that source this file
# What setup gets where the user has nothing good enough.

# The engine's Go modules: engine/go.mod names the same version.
PULUMI_VERSION=3.250.0

# Must match pulumi-command in requirements.txt: the engine asks for the SDK's own version.
COMMAND_VERSION=1.2.1

# Builds the modules above (they ask for at least GO_MINIMUM). The sums are the lines of the public
# checksum database, sum.golang.org, for golang.org/toolchain v0.0.1-go<GO_VERSION>.linux-<arch>.
GO_MINIMUM=1.25.11
GO_VERSION=1.26.8
GO_SUM_AMD64=h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=
GO_SUM_ARM64=h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc=
