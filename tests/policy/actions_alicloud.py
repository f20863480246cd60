"""What an operator must be allowed to do on Alibaba Cloud, by what the program asks for.

By resource type and look-up: what Terraform's provider calls to make, read, change and remove each, as its
source says. RAM names an action as the API does, except that `vpc` has elastic addresses as well.
"""

_ECS_TAGS = ("ecs:TagResources", "ecs:UntagResources")
_VPC_TAGS = ("vpc:TagResources", "vpc:UnTagResources")
_EIP = ("vpc:DescribeEipAddresses",)

TYPES: dict[str, tuple[str, ...]] = {
    "alicloud_vpc": (
        *_VPC_TAGS,
        *("vpc:CreateVpc", "vpc:DeleteVpc", "vpc:ModifyVpcAttribute", "vpc:DescribeVpcAttribute"),
        *("vpc:DescribeRouteTableList", "vpc:DescribeVpcs"),
    ),
    "alicloud_vswitch": (
        *_VPC_TAGS,
        *("vpc:CreateVSwitch", "vpc:DeleteVSwitch", "vpc:ModifyVSwitchAttribute"),
        "vpc:DescribeVSwitchAttributes",
    ),
    "alicloud_nat_gateway": (
        *_VPC_TAGS,
        *("vpc:CreateNatGateway", "vpc:DeleteNatGateway", "vpc:ModifyNatGatewayAttribute"),
        *("vpc:DescribeNatGateways", "vpc:ListTagResources", "ram:CreateServiceLinkedRole"),
    ),
    "alicloud_snat_entry": (
        *("vpc:CreateSnatEntry", "vpc:DeleteSnatEntry", "vpc:ModifySnatEntry"),
        "vpc:DescribeSnatTableEntries",
    ),
    "alicloud_eip_address": (
        *(*_VPC_TAGS, *_EIP),
        *("vpc:AllocateEipAddress", "vpc:ReleaseEipAddress", "vpc:ModifyEipAddressAttribute"),
        "vpc:DescribeHighDefinitionMonitorLogAttribute",
    ),
    "alicloud_eip_association": (*_EIP, "vpc:AssociateEipAddress", "vpc:UnassociateEipAddress"),
    "alicloud_security_group": (
        *_ECS_TAGS,
        *("ecs:CreateSecurityGroup", "ecs:DeleteSecurityGroup", "ecs:ModifySecurityGroupAttribute"),
        *(
            "ecs:ModifySecurityGroupPolicy",
            "ecs:DescribeSecurityGroups",
            "ecs:DescribeSecurityGroupAttribute",
        ),
    ),
    "alicloud_security_group_rule": (
        *("ecs:AuthorizeSecurityGroup", "ecs:AuthorizeSecurityGroupEgress", "ecs:RevokeSecurityGroup"),
        *("ecs:RevokeSecurityGroupEgress", "ecs:ModifySecurityGroupRule"),
        "ecs:DescribeSecurityGroupAttribute",
    ),
    "alicloud_instance": (
        *_ECS_TAGS,
        *("ecs:RunInstances", "ecs:DeleteInstance", "ecs:ModifyInstanceAttribute"),
        *("ecs:ModifyInstanceAutoReleaseTime", "ecs:ModifyInstanceMetadataOptions"),
        *("ecs:DescribeInstances", "ecs:DescribeUserData", "ecs:DescribeDisks"),
        *("ecs:DescribeInstanceRamRole", "ecs:DescribeNetworkInterfaces"),
        *("ecs:DescribeInstanceMaintenanceAttributes", "ecs:DescribeInstanceAttribute"),
    ),
    "alicloud_ecs_disk": (
        *_ECS_TAGS,
        *("ecs:CreateDisk", "ecs:DeleteDisk", "ecs:ResizeDisk", "ecs:ModifyDiskAttribute"),
        "ecs:DescribeDisks",
    ),
    # nothing of the program's detaches one
    "alicloud_ecs_disk_attachment": ("ecs:AttachDisk", "ecs:ModifyDiskAttribute", "ecs:DescribeDisks"),
    "alicloud_nas_file_system": (
        *("nas:CreateFileSystem", "nas:DeleteFileSystem", "nas:ModifyFileSystem", "nas:DescribeFileSystems"),
        *("nas:TagResources", "nas:UntagResources", "nas:ListTagResources", "nas:GetRecycleBinAttribute"),
        "nas:DescribeNfsAcl",
    ),
    "alicloud_nas_access_group": (
        *("nas:CreateAccessGroup", "nas:DeleteAccessGroup", "nas:ModifyAccessGroup"),
        "nas:DescribeAccessGroups",
    ),
    "alicloud_nas_access_rule": (
        *("nas:CreateAccessRule", "nas:DeleteAccessRule", "nas:ModifyAccessRule", "nas:DescribeAccessRules"),
    ),
    "alicloud_nas_mount_target": (
        *("nas:CreateMountTarget", "nas:DeleteMountTarget", "nas:ModifyMountTarget"),
        "nas:DescribeMountTargets",
    ),
}

LOOK_UPS: dict[str, tuple[str, ...]] = {
    "index/getRegions": ("ecs:DescribeRegions",),
    "index/getCallerIdentity": ("sts:GetCallerIdentity",),
    "index/getZones": ("ecs:DescribeZones", "ecs:DescribeAvailableResource"),
    "ecs/getInstanceTypes": (
        *("ecs:DescribeInstanceTypes", "ecs:DescribeAvailableResource", "bssapi:GetPayAsYouGoPrice"),
    ),
    "ecs/getImages": ("ecs:DescribeImages",),
    "ecs/getInstances": ("ecs:DescribeInstances", "ecs:DescribeDisks", "ecs:DescribeInstanceRamRole"),
    "ecs/getEcsDisks": ("ecs:DescribeDisks",),
    "vpc/getNetworks": ("vpc:DescribeVpcs", "vpc:DescribeRouteTableList"),
    "vpc/getSwitches": ("vpc:DescribeVSwitches", "vpc:DescribeVSwitchAttributes"),
    "vpc/getNatGateways": ("vpc:DescribeNatGateways",),
    # the API's own spelling
    "vpc/getEnhancedNatAvailableZones": ("vpc:ListEnhanhcedNatGatewayAvailableZones",),
    "nas/getZones": ("nas:DescribeZones",),
    "nas/getFileSystems": ("nas:DescribeFileSystems",),
    "quotas/getQuotas": ("quotas:ListProductQuotas",),
}
