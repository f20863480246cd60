"""How machines of an elastic pool are started by the platform's own scaler."""

import base64
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from components.cloud import LaunchArgs
from components.clouds.aws.identities import MACHINE_PARTS, SPOT_REQUEST
from components.clouds.aws.identities import Identities as AwsIdentities
from components.clouds.aws.image import image_of
from components.clouds.aws.machine import METADATA_HOPS
from components.clouds.aws.network import Network as AwsNetwork
from components.clouds.aws.tags import tags
from components.config.aws import AwsPool
from components.ports import WORKER


class Launch(pulumi.ComponentResource):
    """A launch template: image, disk, role, tags and user data, hardened as the machines with names are.

    Outputs: `id`; `description`, all that the scaler says in a request: it chooses type and subnet, and asks
    for a network interface with or without a public address. A change makes a new version, for machines that
    come; those that are there stay as they are. An image that is newer is no change: replace the template
    (`pulumi up --replace`) for it. A machine that powers itself off is gone.
    """

    def __init__(self, name: str, args: LaunchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("agent-fleet:aws:Launch", f"{name}-launch", None, opts)
        fleet, pool = args.fleet, args.pool
        spec = cast(AwsPool, pool.spec)
        network = cast(AwsNetwork, args.network)
        image = image_of(spec, next(iter(pool.sizes.values())))
        spot = spec.market == "spot"
        of_machines = tags(fleet, name, pool=pool.name, role=WORKER)
        template = aws.ec2.LaunchTemplate(
            # the kind is in the name: of the same kind a newer image is ignored, another kind must not be
            f"{name}-template-{image.kind}",
            name_prefix=f"{fleet.stack}-{pool.name}-",
            image_id=image.id,
            update_default_version=True,
            instance_initiated_shutdown_behavior="terminate",
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(
                arn=cast(AwsIdentities, args.identities).arns[WORKER]
            ),
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=METADATA_HOPS,
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=image.root_device,
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=spec.disk_gib,
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=of_machines)
                for kind in (*MACHINE_PARTS, *([SPOT_REQUEST] if spot else []))
            ],
            user_data=args.user_data.apply(lambda text: base64.b64encode(text.encode()).decode()),
            tags=tags(fleet, name, pool=pool.name),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=[] if spec.image_id else ["imageId"]),
        )
        self.id: pulumi.Output[str] = template.id
        self.description: pulumi.Output[dict[str, Any]] = pulumi.Output.all(
            subnetIds=pulumi.Output.all(*(subnet.id for subnet in network.workers)),
            securityGroupIds=pulumi.Output.all(args.groups.ids[WORKER]),
            launchTemplateId=template.id,
            launchTemplateVersion=template.latest_version,
        ).apply(
            lambda known: {
                **known,
                "region": network.region,
                "zones": [subnet.zone for subnet in network.workers],
                "public": not network.private,
                "spot": spot,
                "tags": of_machines,
                "instanceTypes": {
                    kind: {"cpus": size.cpus, "memoryGib": size.memory_gib, "gpus": size.gpus}
                    for kind, size in pool.sizes.items()
                },
            }
        )
        self.register_outputs({"id": self.id})
