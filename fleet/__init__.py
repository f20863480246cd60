"""The operator's commands: `python -m fleet COMMAND`."""
