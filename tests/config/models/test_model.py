"""The field types of configuration models: forms they read beyond the golden cases of refusals."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from frontdesk.config.models.authorizer import JwtAuthorizer
from frontdesk.config.models.door import Admin, Listener
from frontdesk.config.models.http_api import HttpApi, Route
from frontdesk.config.models.mapping import ResponseMapping
from frontdesk.config.models.root import Config
from frontdesk.config.models.upstream import Upstream
from frontdesk.config.text import FileText


def test_models_can_be_made_without_a_file():
    config = Config(name="x", listen="localhost:1", trusted_proxies="::/0", data_dir=Path("d"))
    assert config.listen == (Listener(address="localhost:1"),)
    assert config.trusted_proxies == (ip_network("::/0"),)
    assert config.data_dir == Path("d")
    assert config.base_dir == Path()


def test_models_accept_their_own_values():
    route = Route(http="http://x", throttle="5/s", timeout=1.5)
    assert Route(http=route.http, throttle=route.throttle, timeout=route.timeout) == route
    assert Admin(listen=Admin().listen) == Admin()


def test_routes_of_one_short_form_share_what_it_stands_for():
    one, other = (Route(http=FileText("http://shared", Path("/f"), "http://shared")) for _ in "12")
    assert one.http is other.http
    assert one.http.url == "http://shared"


def test_what_a_reference_stands_for_is_not_kept():
    texts = [FileText("http://u:pw@a", Path("/f"), "${env:A}", referenced=True) for _ in "12"]
    one, other = (Route(http=text) for text in texts)
    assert one.http == other.http
    assert one.http is not other.http


def text(written, at="/f", **said):
    return FileText(written, Path(at), written, **said)


def test_routes_that_say_the_same_are_one():
    routes = [{"http": text("http://same"), "authorizer": text("patients")} for _ in "12"]
    api = HttpApi(routes={"GET /one": routes[0], "GET /other": routes[1]})
    again = HttpApi(routes={"GET /again": {**routes[0]}})
    assert api.routes["GET /one"] is api.routes["GET /other"] is again.routes["GET /again"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"http": text("http://a")}, {"http": text("http://b")}),
        ({"static": text("site", "/one")}, {"static": text("site", "/other")}),
        ({"http": text("http://x", referenced=True)}, {"http": text("http://x", referenced=True)}),
        ({"http": text("http://x"), "timeout": 1}, {"http": text("http://x"), "timeout": 1.0}),
        ({"http": {"url": text("http://x")}}, {"http": {"url": text("http://x")}}),
    ],
    ids=["another text", "another folder", "references", "numbers", "more than texts"],
)
def test_routes_are_apart_that_need_not_be_the_same(one, other):
    routes = HttpApi(routes={"GET /one": one, "GET /other": other}).routes
    assert routes["GET /one"] is not routes["GET /other"]
    assert routes["GET /other"].model_dump() == Route.model_validate(other).model_dump()


def test_a_wrong_route_is_told_wherever_it_stands():
    wrong = {"http": text("http://x"), "throttle": text("fast")}
    with pytest.raises(ValidationError) as caught:
        HttpApi(routes={"GET /one": wrong, "GET /other": {**wrong}})
    assert [error["loc"][1] for error in caught.value.errors()] == ["GET /one", "GET /other"]


def test_a_short_path_starts_at_the_folder_of_its_own_file():
    one, other = (Route(static=FileText("site", Path(at), "site")) for at in ("/one", "/other"))
    assert (one.static.root, other.static.root) == (Path("/one/site"), Path("/other/site"))


def test_a_wrong_short_form_is_told_each_time():
    for _ in range(2):
        with pytest.raises(ValidationError, match="expected a rate"):
            Route(http="http://x", throttle=FileText("fast", Path("/f"), "fast"))


@pytest.mark.parametrize(
    ("fields", "urls"),
    [
        ({"url": "http://a"}, ("http://a",)),
        ({"targets": ["http://a/x", "https://b:1/x"]}, ("http://a/x", "https://b:1/x")),
    ],
)
def test_an_upstream_has_its_targets_under_one_name(fields, urls):
    assert Upstream(**fields).urls == urls


def test_a_status_may_be_mapped_in_short():
    mapping = ResponseMapping(status={"404": 200, "500": {"headers": {"remove": "X"}}})
    assert (mapping.status[404].status, mapping.status[500].status) == (200, None)
    assert mapping.status[500].headers.remove == ("X",)


@pytest.mark.parametrize(
    ("written", "kept"), [("/", "/"), ("/v1", "/v1"), ("/v1/", "/v1"), ("/a/b", "/a/b")]
)
def test_a_base_path_ends_without_a_slash(written, kept):
    assert HttpApi(base_path=written).base_path == kept


def test_a_host_is_kept_in_lower_case():
    assert HttpApi(host="API.Example").host == "api.example"


@pytest.mark.parametrize("issuer", ["http://localhost:9", "http://127.0.0.1:9/x", "http://[::1]:9"])
def test_a_local_issuer_needs_no_tls_when_allowed(issuer):
    fields = {"type": "jwt", "issuer": issuer, "audience": "a"}
    assert JwtAuthorizer(**fields, allow_http=True).issuer == issuer
    with pytest.raises(ValidationError, match="allow_http: true"):
        JwtAuthorizer(**fields)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://*",
        "http://*",
        "https://*.example.com",
        "https://app.example.com:8443",
        "http://[::1]:3000",
    ],
)
def test_origins(origin):
    assert HttpApi(cors={"allow_origins": origin}).cors.allow_origins == (origin,)
