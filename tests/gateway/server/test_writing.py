from frontdesk.gateway.server.writing import DateLine


def test_the_date_is_written_once_per_second():
    dates = DateLine()
    first = dates.at(784111777.1)
    assert first == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    assert dates.at(784111777.9) is first
    assert dates.at(784111778.0) == b"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
