"""A stand-in for the resource plugin of pulumi-command 1.2.1, for machines that cannot download it.

What it is for: tests and stacks on local hosts. `command:remote:Command` and `command:local:Command` do here
what pulumi-command 1.2.1 does, down to the texts of errors; `tests/conformance` runs the same programs over
either plugin and asserts the same observations.

Install: the engine takes an executable named `pulumi-resource-command` from PATH, so one line is enough:

    ln -s ../../tools/command_plugin/pulumi-resource-command .fleet/bin/pulumi-resource-command

The executable finds the project by following that link. Where it was copied instead, AGENT_FLEET_HOME names
the project folder. It runs on the project's own venv, and needs the packages grpcio and asyncssh there.
Never put it into a user's own plugin folder (~/.pulumi/plugins): later real stacks would use it.

Differences from pulumi-command 1.2.1, all on purpose:

- an output line of 64 KiB or more with logging on hangs the real plugin for ever; here the step fails at once
  and says so. Either way the step never succeeds;
- CopyToRemote, CopyFile, local.run, assetPaths and archivePaths are refused with an error that names them;
- a private key in OpenSSH's format with a password needs the Python package bcrypt beside asyncssh;
- a few texts of handshake errors are shorter (which algorithms were offered, which name server was asked);
- output that is not UTF-8 makes the real plugin fail; here such bytes become U+FFFD;
- an SSH connection is closed after its command (the real plugin keeps it until the plugin ends);
- the plugin ends within two seconds after the engine has died (the real one within five minutes).
"""
