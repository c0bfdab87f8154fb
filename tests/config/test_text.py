"""Texts that know where they were written."""

import pickle
from pathlib import Path

from frontdesk.config.text import FileText


def test_a_pickled_text_comes_back_with_all_that_it_knows():
    text = FileText("s3cret", Path("/etc"), "${env:KEY}", referenced=True)
    read = pickle.loads(pickle.dumps(text, pickle.HIGHEST_PROTOCOL))
    assert isinstance(read, FileText)
    assert (read, read.folder, read.written, read.referenced) == (
        "s3cret",
        Path("/etc"),
        "${env:KEY}",
        True,
    )
