"""What stands for attributes that only a provider could tell: ARNs and addresses as AWS writes them.

The last part of an ARN names the local thing, so whatever refers to one finds it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

ACCOUNT: Final = "000000000000"
REGION: Final = "us-east-1"


class Told(Protocol):
    """A resource, as far as its own block tells of it."""

    address: str

    def told(self, *names: str) -> Any:
        """Return the first of some attributes that the block has; its label where it has none."""
        ...


def _function_arn(made: Told) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{made.told('function_name')}"


def _invocable(arn: str) -> str:
    path = f"path/2015-03-31/functions/{arn}/invocations"
    return f"arn:aws:apigateway:{REGION}:lambda:{path}"


def _alias_arn(made: Told) -> str:
    name = str(made.told("function_name")).rpartition(":")[2]
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:{made.told('name')}"


def _api_arn(made: Told) -> str:
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{made.address}"


def _queue_url(made: Told) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{made.told('name')}"


MADE_UP: Final[Mapping[tuple[str, str], Callable[[Told], Any]]] = {
    ("archive_file", "output_base64sha256"): lambda made: f"sha256 of {made.address}",
    ("archive_file", "output_path"): lambda made: made.told("source_dir", "source_file"),
    ("aws_api_gateway_rest_api", "execution_arn"): _api_arn,
    ("aws_api_gateway_rest_api", "root_resource_id"): lambda made: f"{made.address}/",
    ("aws_apigatewayv2_api", "execution_arn"): _api_arn,
    ("aws_caller_identity", "account_id"): lambda _made: ACCOUNT,
    ("aws_lambda_alias", "arn"): _alias_arn,
    ("aws_lambda_alias", "invoke_arn"): lambda made: _invocable(_alias_arn(made)),
    ("aws_lambda_function", "arn"): _function_arn,
    ("aws_lambda_function", "invoke_arn"): lambda made: _invocable(_function_arn(made)),
    ("aws_lambda_function", "qualified_arn"): lambda made: f"{_function_arn(made)}:$LATEST",
    ("aws_lambda_function", "version"): lambda _made: "$LATEST",
    ("aws_partition", "partition"): lambda _made: "aws",
    ("aws_region", "id"): lambda _made: REGION,
    ("aws_region", "name"): lambda _made: REGION,
    ("aws_region", "region"): lambda _made: REGION,
    ("aws_sqs_queue", "arn"): lambda made: f"arn:aws:sqs:{REGION}:{ACCOUNT}:{made.told('name')}",
    ("aws_sqs_queue", "id"): _queue_url,
    ("aws_sqs_queue", "url"): _queue_url,
    ("aws_sfn_state_machine", "arn"): (
        lambda made: f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{made.told('name')}"
    ),
}
"""Type and attribute that a provider would tell → what stands for it."""

NOT_MADE: Final = frozenset({("archive_file", "output_path")})
"""What a block says and a provider would make: here it is what it would have been made of."""
