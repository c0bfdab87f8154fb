"""Asks the vendor once, from the address of this proxy, and hands on its answer or its error."""

import json
import os

import requests
from requests.adapters import HTTPAdapter


class FromOneAddress(HTTPAdapter):
    """Sends from one address of this machine; in a cloud each function has one of its own."""

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, source_address=(os.environ["EGRESS"], 0), **kwargs)


vendor = requests.Session()
vendor.mount("http://", FromOneAddress())


def lambda_handler(event, context):
    api_url = os.environ["VENDOR"]
    try:
        response = vendor.get(api_url, timeout=10)
    except requests.exceptions.RequestException:
        return {"statusCode": 500, "body": json.dumps({"error": "the vendor did not answer"})}
    if not response.ok:
        refused = {"error": f"the vendor said: {response.reason}"}
        return {"statusCode": response.status_code, "body": json.dumps(refused)}
    return {"statusCode": 200, "body": json.dumps(response.json())}
