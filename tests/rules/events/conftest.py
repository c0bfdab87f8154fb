"""Requests as the event rules see them."""

from types import SimpleNamespace

import pytest

from frontdesk.rules.events.request import RouteFacts

FACTS = RouteFacts("GET /pets/{id}", "123456789012", "abcdefghij", "api.clinic.example", "$default")


@pytest.fixture
def facts():
    return FACTS


@pytest.fixture
def make_request():
    """Make a request from head fields as the client wrote them, and any other attribute."""

    def make(head=(), **other):
        headers = {}
        for name, value in head:
            key = name.lower()
            glue = b"; " if key == b"cookie" else b","
            headers[key] = headers[key] + glue + value if key in headers else value
        values = {
            "method": "GET",
            "raw_path": "/pets/6",
            "stage_path": "/pets/6",
            "query": "",
            "version": "HTTP/1.1",
            "scheme": "http",
            "headers": headers,
            "fields": list(head),
            "held": [],
            "params": {},
            "peer": "192.0.2.1",
            "client_ip": "192.0.2.1",
            "request_id": "JKJaXmPLvHcESHA=",
            "extended_request_id": "",
            "time": 1583348638.39,
            "traceparent": "",
            "body": b"",
            "authorizer": None,
            "authorizer_event": None,
            "principal": "",
            "authorizer_latency": -1.0,
            "client_cert": None,
            "api_key": None,
            "api_key_value": b"",
        }
        request = SimpleNamespace(**values | other)
        request.shown = lambda make: make(request)
        return request

    return make
