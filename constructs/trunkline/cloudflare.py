"""Cloudflare: routing specs, tunnels and names become resources. No other file has its binding."""

from __future__ import annotations

from cdktf import Fn, Token
from cdktf_cdktf_provider_cloudflare.argo_smart_routing import ArgoSmartRouting
from cdktf_cdktf_provider_cloudflare.data_cloudflare_zero_trust_tunnel_cloudflared_token import (
    DataCloudflareZeroTrustTunnelCloudflaredToken,
)
from cdktf_cdktf_provider_cloudflare.data_cloudflare_zone import (
    DataCloudflareZone,
    DataCloudflareZoneFilter,
    DataCloudflareZoneFilterAccount,
)
from cdktf_cdktf_provider_cloudflare.dns_record import DnsRecord
from cdktf_cdktf_provider_cloudflare.provider import CloudflareProvider
from cdktf_cdktf_provider_cloudflare.ruleset import (
    Ruleset,
    RulesetRules,
    RulesetRulesActionParameters,
    RulesetRulesActionParametersOrigin,
    RulesetRulesActionParametersSni,
)
from cdktf_cdktf_provider_cloudflare.workers_route import WorkersRoute
from cdktf_cdktf_provider_cloudflare.workers_script import WorkersScript, WorkersScriptBindings
from cdktf_cdktf_provider_cloudflare.zero_trust_tunnel_cloudflared import (
    ZeroTrustTunnelCloudflared,
)
from cdktf_cdktf_provider_cloudflare.zero_trust_tunnel_cloudflared_config import (
    ZeroTrustTunnelCloudflaredConfigA,
    ZeroTrustTunnelCloudflaredConfigConfig,
    ZeroTrustTunnelCloudflaredConfigConfigIngress,
)
from cdktf_cdktf_provider_cloudflare.zone import Zone as ZoneResource
from cdktf_cdktf_provider_cloudflare.zone import ZoneAccount
from cdktf_cdktf_provider_cloudflare.zone_setting import ZoneSetting
from constructs import Construct

from trunkline.expression import literal
from trunkline.routing import OriginRule, RoutingSpec, Script

# A name that Cloudflare answers itself needs no address behind it; 100:: is the discard prefix.
# https://developers.cloudflare.com/dns/manage-dns-records/how-to/create-dns-records/
NO_ORIGIN = "100::"


# A probe's address may change when it is replaced. The shortest that the free plan takes:
# https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/
NAME_TTL = 60


def add_provider(scope: Construct) -> None:
    """The provider; its token comes from the environment, CLOUDFLARE_API_TOKEN."""
    CloudflareProvider(scope, "cloudflare")


def find_zone(scope: Construct, id: str, *, account_id: str, domain: str) -> str:
    """The id of the zone `domain`, looked up."""
    zone = DataCloudflareZone(
        scope,
        id,
        filter=DataCloudflareZoneFilter(
            name=domain, account=DataCloudflareZoneFilterAccount(id=account_id)
        ),
    )
    return str(zone.zone_id)


def create_zone(
    scope: Construct, id: str, *, account_id: str, domain: str
) -> tuple[str, list[str]]:
    """The id of a new zone, and the name servers to set at the registrar."""
    zone = ZoneResource(scope, id, account=ZoneAccount(id=account_id), name=domain, type="full")
    return zone.id, zone.name_servers


def tunnel(
    scope: Construct, id: str, *, account_id: str, name: str, hostname: str, service: str
) -> tuple[str, str]:
    """A tunnel that leads `hostname` to `service` on its machine: its DNS target and its token."""
    made = ZeroTrustTunnelCloudflared(
        scope, id, account_id=account_id, name=name, config_src="cloudflare"
    )
    ZeroTrustTunnelCloudflaredConfigA(
        scope,
        f"{id}-config",
        account_id=account_id,
        tunnel_id=made.id,
        config=ZeroTrustTunnelCloudflaredConfigConfig(
            ingress=[
                ZeroTrustTunnelCloudflaredConfigConfigIngress(hostname=hostname, service=service),
                # A last rule without a hostname is required.
                ZeroTrustTunnelCloudflaredConfigConfigIngress(service="http_status:404"),
            ]
        ),
    )
    token = DataCloudflareZeroTrustTunnelCloudflaredToken(
        scope, f"{id}-token", account_id=account_id, tunnel_id=made.id
    )
    # The provider does not mark the token as sensitive.
    return f"{made.id}.cfargotunnel.com", Token.as_string(Fn.sensitive(token.token))


def dns_record(
    scope: Construct,
    id: str,
    *,
    zone_id: str,
    hostname: str,
    type: str,
    content: str,
    proxied: bool = True,
) -> None:
    """A record, proxied or for DNS alone; proxied ones take no time to live but 1 (automatic)."""
    DnsRecord(
        scope,
        id,
        zone_id=zone_id,
        name=hostname,
        type=type,
        content=content,
        proxied=proxied,
        ttl=1 if proxied else NAME_TTL,
        comment="made by trunkline",
    )


def routing(scope: Construct, *, zone_id: str, account_id: str, spec: RoutingSpec) -> None:
    """The public hostname, and what sends its requests to the edges."""
    dns_record(
        scope, "hostname", zone_id=zone_id, hostname=spec.hostname, type="AAAA", content=NO_ORIGIN
    )
    if spec.script:
        _worker(scope, zone_id, account_id, spec.hostname, spec.script)
    if spec.origin_rules:
        _origin_rules(scope, zone_id, spec.hostname, spec.origin_rules)


def smart_routing(scope: Construct, *, zone_id: str) -> None:
    """Argo Smart Routing, which the zone must have bought: without it the resource fails."""
    ArgoSmartRouting(scope, "smart-routing", zone_id=zone_id, value="on")


def origin_pulls(scope: Construct, *, zone_id: str) -> None:
    """Cloudflare shows its client certificate to every origin of the zone."""
    _setting(scope, "origin-pulls", zone_id, "tls_client_auth", "on")


def encrypt_to_origin(scope: Construct, *, zone_id: str) -> None:
    """Cloudflare reaches origins over TLS and takes the certificate that an edge made itself."""
    _setting(scope, "ssl", zone_id, "ssl", "full")


def _setting(scope: Construct, id: str, zone_id: str, name: str, value: str) -> None:
    setting = ZoneSetting(scope, id, zone_id=zone_id, setting_id=name, value={})
    # The binding takes objects only for this argument of any type.
    setting.add_override("value", value)


def _worker(scope: Construct, zone_id: str, account_id: str, hostname: str, script: Script) -> None:
    made = WorkersScript(
        scope,
        "worker",
        account_id=account_id,
        script_name=script.name,
        content=literal(script.content),
        main_module=script.main_module,
        compatibility_date=script.compatibility_date,
        bindings=[
            WorkersScriptBindings(type="plain_text", name=name, text=literal(text))
            for name, text in sorted(script.bindings.items())
        ],
    )
    WorkersRoute(
        scope,
        "worker-route",
        zone_id=zone_id,
        pattern=f"{hostname}/*",
        script=made.script_name,
    )


def _origin_rules(
    scope: Construct, zone_id: str, hostname: str, rules: tuple[OriginRule, ...]
) -> None:
    Ruleset(
        scope,
        "origin-rules",
        zone_id=zone_id,
        name=f"routes of {hostname}",
        kind="zone",
        phase="http_request_origin",
        rules=[
            RulesetRules(
                action="route",
                expression=rule.expression,
                description=rule.description,
                enabled=True,
                action_parameters=RulesetRulesActionParameters(
                    host_header=rule.hostname,
                    origin=RulesetRulesActionParametersOrigin(host=rule.hostname),
                    sni=RulesetRulesActionParametersSni(value=rule.hostname),
                ),
            )
            for rule in rules
        ],
    )
