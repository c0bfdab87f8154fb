"""What subscribers of a topic get that no client sees."""

import json

from frontdesk.rules.events.sns import Notification, envelope, filtered

PLAIN = Notification("m-1", "arn:t", {"default": "é", "sqs": "for queues"}, 1_772_600_767.125)


def test_the_envelope_has_what_there_is():
    assert json.loads(envelope(PLAIN)) == {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": "arn:t",
        "Message": "for queues",
        "Timestamp": "2026-03-04T05:06:07.125Z",
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertURL": "",
        "UnsubscribeURL": "",
    }
    numbered = PLAIN._replace(number=7, subject="News")
    found = json.loads(envelope(numbered))
    assert (found["Subject"], found["SequenceNumber"]) == ("News", "00000000000000000007")


def test_filters_see_values_by_their_types():
    attributes = {
        "text": {"DataType": "String", "StringValue": "5"},
        "number": {"DataType": "Number.int", "StringValue": "+5"},
        "list": {"DataType": "String.Array", "StringValue": '["a", 1]'},
        "bytes": {"DataType": "Binary", "BinaryValue": "YQ=="},
    }
    assert filtered(PLAIN._replace(attributes=attributes), "sqs", "attributes") == {
        "text": "5",
        "number": 5.0,
        "list": ["a", 1],
        "bytes": "a",
    }
    assert filtered(PLAIN, "lambda", "body") is None
