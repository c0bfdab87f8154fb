"""Owns the names of the `$context` variables of HTTP, REST and WebSocket APIs, and how log templates write them.

What each stands for is the gateway's business.
Source: AWS, "Customizing HTTP API access logs" and "Variables for data transformations for API Gateway".
"""

import re
from difflib import get_close_matches
from typing import Final

TEMPLATE_VARIABLE: Final = re.compile(r"\$context\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_:/-]+)*)")
"""A variable inside a template; its group is the name without `$context.`."""

LONGEST_TEMPLATE: Final = 3 * 1024
"""Bytes: AWS's limit."""

VARIABLES: Final = frozenset(
    (
        "accountId",
        "apiId",
        "authenticate.error",
        "authenticate.latency",
        "authenticate.status",
        "authorize.error",
        "authorize.latency",
        "authorize.status",
        "authorizer.error",
        "authorizer.integrationLatency",
        "authorizer.latency",
        "authorizer.principalId",
        "awsEndpointRequestId",
        "awsEndpointRequestId2",
        "cipherSuite",
        "connectedAt",
        "connectionId",
        "customDomain.basePathMatched",
        "customDomain.routingRuleIdMatched",
        "dataProcessed",
        "deploymentId",
        "disconnectReason",
        "disconnectStatusCode",
        "domainName",
        "domainPrefix",
        "endpointType",
        "error.message",
        "error.messageString",
        "error.responseType",
        "error.validationErrorString",
        "eventType",
        "extendedRequestId",
        "httpMethod",
        "identity.accountId",
        "identity.apiKey",
        "identity.apiKeyId",
        "identity.caller",
        "identity.clientCert.clientCertPem",
        "identity.clientCert.issuerDN",
        "identity.clientCert.serialNumber",
        "identity.clientCert.subjectDN",
        "identity.clientCert.validity.notAfter",
        "identity.clientCert.validity.notBefore",
        "identity.cognitoAuthenticationProvider",
        "identity.cognitoAuthenticationType",
        "identity.cognitoIdentityId",
        "identity.cognitoIdentityPoolId",
        "identity.principalOrgId",
        "identity.sourceIp",
        "identity.user",
        "identity.userAgent",
        "identity.userArn",
        "identity.vpcId",
        "identity.vpceId",
        "integration.error",
        "integration.integrationStatus",
        "integration.latency",
        "integration.requestId",
        "integration.responseTransferMode",
        "integration.status",
        "integration.timeToAllHeaders",
        "integration.timeToFirstContent",
        "integrationErrorMessage",
        "integrationLatency",
        "integrationStatus",
        "isCanaryRequest",
        "messageDirection",
        "messageId",
        "path",
        "protocol",
        "requestId",
        "requestTime",
        "requestTimeEpoch",
        "resourceId",
        "resourcePath",
        "responseLatency",
        "responseLength",
        "routeKey",
        "stage",
        "status",
        "tlsVersion",
        "waf.error",
        "waf.latency",
        "waf.status",
        "wafResponseCode",
        "webaclArn",
        "xrayTraceId",
    )
)
"""Without `$context.`; beside them there are `authorizer.{claim or context key}` of any key."""


def is_variable(name: str) -> bool:
    """Whether there is such a variable. name: without `$context.`."""
    return name in VARIABLES or (name.startswith("authorizer.") and name != "authorizer.")


def close_variable(name: str) -> str:
    """Return the variable that was probably meant, or ""."""
    return next(iter(get_close_matches(name, sorted(VARIABLES), n=1)), "")
