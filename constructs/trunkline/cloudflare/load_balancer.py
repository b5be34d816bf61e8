"""Cloudflare Load Balancing: monitors, a pool for each tunnel, and the load balancer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_cloudflare.data_cloudflare_zero_trust_tunnel_cloudflareds import (
    DataCloudflareZeroTrustTunnelCloudflareds,
)
from cdktf_cdktf_provider_cloudflare.load_balancer import LoadBalancer
from cdktf_cdktf_provider_cloudflare.load_balancer_monitor import LoadBalancerMonitor
from cdktf_cdktf_provider_cloudflare.load_balancer_pool import LoadBalancerPool
from constructs import Construct

from trunkline.cloudflare.edge_key import add_edge_key
from trunkline.cloudflare.tunnel import tunnel_address
from trunkline.model import EDGE_KEY_HEADER, HEALTH_PATH, Steering
from trunkline.routing import LoadBalancerRouting, Pool
from trunkline.routing.load_balancer import INTERVAL_SECONDS
from trunkline.terraform.escape import escape

# 52x: no connection, or none in time. Cloudflare then tries one other edge, of any pool:
# https://developers.cloudflare.com/load-balancing/understand-basics/adaptive-routing/
ACROSS_POOLS = {"failover_across_pools": True}
# The dynamic one takes the pools in their order where a region has measured nothing yet:
# https://developers.cloudflare.com/load-balancing/understand-basics/traffic-steering/steering-policies/
POLICIES: Mapping[Steering, str] = {"order": "off", "latency": "dynamic_latency"}
# From where monitors ask; three data centers of a region, of which the majority decides:
# https://developers.cloudflare.com/load-balancing/monitors/#health-monitor-regions
REGIONS: Mapping[Steering, str] = {"order": "ENAM", "latency": "ALL_REGIONS"}
# Cloudflare deletes no pool or monitor that is in use, so that what uses it changes first:
# https://developers.cloudflare.com/load-balancing/pools/create-pool/#delete-a-pool
LAST = TerraformResourceLifecycle(create_before_destroy=True)


def add_load_balancer(
    scope: Construct, zone_id: str, account_id: str, spec: LoadBalancerRouting
) -> None:
    """The load balancer of the hostname; a Host header of its own leads to each tunnel.

    https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/routing-to-tunnel/public-load-balancers/
    """
    pools = _add_pools(scope, account_id, spec)
    balancer = LoadBalancer(
        scope,
        "load-balancer",
        zone_id=zone_id,
        name=spec.hostname,
        proxied=True,
        steering_policy=POLICIES[spec.steering],  # also of the rules
        session_affinity="none",
        **_to(spec.default, pools),
    )
    # The binding's classes for these take 0.1 s to import.
    balancer.add_override("adaptive_routing", ACROSS_POOLS)
    balancer.add_override(
        "rules",
        [
            {
                "name": escape(f"route {rule.prefix}"),
                "condition": rule.expression,
                "priority": number,
                "terminates": True,
                "overrides": _to(rule.pools, pools),
            }
            for number, rule in enumerate(spec.rules)
        ],
    )
    if spec.edge_key:
        add_edge_key(scope, zone_id, spec.hostname, spec.edge_key)


def _to(names: Sequence[str], pools: Mapping[str, str]) -> dict[str, object]:
    found = [pools[name] for name in names]
    # Where none is healthy, the first choice says what is wrong.
    return {"default_pools": found, "fallback_pool": found[0]}


def _add_pools(scope: Construct, account_id: str, spec: LoadBalancerRouting) -> Mapping[str, str]:
    """The ID of each pool, by its name."""
    monitors = {
        health: _add_monitor(scope, account_id, spec, health)
        for health in dict.fromkeys(pool.health for pool in spec.pools)
    }
    addresses = {
        pool.site: _tunnel_address(scope, account_id, pool)
        for pool in {pool.site: pool for pool in spec.pools}.values()
    }
    return {
        pool.name: _add_pool(
            scope,
            account_id,
            pool,
            monitor=monitors[pool.health],
            address=addresses[pool.site],
            region=REGIONS[spec.steering],
        )
        for pool in spec.pools
    }


def _add_monitor(scope: Construct, account_id: str, spec: LoadBalancerRouting, path: str) -> str:
    """Asks edges for their health, with their key; an endpoint gives its own Host header."""
    monitor = LoadBalancerMonitor(
        scope,
        f"monitor-{_last(path)}",
        account_id=account_id,
        description=f"{path} of the edges of {spec.name}",
        type="https",
        method="GET",
        path=path,
        expected_codes="200",
        interval=INTERVAL_SECONDS,
        timeout=5,
        retries=2,
        follow_redirects=False,
        lifecycle=LAST,
        header={EDGE_KEY_HEADER: [spec.edge_key]} if spec.edge_key else None,
    )
    return str(monitor.id)


def _last(path: str) -> str:
    return path.removeprefix(HEALTH_PATH).strip("/") or "edge"


def _add_pool(
    scope: Construct, account_id: str, pool: Pool, *, monitor: str, address: str, region: str
) -> str:
    made = LoadBalancerPool(
        scope,
        f"pool-{pool.site}-{_last(pool.health)}",
        account_id=account_id,
        name=pool.name,
        monitor=monitor,
        minimum_origins=1,
        check_regions=[region],
        lifecycle=LAST,
        origins=[],
    )
    endpoint = {
        "name": pool.site,
        "address": address,
        "enabled": True,
        "header": {"host": [pool.hostname]},
    }
    made.add_override("origins", [endpoint])
    return str(made.id)


def _tunnel_address(scope: Construct, account_id: str, pool: Pool) -> str:
    """The address of a tunnel that another stack makes, looked up by its name.

    Without the tunnel the pool gets the edge's hostname, where a load balancer reaches nothing;
    apply again once the tunnel is made. So this stack can be applied and destroyed without it.
    """
    found = DataCloudflareZeroTrustTunnelCloudflareds(
        scope, f"tunnel-{pool.site}", account_id=account_id, name=pool.tunnel, is_deleted=False
    )
    address = tunnel_address(f"${{{found.fqn}.result[0].id}}")
    return f'${{try("{address}", "{pool.hostname}")}}'
