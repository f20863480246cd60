"""What an operator must be allowed to do, by what the program and the commands ask for.

By resource type and look-up: what Terraform's provider calls to make, read, change and remove each, as known
from its source and AWS's service authorization reference. What boto3 is asked for is seen in the test.
"""

_TAGS = ("ec2:CreateTags", "ec2:DeleteTags")

TYPES: dict[str, tuple[str, ...]] = {
    "aws_vpc": (
        *_TAGS,
        *("ec2:CreateVpc", "ec2:ModifyVpcAttribute", "ec2:DeleteVpc", "ec2:DescribeVpcs"),
        *("ec2:DescribeVpcAttribute", "ec2:DescribeNetworkAcls", "ec2:DescribeRouteTables"),
    ),
    "aws_default_security_group": (
        *_TAGS,
        *("ec2:DescribeSecurityGroups", "ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress"),
    ),
    "aws_internet_gateway": (
        *_TAGS,
        *("ec2:CreateInternetGateway", "ec2:AttachInternetGateway", "ec2:DetachInternetGateway"),
        *("ec2:DeleteInternetGateway", "ec2:DescribeInternetGateways"),
    ),
    "aws_route_table": (
        *_TAGS,
        *("ec2:CreateRouteTable", "ec2:DeleteRouteTable", "ec2:DescribeRouteTables"),
    ),
    "aws_route": ("ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute", "ec2:DescribeRouteTables"),
    "aws_route_table_association": (
        *("ec2:AssociateRouteTable", "ec2:DisassociateRouteTable", "ec2:ReplaceRouteTableAssociation"),
    ),
    "aws_subnet": (
        *_TAGS,
        *("ec2:CreateSubnet", "ec2:ModifySubnetAttribute", "ec2:DeleteSubnet", "ec2:DescribeSubnets"),
        "ec2:DescribeNetworkInterfaces",
    ),
    "aws_eip": (
        *_TAGS,
        *("ec2:AllocateAddress", "ec2:AssociateAddress", "ec2:DisassociateAddress", "ec2:ReleaseAddress"),
        *("ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute"),
    ),
    "aws_nat_gateway": (
        *_TAGS,
        *("ec2:CreateNatGateway", "ec2:DeleteNatGateway", "ec2:DescribeNatGateways"),
    ),
    "aws_vpc_endpoint": (
        *_TAGS,
        *("ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints"),
        *("ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists"),
    ),
    "aws_security_group": (
        *_TAGS,
        *("ec2:CreateSecurityGroup", "ec2:DeleteSecurityGroup", "ec2:DescribeSecurityGroups"),
        # a new group lets everything out until this is taken away
        *("ec2:RevokeSecurityGroupEgress", "ec2:DescribeNetworkInterfaces"),
    ),
    "aws_vpc_security_group_ingress_rule": (
        *_TAGS,
        *("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
        *("ec2:ModifySecurityGroupRules", "ec2:DescribeSecurityGroupRules"),
    ),
    "aws_vpc_security_group_egress_rule": (
        *_TAGS,
        *("ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"),
        *("ec2:ModifySecurityGroupRules", "ec2:DescribeSecurityGroupRules"),
    ),
    "aws_network_interface": (
        *_TAGS,
        *("ec2:CreateNetworkInterface", "ec2:ModifyNetworkInterfaceAttribute", "ec2:DetachNetworkInterface"),
        *("ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"),
    ),
    "aws_instance": (
        *_TAGS,
        *("ec2:RunInstances", "iam:PassRole", "ec2:TerminateInstances", "ec2:StopInstances"),
        *("ec2:StartInstances", "ec2:ModifyInstanceAttribute", "ec2:ModifyInstanceMetadataOptions"),
        *("ec2:DescribeInstances", "ec2:DescribeInstanceAttribute", "ec2:DescribeInstanceTypes"),
        *("ec2:DescribeVolumes", "ec2:DescribeInstanceCreditSpecifications", "ec2:DescribeTags"),
        *("ec2:DescribeIamInstanceProfileAssociations", "iam:GetInstanceProfile"),
    ),
    "aws_ebs_volume": (
        *_TAGS,
        *("ec2:CreateVolume", "ec2:DeleteVolume", "ec2:ModifyVolume", "ec2:DescribeVolumes"),
        "ec2:DescribeVolumesModifications",
    ),
    # nothing of the program's detaches one
    "aws_volume_attachment": ("ec2:AttachVolume", "ec2:DescribeVolumes", "ec2:DescribeInstances"),
    "aws_launch_template": (
        *_TAGS,
        *("ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"),
        *("ec2:DeleteLaunchTemplate", "ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"),
    ),
    "aws_efs_file_system": (
        *("elasticfilesystem:CreateFileSystem", "elasticfilesystem:UpdateFileSystem"),
        *("elasticfilesystem:DeleteFileSystem", "elasticfilesystem:DescribeFileSystems"),
        *("elasticfilesystem:DescribeLifecycleConfiguration", "elasticfilesystem:ListTagsForResource"),
        *("elasticfilesystem:TagResource", "elasticfilesystem:UntagResource", "iam:CreateServiceLinkedRole"),
    ),
    "aws_efs_backup_policy": (
        *("elasticfilesystem:PutBackupPolicy", "elasticfilesystem:DescribeBackupPolicy"),
        "iam:CreateServiceLinkedRole",
    ),
    "aws_efs_file_system_policy": (
        *("elasticfilesystem:PutFileSystemPolicy", "elasticfilesystem:DeleteFileSystemPolicy"),
        "elasticfilesystem:DescribeFileSystemPolicy",
    ),
    "aws_efs_mount_target": (
        *("elasticfilesystem:CreateMountTarget", "elasticfilesystem:DeleteMountTarget"),
        *("elasticfilesystem:DescribeMountTargets", "elasticfilesystem:DescribeMountTargetSecurityGroups"),
        "elasticfilesystem:ModifyMountTargetSecurityGroups",
        # EFS makes the interface with its caller's rights
        *("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"),
        "ec2:DescribeSubnets",
    ),
    "aws_iam_role": (
        *("iam:CreateRole", "iam:GetRole", "iam:UpdateRole", "iam:UpdateRoleDescription", "iam:DeleteRole"),
        *("iam:UpdateAssumeRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:ListRolePolicies"),
        *("iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole"),
    ),
    "aws_iam_role_policy": ("iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy"),
    "aws_iam_instance_profile": (
        *("iam:CreateInstanceProfile", "iam:GetInstanceProfile", "iam:DeleteInstanceProfile", "iam:PassRole"),
        *("iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile"),
        *("iam:TagInstanceProfile", "iam:UntagInstanceProfile"),
    ),
    "aws_ssm_parameter": (
        *("ssm:PutParameter", "ssm:GetParameter", "ssm:GetParameters", "ssm:DescribeParameters"),
        *("ssm:DeleteParameter", "ssm:AddTagsToResource", "ssm:RemoveTagsFromResource"),
        "ssm:ListTagsForResource",
    ),
}

LOOK_UPS: dict[str, tuple[str, ...]] = {
    "aws:index/getRegion:getRegion": (),
    "aws:index/getPartition:getPartition": (),
    "aws:index/getCallerIdentity:getCallerIdentity": ("sts:GetCallerIdentity",),
    "aws:index/getAvailabilityZones:getAvailabilityZones": ("ec2:DescribeAvailabilityZones",),
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": ("ec2:DescribeInstanceTypeOfferings",),
    "aws:ec2/getInstanceType:getInstanceType": ("ec2:DescribeInstanceTypes",),
    "aws:ec2/getAmi:getAmi": ("ec2:DescribeImages",),
    "aws:ebs/getVolume:getVolume": ("ec2:DescribeVolumes",),
    "aws:ec2/getVpc:getVpc": ("ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeRouteTables"),
    "aws:ec2/getSubnet:getSubnet": ("ec2:DescribeSubnets",),
    "aws:ec2/getRouteTable:getRouteTable": ("ec2:DescribeRouteTables",),
    "aws:ec2/getInstances:getInstances": ("ec2:DescribeInstances",),
    "aws:servicequotas/getServiceQuota:getServiceQuota": ("servicequotas:GetServiceQuota",),
    "aws:iam/getRole:getRole": ("iam:GetRole",),
    "aws:efs/getFileSystem:getFileSystem": (
        *("elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeLifecycleConfiguration"),
    ),
}

# boto3's names of services where IAM has another one.
PREFIXES = {"efs": "elasticfilesystem", "resourcegroupstaggingapi": "tag"}
