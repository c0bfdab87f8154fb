import base64
import hashlib

from tests.aws.conftest import zipped
from tests.aws.lambda_api.test_functions import refused, told

ZIP = zipped(**{"python/shared": "VALUE = 1\n"})
NEXT = zipped(**{"python/shared": "VALUE = 2\n"})
ARN = "arn:aws:lambda:us-east-1:000000000000:layer:shared"


async def published(api, content=ZIP):
    return await api(
        "publish_layer_version",
        LayerName="shared",
        Description="d",
        Content={"ZipFile": content},
        CompatibleRuntimes=["python3.11"],
    )


async def test_a_layer_is_published_in_versions(api):
    first = await published(api)
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (first["LayerArn"], first["LayerVersionArn"], first["Version"]) == (ARN, f"{ARN}:1", 1)
    assert first["Content"]["CodeSha256"] == base64.b64encode(hashlib.sha256(ZIP).digest()).decode()
    assert (await published(api, NEXT))["Version"] == 2
    found = await api("get_layer_version", LayerName="shared", VersionNumber=1)
    assert (found["Description"], found["CompatibleRuntimes"]) == ("d", ["python3.11"])
    listed = await api("list_layer_versions", LayerName="shared")
    assert [one["Version"] for one in listed["LayerVersions"]] == [2, 1]
    (layer,) = (await api("list_layers"))["Layers"]
    assert layer["LatestMatchingVersion"]["Version"] == 2


async def test_a_function_uses_layers_in_order_and_keeps_them(api):
    await published(api)
    await published(api, NEXT)
    made = await api("create_function", **told(Layers=[f"{ARN}:2", f"{ARN}:1"]))
    assert [layer["Arn"] for layer in made["Layers"]] == [f"{ARN}:2", f"{ARN}:1"]
    await api("delete_layer_version", LayerName="shared", VersionNumber=1)
    layers = api.host.definitions["made"].latest.layers
    assert [path.read_bytes() for path in layers] == [NEXT, ZIP]
    await api("update_function_configuration", FunctionName="made", Layers=[])
    assert api.host.definitions["made"].latest.layers == ()
    assert not layers[1].exists()


async def test_a_layer_version_that_is_gone_is_404(api):
    await published(api)
    for _ in range(2):
        await api("delete_layer_version", LayerName="shared", VersionNumber=1)
    found = await refused(api, "get_layer_version", LayerName="shared", VersionNumber=1)
    assert found[:2] == (404, "ResourceNotFoundException")
    assert (await published(api, NEXT))["Version"] == 2


async def test_layers_come_back_after_a_restart(make_api):
    async with make_api().serving() as first:
        await published(first)
    async with make_api(catalog=first.catalog).serving() as second:
        assert (await second("get_layer_version", LayerName="shared", VersionNumber=1))[
            "Version"
        ] == 1
