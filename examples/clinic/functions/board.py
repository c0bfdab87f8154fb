"""The live call board: dashboards watch their practice, and what the telephone system tells reaches all of them."""

import json

import boto3

from functions import calls, groups

_CONNECTIONS = boto3.client("apigatewaymanagementapi")

_STATES = {"call.started": "ringing", "call.answered": "talking", "call.ended": "ended"}
_TIMES = {"call.started": "started", "call.answered": "answered", "call.ended": "ended"}


def watch(event, _context):
    """{"action": "watch"} of a dashboard: from now on it is told of its practice's calls, first of those so far.

    The practice comes from the token that the dashboard connected with, never from a message.
    """
    context = event["requestContext"]
    practice, connection = context["authorizer"]["claims"]["practice_id"], context["connectionId"]
    groups.join(practice, connection)
    told = {"practice": practice, "calls": calls.latest(practice)}
    _CONNECTIONS.post_to_connection(ConnectionId=connection, Data=json.dumps(told).encode())
    return {"statusCode": 200}


def changed(event, _context):
    """A webhook of the telephone system, once for each event: write it down, and tell the dashboards."""
    told = json.loads(event["body"])
    practice, call = told["practice_id"], told["call"]
    news = {
        "id": call["id"],
        "caller": call["caller"],
        "state": _STATES[event["type"]],
        _TIMES[event["type"]]: call["at"],
    }
    groups.post(practice, json.dumps({"calls": [calls.save(practice, news)]}).encode())
