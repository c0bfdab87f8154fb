"""Callers with key pairs, as events show them."""

from frontdesk.rules.auth.iam import caller


def test_a_caller_has_the_members_that_aws_documents():
    shown = caller("AKIDEXAMPLE", "desk", "123456789012")
    assert set(shown) == {
        "accessKey",
        "accountId",
        "callerId",
        "cognitoIdentity",
        "principalOrgId",
        "userArn",
        "userId",
    }
    assert shown["userArn"] == "arn:aws:iam::123456789012:user/desk"
    assert shown["callerId"] == shown["userId"]
    assert shown["userId"].startswith("AIDA")
    assert len(shown["userId"]) == 21


def test_an_id_belongs_to_the_user_not_to_the_key():
    first, second = (caller(key, "desk", "1" * 12)["userId"] for key in ("AKIDA", "AKIDB"))
    assert first == second != caller("AKIDA", "other", "1" * 12)["userId"]
