"""What an edge shows the servers that it asks, in files that Envoy reads anew when they change.

`payload/sync.py` writes them. What is in a file stands in no configuration, and in no user data.
"""

from __future__ import annotations

from trunkline.envoy.extension import JsonObject, extension

# Envoy's names of these secrets; each is in the file `NAME.json`.
OTLP_CREDENTIAL = "otlp-header"
CONTROL_PLANE_CREDENTIAL = "control-plane-header"
CONTROL_PLANE_PAIR = "control-plane-certificate"


def show_header(cluster: JsonObject, header: str, secret: str, folder: str) -> JsonObject:
    """The cluster, whose requests carry `header` with the value that is in a file of `folder`.

    https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_filters/credential_injector_filter
    """
    generic = extension(
        "envoy.http.injected_credentials.generic",
        "extensions.http.injected_credentials.generic.v3.Generic",
        credential=_secret(secret, folder),
        header=header,
    )
    injector = extension(
        "envoy.filters.http.credential_injector",
        "extensions.filters.http.credential_injector.v3.CredentialInjector",
        credential=generic,
    )
    codec = extension(
        "envoy.filters.http.upstream_codec",
        "extensions.filters.http.upstream_codec.v3.UpstreamCodec",
    )
    options = {
        name: {**given, "http_filters": [injector, codec]}
        for name, given in cluster["typed_extension_protocol_options"].items()
    }
    return {**cluster, "typed_extension_protocol_options": options}


def show_certificate(cluster: JsonObject, secret: str, folder: str) -> JsonObject:
    """The cluster, whose connections show the certificate that is in a file of `folder`.

    Connections that are open keep the one that they began with.
    https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/security/secret
    """
    socket = cluster["transport_socket"]
    context = socket["typed_config"]
    common = {
        **context["common_tls_context"],
        "tls_certificate_sds_secret_configs": [_secret(secret, folder)],
    }
    shown = {**context, "common_tls_context": common}
    return {**cluster, "transport_socket": {**socket, "typed_config": shown}}


def _secret(name: str, folder: str) -> JsonObject:
    source = {"path_config_source": {"path": f"{folder}/{name}.json"}, "resource_api_version": "V3"}
    return {"name": name, "sds_config": source}
