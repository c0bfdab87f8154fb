"""Intrinsic functions: what each gives, in its long and its short form, and what is refused."""

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.cloudformation.intrinsics import TAGS
from frontdesk.config.imports.cloudformation.template import Template
from frontdesk.config.imports.files import Project
from frontdesk.config.imports.resources import Declared
from frontdesk.config.placed import Placed
from frontdesk.config.yaml_source import read_yaml

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: prod}
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
  Open: {Type: String}
Mappings:
  Sizes: {prod: {memory: 512}, dev: {memory: 128}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsBig: !And [!Condition IsProd, !Not [!Equals [a, b]]]
  IsSmall: !Or [!Equals [a, b], !Equals [c, d]]
  Circle: !Not [!Condition Circle]
Resources:
  Book: {Type: AWS::Lambda::Function, Properties: {FunctionName: !Sub "${Stage}-book"}}
  Live: {Type: AWS::Lambda::Alias, Properties: {Name: live, FunctionName: !Ref Book}}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: later}}
  Api: {Type: AWS::ApiGateway::RestApi}
  One: {Type: AWS::Lambda::Function, Properties: {FunctionName: !Ref Two}}
  Two: {Type: AWS::Lambda::Function, Properties: {FunctionName: !Ref One}}
"""


def evaluated(text, tmp_path, given=()):
    tree, findings = read_yaml(f"{TEMPLATE}It: {text}".encode(), "template.yaml", TAGS)
    assert not findings
    root = Placed(tree.value, tree.node)
    declared = Declared(Project(tmp_path))
    template = Template(root, dict(given), declared)
    return template.value(root.get("It")), declared.findings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Stage", "prod"),
        ("{Ref: Stage}", "prod"),
        ("!Ref Zones", ["a", "b"]),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref AWS::AccountId", "000000000000"),
        ("!Ref Book", "prod-book"),
        ("!Ref Live", "arn:aws:lambda:us-east-1:000000000000:function:prod-book:live"),
        ("!Ref Api", "Api"),
        ("!GetAtt Book.Arn", "arn:aws:lambda:us-east-1:000000000000:function:prod-book"),
        ("!GetAtt [Queue, Arn]", "arn:aws:sqs:us-east-1:000000000000:later"),
        ("!GetAtt Api.RootResourceId", "Api/"),
        ('!Sub "${Stage}-${AWS::Region}-${!kept}"', "prod-us-east-1-${kept}"),
        ('!Sub "${Book.Arn}/x"', "arn:aws:lambda:us-east-1:000000000000:function:prod-book/x"),
        ('!Sub ["${a}-${Stage}", {a: !Ref Stage}]', "prod-prod"),
        ('!Join ["-", [a, !Ref Stage, 1]]', "a-prod-1"),
        ('!Join [",", !Ref Zones]', "a,b"),
        ('!Select [1, !Split [".", "a.b.c"]]', "b"),
        ("!Select ['0', !Ref Zones]", "a"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", 512),
        ("!FindInMap [Sizes, staging, memory, {DefaultValue: 1}]", 1),
        ("!If [IsProd, yes, no]", "yes"),
        ("!If [IsBig, !Sub '${Stage}!', no]", "prod!"),
        ("!If [IsSmall, yes, no]", "no"),
        ("[1, !If [IsSmall, 2, !Ref AWS::NoValue], 3]", [1, 3]),
        ("{a: !Ref AWS::NoValue, b: 010}", {"b": 10}),
        ("!Base64 abc", "YWJj"),
        ("!ToJsonString {a: [1]}", '{"a": [1]}'),
        ("!ImportValue exported", "from another stack"),
        ("!GetAtt Pool.Arn", "arn of a pool"),
        ('"{{resolve:ssm:/db/pass:3}}"', "${env:DB_PASS}"),
        ('"{{resolve:secretsmanager:db:SecretString:user}}"', "${env:DB_USER}"),
        ('!Sub "x-{{resolve:ssm-secure:/key}}"', "x-${env:KEY}"),
    ],
)
def test_what_a_function_gives(text, value, tmp_path):
    given = {"exported": "from another stack", "Pool.Arn": "arn of a pool"}
    assert evaluated(text, tmp_path, given)[0] == value


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("!Ref Open", "Open"),
        ("!Ref Nothing", "Nothing"),
        ("!GetAtt Pool.ProviderName", "Pool.ProviderName"),
        ("!ImportValue other", "other"),
        ('!Sub "${Pool.Arn}"', "Pool.Arn"),
    ],
)
def test_what_nobody_can_know_is_asked_for_at_its_line(text, address, tmp_path):
    value, (finding,) = evaluated(text, tmp_path)
    assert value == f"${{input:{address}}}"
    assert finding.message == f"nothing here says what {address} is"
    assert finding.where.line == TEMPLATE.count("\n") + 1
    assert evaluated(text, tmp_path, {address: "given"}) == ("given", [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!GetAZs ''", "this function is not supported: Fn::GetAZs"),
        ("{Fn::Transform: {Name: AWS::Include}}", "this function is not supported: Fn::Transform"),
        ("!Ref [a]", "expected a name"),
        ("!Sub [a, b]", "expected a text, or a list of a text and its variables"),
        ("!Sub {a: b}", "expected a text, or a list of a text and its variables"),
        ('!Sub ["${a}", {a: [1]}]', "expected a text or number inside this text"),
        ('!Sub "${AWS::NoValue}"', "expected a text or number inside this text"),
        ("!GetAtt Book", "expected a resource and its attribute"),
        ("!Select [7, [a]]", "there is no element 7 in this list"),
        ("!Select [a]", "expected a list of 2"),
        ("!Select [0, {a: 1}]", "there is no element 0 in this list"),
        ("!Join [a, b, c]", "expected a list of 2"),
        ('!Split ["", abc]', "expected a separator"),
        ("!If [IsProd, a]", "expected a condition and two values"),
        ("!If [[], a, b]", "expected a name"),
        ("!If [Nothing, a, b]", "there is no condition Nothing"),
        ("!If [Circle, a, b]", "condition Circle needs itself"),
        ("!Not []", "expected a list of 1"),
        ("!And a", "expected a list"),
        ("!Equals [a]", "expected a list of 2"),
        ("!FindInMap [Sizes, staging, memory]", "there is no staging in this mapping"),
        ("!Ref One", "One.FunctionName needs itself"),
    ],
)
def test_what_cannot_be_evaluated_is_told_at_its_place(text, message, tmp_path):
    with pytest.raises(ConfigError) as caught:
        evaluated(text, tmp_path)
    (finding,) = caught.value.findings
    assert finding.message.endswith(message)
    assert finding.where.file == "template.yaml"


def test_a_text_that_doubles_itself_ends(tmp_path):
    text = '"x"'
    for _ in range(20):
        text = f'{{"Fn::Sub": ["${{a}}${{a}}${{a}}", {{"a": {text}}}]}}'
    with pytest.raises(ConfigError, match="this text is too long"):
        evaluated(text, tmp_path)


def test_a_list_joined_by_a_long_text_ends(tmp_path):
    separator, many = "-" * 100_000, "," * 1000
    with pytest.raises(ConfigError, match="this text is too long"):
        evaluated(f'!Join ["{separator}", !Split [",", "{many}"]]', tmp_path)
