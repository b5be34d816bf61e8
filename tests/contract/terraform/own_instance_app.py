"""A stack of somebody's own on each cloud: a network, an instance in it, and an edge before it.

The stack has two providers of its cloud, and the edge uses the second one.
"""

from __future__ import annotations

import sys

from trunkline import bindings

bindings.install()

from cdktf import App, LocalBackend, TerraformOutput, TerraformStack  # noqa: E402

from trunkline import EdgeProxy, ExistingNetwork, Server, Site, Tunnel, Upstream  # noqa: E402

ADDRESS, PORT, RANGE = "10.50.0.20", 8080, "10.50.0.0/24"
UPSTREAM = Upstream([Server(ADDRESS, PORT, tls=False)])
TUNNEL = Tunnel(hostname="edge.example.com", token="the token", keys=["k" * 32])


def aws(stack: TerraformStack) -> EdgeProxy:
    from cdktf_cdktf_provider_aws.instance import Instance
    from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
    from cdktf_cdktf_provider_aws.provider import AwsProvider
    from cdktf_cdktf_provider_aws.security_group import SecurityGroup
    from cdktf_cdktf_provider_aws.subnet import Subnet
    from cdktf_cdktf_provider_aws.vpc import Vpc
    from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import (
        VpcSecurityGroupIngressRule,
    )

    AwsProvider(stack, "aws", region="us-west-2")
    east = AwsProvider(stack, "east", region="us-east-1", alias="east")
    zone = "us-east-1a"
    vpc = Vpc(stack, "vpc", cidr_block="10.50.0.0/16", provider=east)
    InternetGateway(stack, "gateway", vpc_id=vpc.id, provider=east)
    subnet = Subnet(
        stack, "subnet", vpc_id=vpc.id, cidr_block=RANGE, availability_zone=zone, provider=east
    )
    orders, clients = (
        SecurityGroup(stack, name, name=name, vpc_id=vpc.id, provider=east)
        for name in ("orders", "clients")
    )
    Instance(
        stack,
        "instance",
        ami="ami-0123456789abcdef0",
        instance_type="t4g.small",
        subnet_id=subnet.id,
        private_ip=ADDRESS,
        vpc_security_group_ids=[orders.id],
        provider=east,
    )
    edge = EdgeProxy(
        stack,
        "edge",
        site=Site(
            name="orders",
            cloud="aws",
            region="us-east-1",
            zone=zone,
            network=ExistingNetwork(id=vpc.id, subnets={zone: subnet.id}),
            upstream=UPSTREAM,
        ),
        exposure=TUNNEL,
        security_groups={"clients": clients.id},
        provider=east,
    )
    VpcSecurityGroupIngressRule(
        stack,
        "from-edge",
        security_group_id=orders.id,
        referenced_security_group_id=edge.security_group,
        ip_protocol="tcp",
        from_port=PORT,
        to_port=PORT,
        provider=east,
    )
    return edge


def google(stack: TerraformStack) -> EdgeProxy:
    from cdktf_cdktf_provider_google.compute_firewall import (
        ComputeFirewall,
        ComputeFirewallAllow,
    )
    from cdktf_cdktf_provider_google.compute_instance import (
        ComputeInstance,
        ComputeInstanceBootDisk,
        ComputeInstanceBootDiskInitializeParams,
        ComputeInstanceNetworkInterface,
        ComputeInstanceServiceAccount,
    )
    from cdktf_cdktf_provider_google.compute_network import ComputeNetwork
    from cdktf_cdktf_provider_google.compute_subnetwork import ComputeSubnetwork
    from cdktf_cdktf_provider_google.provider import GoogleProvider
    from cdktf_cdktf_provider_google.service_account import ServiceAccount

    GoogleProvider(stack, "google", project="acme-other", region="us-west1")
    east = GoogleProvider(stack, "east", project="acme-backbone", region="us-east4", alias="east")
    zone = "us-east4-a"
    network = ComputeNetwork(
        stack, "network", name="orders", auto_create_subnetworks=False, provider=east
    )
    subnet = ComputeSubnetwork(
        stack,
        "subnet",
        name="orders",
        network=network.id,
        ip_cidr_range=RANGE,
        region="us-east4",
        provider=east,
    )
    account = ServiceAccount(stack, "account", account_id="orders-service", provider=east)
    ComputeInstance(
        stack,
        "instance",
        name="orders",
        machine_type="e2-small",
        zone=zone,
        boot_disk=ComputeInstanceBootDisk(
            initialize_params=ComputeInstanceBootDiskInitializeParams(
                image="projects/debian-cloud/global/images/family/debian-13"
            )
        ),
        network_interface=[
            ComputeInstanceNetworkInterface(subnetwork=subnet.id, network_ip=ADDRESS)
        ],
        service_account=ComputeInstanceServiceAccount(
            email=account.email, scopes=["cloud-platform"]
        ),
        provider=east,
    )
    edge = EdgeProxy(
        stack,
        "edge",
        site=Site(
            name="orders",
            cloud="google",
            region="us-east4",
            zone=zone,
            network=ExistingNetwork(id=network.id, subnets={"*": subnet.id}),
            upstream=UPSTREAM,
        ),
        exposure=TUNNEL,
        security_groups={"clients": "orders-clients"},
        provider=east,
    )
    ComputeFirewall(
        stack,
        "from-edge",
        name="orders-from-edge",
        network=network.id,
        source_service_accounts=[str(edge.identity)],
        target_service_accounts=[account.email],
        allow=[ComputeFirewallAllow(protocol="tcp", ports=[str(PORT)])],
        provider=east,
    )
    return edge


def azure(stack: TerraformStack) -> EdgeProxy:
    from cdktf_cdktf_provider_azurerm.application_security_group import ApplicationSecurityGroup
    from cdktf_cdktf_provider_azurerm.network_interface import (
        NetworkInterface,
        NetworkInterfaceIpConfiguration,
    )
    from cdktf_cdktf_provider_azurerm.network_security_group import NetworkSecurityGroup
    from cdktf_cdktf_provider_azurerm.network_security_rule import NetworkSecurityRule
    from cdktf_cdktf_provider_azurerm.provider import AzurermProvider, AzurermProviderFeatures
    from cdktf_cdktf_provider_azurerm.resource_group import ResourceGroup
    from cdktf_cdktf_provider_azurerm.subnet import Subnet
    from cdktf_cdktf_provider_azurerm.virtual_network import VirtualNetwork

    AzurermProvider(stack, "azurerm", features=[AzurermProviderFeatures()])
    second = AzurermProvider(
        stack,
        "second",
        features=[AzurermProviderFeatures()],
        subscription_id="4d6f1a2b-1c2d-4e3f-8a9b-0c1d2e3f4a5b",
        alias="second",
    )
    group = ResourceGroup(stack, "group", name="orders", location="eastus", provider=second)
    where = {"resource_group_name": group.name, "location": group.location, "provider": second}
    network = VirtualNetwork(
        stack, "network", name="orders", address_space=["10.50.0.0/16"], **where
    )
    subnet = Subnet(
        stack,
        "subnet",
        name="orders",
        resource_group_name=group.name,
        virtual_network_name=network.name,
        address_prefixes=[RANGE],
        provider=second,
    )
    NetworkInterface(  # of the instance, which is left out: it takes nothing of the edge
        stack,
        "interface",
        name="orders",
        ip_configuration=[
            NetworkInterfaceIpConfiguration(
                name="primary",
                subnet_id=subnet.id,
                private_ip_address_allocation="Static",
                private_ip_address=ADDRESS,
            )
        ],
        **where,
    )
    clients = ApplicationSecurityGroup(stack, "clients", name="clients", **where)
    rules = NetworkSecurityGroup(stack, "rules", name="orders", **where)
    edge = EdgeProxy(
        stack,
        "edge",
        site=Site(
            name="orders",
            cloud="azure",
            region="eastus",
            zone="1",
            network=ExistingNetwork(id=network.id, subnets={"*": subnet.id}),
            upstream=UPSTREAM,
        ),
        exposure=TUNNEL,
        security_groups={"clients": clients.id},
        provider=second,
    )
    NetworkSecurityRule(
        stack,
        "from-edge",
        name="from-edge",
        priority=200,
        direction="Inbound",
        access="Allow",
        protocol="Tcp",
        source_application_security_group_ids=[clients.id],
        source_port_range="*",
        destination_address_prefix=ADDRESS,
        destination_port_range=str(PORT),
        resource_group_name=group.name,
        network_security_group_name=rules.name,
        provider=second,
    )
    return edge


app = App()
for make in (aws, google, azure):
    if make.__name__ in sys.argv[1:]:
        stack = TerraformStack(app, f"own-{make.__name__}")
        LocalBackend(stack, path="terraform.tfstate")
        edge = make(stack)
        [zone] = edge.private_addresses
        TerraformOutput(stack, "address", value=edge.private_addresses[zone])
        TerraformOutput(stack, "edge_subnet", value=edge.subnet_ids[zone])
app.synth()
