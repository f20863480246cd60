"""What stand-ins for Pulumi's resource plugins share: the wire, the engine's log, differences, serving."""
