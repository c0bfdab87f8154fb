"""Owns what AWS's SDK says of a service's answer, which is a part of the result of a task."""

from collections.abc import Mapping
from typing import Any


def sdk_metadata(
    request_id: str,
    content_type: str,
    *,
    status: int = 200,
    more: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the members that tell of the HTTP answer: SdkHttpMetadata, SdkResponseMetadata. more: of its headers."""
    headers = {"Content-Type": content_type, "x-amzn-RequestId": request_id, **(more or {})}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": status,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }
