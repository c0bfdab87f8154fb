"""A Lambda handler: the result without a statusCode becomes a 200 with a JSON body."""


def handler(event, context):
    """GET /hello/{name}."""
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    return {
        "hello": event["pathParameters"]["name"],
        "from": claims["iss"],
        "request": context.aws_request_id,
    }
