"""What must hold before a run on a real cloud: asked once, before anything is made or removed."""

from components.config.model import REGION_KEYS
from fleet import engine, mirrors
from fleet.clouds import CloudError, operate_of, place_of
from fleet.engine import paths, sim, stacks
from fleet.errors import UserError

NEEDS_NOTHING = (None, "local")


def before(name: str, *, making: bool) -> None:
    """What a real cloud and the operator's computer must have.

    Raises:
        UserError: the state is nobody else's, credentials do not hold, a place that `packages` names does not
            have what it should, or a plugin is missing.
    """
    config = stacks.config_if_any(paths.ROOT, name)
    cloud = config.get("cloud")
    if cloud in NEEDS_NOTHING or sim.on():
        return
    operate = operate_of(cloud)
    if making and config.get("allowLocalState") is not True:
        _refuse_own_state(name, str(cloud))
    try:
        print(f"==> {operate.check(place_of(name))}", flush=True)
    except CloudError as error:
        raise UserError(f"stack {name} on {cloud}: {error}") from None
    if making:
        mirrors.check(name, config)
    if cloud in REGION_KEYS:
        engine.ensure_plugin(str(cloud))


def _refuse_own_state(name: str, cloud: str) -> None:
    where = engine.backend()
    if not where.startswith("file://"):
        return
    raise UserError(
        f"stack {name} is on {cloud}, and its state would lie in a folder of this computer: nobody else "
        f"could change or remove what it makes, and nobody at all if the folder were lost. Log in to a state "
        f"that your team shares (pulumi login, or pulumi login s3://BUCKET), or write "
        f"`agent-fleet:allowLocalState: true` into Pulumi.{paths.short_name(name)}.yaml"
    )
