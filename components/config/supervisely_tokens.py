"""Secret keys that hold several tokens in one text. Pure."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from components.config.model import Config, vms_of
from components.config.settings_supervisely import AgentSettings

API, AGENTS = "superviselyApiTokens", "superviselyAgentTokens"


def pairs(text: str) -> dict[str, str]:
    """`<name>=<token> <name>=<token>`; a token alone has the name ''."""
    words = (word.partition("=") for word in text.split())
    return {name if sign else "": token if sign else name for name, sign, token in words}


def host_of(server: str) -> str:
    """With its port where the address has one."""
    return urlsplit(server).netloc


def api_token(tokens: Mapping[str, str], said: AgentSettings) -> str | None:
    """The token for the server of a GPU VM; one without a name is for the one server that there is."""
    return tokens.get(host_of(said.server_address), tokens.get(""))


def tokens(config: Config, values: Mapping[str, str]) -> dict[str, str]:
    """By `<key>/<server's host>` and `<key>/<GPU VM>`, those that the stack's GPU VMs use."""
    api, agents = pairs(values.get(API, "")), pairs(values.get(AGENTS, ""))
    found: dict[str, str] = {}
    for _, vm, said in vms_of(config, AgentSettings):
        token = api_token(api, said)
        if token is not None:
            found[f"{API}/{host_of(said.server_address)}"] = token
        if vm.name in agents:
            found[f"{AGENTS}/{vm.name}"] = agents[vm.name]
    return found
