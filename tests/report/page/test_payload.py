import base64
import gzip
import json

import numpy as np
import pytest

from dlsuite.report.page.payload import inline_script, packed_floats, packed_json


def test_numbers_come_back_as_they_were() -> None:
    values = np.array([0.1, -2.5, np.nan, 3e38, 0.0], np.float32)
    shuffled = gzip.decompress(base64.b64decode(packed_floats(values)))
    back = np.frombuffer(shuffled, np.uint8).reshape(4, -1).T.tobytes()
    np.testing.assert_array_equal(np.frombuffer(back, "<f4"), values)


def test_json_means_nothing_to_html() -> None:
    text = packed_json({"name": "</script><!--"})
    assert "<" not in text
    assert json.loads(gzip.decompress(base64.b64decode(text))) == {"name": "</script><!--"}


def test_the_same_data_gives_the_same_text() -> None:
    assert packed_json([1, 2, 3]) == packed_json([1, 2, 3])


def test_a_number_that_json_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        packed_json([float("nan")])


def test_a_program_cannot_end_its_element() -> None:
    with pytest.raises(ValueError, match="does not end its script element"):
        inline_script("let a = '</SCRIPT>'")
