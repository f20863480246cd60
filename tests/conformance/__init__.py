"""What a pulumi-command plugin does, seen through the real engine and a real sshd.

COMMAND_PLUGIN names the plugin (an executable `pulumi-resource-command`); without it, it is the stand-in of
tools/command_plugin. The same assertions hold for the real plugin 1.2.1: run them over it wherever it can be
had.
"""
