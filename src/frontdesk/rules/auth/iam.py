"""Owns how a caller with a key pair is shown: the members of `requestContext.authorizer.iam`.

Source: AWS, "Create AWS Lambda proxy integrations for HTTP APIs", payload format 2.0.
"""

import hashlib
from base64 import b32encode
from collections.abc import Mapping
from typing import Any


# Differs: [iam-callers] AWS's ids are those of its account.
def caller(access_key: str, principal: str, account: str) -> Mapping[str, Any]:
    """Show a principal as an IAM user of the account; its id is made from its name."""
    digest = hashlib.sha256(f"{account}:{principal}".encode()).digest()
    user_id = f"AIDA{b32encode(digest)[:17].decode()}"
    return {
        "accessKey": access_key,
        "accountId": account,
        "callerId": user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": f"arn:aws:iam::{account}:user/{principal}",
        "userId": user_id,
    }
