"""What an operator must be allowed to do, by what the program and the commands ask for.

By resource type and look-up of the SDK: what Terraform's provider calls to make, read, change and remove each
with the arguments that the program gives, as its source has it. What `fleet` asks for is seen in the test.
"""

_EIP = ("vpc:DescribeEipAddresses", "vpc:AssociateEipAddress", "vpc:UnassociateEipAddress")

TYPES: dict[str, tuple[str, ...]] = {
    "vpc.Network": (
        *("vpc:CreateVpc", "vpc:ModifyVpcAttribute", "vpc:DeleteVpc", "vpc:TagResources"),
        *("vpc:UnTagResources", "vpc:DescribeVpcAttribute", "vpc:DescribeRouteTableList"),
    ),
    "vpc.Switch": (
        *("vpc:CreateVSwitch", "vpc:ModifyVSwitchAttribute", "vpc:DeleteVSwitch", "vpc:TagResources"),
        *("vpc:UnTagResources", "vpc:DescribeVSwitchAttributes"),
    ),
    "vpc.NatGateway": (
        *("vpc:CreateNatGateway", "vpc:ModifyNatGatewayAttribute", "vpc:DeleteNatGateway"),
        *("vpc:TagResources", "vpc:UnTagResources", "vpc:DescribeNatGateways", "vpc:ListTagResources"),
        # the first one of an account makes the role by which NAT stands in a vSwitch
        "ram:CreateServiceLinkedRole",
    ),
    "vpc.SnatEntry": (
        *("vpc:CreateSnatEntry", "vpc:ModifySnatEntry", "vpc:DeleteSnatEntry"),
        "vpc:DescribeSnatTableEntries",
    ),
    "ecs.EipAddress": (
        *("vpc:AllocateEipAddress", "vpc:ModifyEipAddressAttribute", "vpc:ReleaseEipAddress"),
        *("vpc:TagResources", "vpc:UnTagResources", "vpc:DescribeEipAddresses"),
        "vpc:DescribeHighDefinitionMonitorLogAttribute",
    ),
    "ecs.EipAssociation": _EIP,
    "ecs.SecurityGroup": (
        *("ecs:CreateSecurityGroup", "ecs:ModifySecurityGroupAttribute", "ecs:ModifySecurityGroupPolicy"),
        *("ecs:DeleteSecurityGroup", "ecs:TagResources", "ecs:UntagResources"),
        *("ecs:DescribeSecurityGroups", "ecs:DescribeSecurityGroupAttribute"),
    ),
    "ecs.SecurityGroupRule": (
        *("ecs:AuthorizeSecurityGroup", "ecs:AuthorizeSecurityGroupEgress", "ecs:ModifySecurityGroupRule"),
        *("ecs:RevokeSecurityGroup", "ecs:RevokeSecurityGroupEgress", "ecs:DescribeSecurityGroupAttribute"),
    ),
    "ecs.Instance": (
        *("ecs:RunInstances", "ecs:DeleteInstance", "ecs:StartInstance", "ecs:StopInstance"),
        *("ecs:ModifyInstanceAttribute", "ecs:ModifyInstanceAutoReleaseTime", "ecs:TagResources"),
        *("ecs:ModifyInstanceMetadataOptions", "ecs:UntagResources", "ecs:DescribeInstances"),
        *("ecs:DescribeInstanceAttribute", "ecs:DescribeInstanceAttachmentAttributes", "ecs:DescribeDisks"),
        *("ecs:DescribeInstanceAutoRenewAttribute", "ecs:DescribeInstanceMaintenanceAttributes"),
        *("ecs:DescribeInstanceRamRole", "ecs:DescribeNetworkInterfaces", "ecs:DescribeUserData"),
        *("ecs:DescribeAvailableResource", "vpc:DescribeVSwitchAttributes"),
    ),
    "nas.FileSystem": (
        *("nas:CreateFileSystem", "nas:ModifyFileSystem", "nas:DeleteFileSystem", "nas:TagResources"),
        *("nas:UntagResources", "nas:ListTagResources", "nas:DescribeFileSystems", "nas:DescribeNfsAcl"),
        *("nas:DescribeSmbAcl", "nas:GetRecycleBinAttribute"),
    ),
    "nas.AccessGroup": (
        *("nas:CreateAccessGroup", "nas:ModifyAccessGroup", "nas:DeleteAccessGroup"),
        "nas:DescribeAccessGroups",
    ),
    "nas.AccessRule": (
        *("nas:CreateAccessRule", "nas:ModifyAccessRule", "nas:DeleteAccessRule", "nas:DescribeAccessRules"),
    ),
    "nas.MountTarget": (
        *("nas:CreateMountTarget", "nas:ModifyMountTarget", "nas:DeleteMountTarget"),
        *("nas:DescribeMountTargets", "vpc:DescribeVSwitchAttributes"),
    ),
}

LOOK_UPS: dict[str, tuple[str, ...]] = {
    "get_regions": ("ecs:DescribeRegions",),
    "get_caller_identity": ("sts:GetCallerIdentity",),
    "get_zones": ("ecs:DescribeRegions", "ecs:DescribeZones", "ecs:DescribeAvailableResource"),
    "ecs.get_instance_types": (
        *("ecs:DescribeInstanceTypes", "ecs:DescribeAvailableResource"),
        # the price: which of the two it asks for was not found in what Alibaba publishes
        *("bssapi:GetPayAsYouGoPrice", "bss:DescribePrice"),
    ),
    "ecs.get_images": ("ecs:DescribeImages",),
    "ecs.get_instances": ("ecs:DescribeInstances", "ecs:DescribeInstanceRamRole", "ecs:DescribeDisks"),
    "vpc.get_networks": ("vpc:DescribeVpcs", "vpc:DescribeRouteTableList"),
    "vpc.get_switches": ("vpc:DescribeVSwitches",),
    "vpc.get_nat_gateways": ("vpc:DescribeNatGateways", "vpc:ListTagResources"),
    # so it is spelt
    "vpc.get_enhanced_nat_available_zones": ("vpc:ListEnhanhcedNatGatewayAvailableZones",),
    "nas.get_zones": ("nas:DescribeZones",),
    "nas.get_file_systems": ("nas:DescribeFileSystems",),
    "quotas.get_quotas": ("quotas:ListProductQuotas",),
}
