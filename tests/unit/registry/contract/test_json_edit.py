"""A JSON text keeps its author's layout when one value changes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tributary.registry.contract.json_edit import locate, rewrite

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
INDENTS = st.sampled_from([None, 1, 2, "\t"])


@given(VALUES, INDENTS)
def test_every_value_is_found_where_it_stands(value: Any, indent: Any) -> None:
    text = json.dumps(value, indent=indent)
    for pointer, place in locate(text).items():
        here = value
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            here = here[int(key)] if isinstance(here, list) else here[key]
        assert json.loads(text[place.value : place.end]) == here


@given(st.data(), INDENTS)
def test_the_text_says_the_new_value_and_the_old_one_back_again(data: st.DataObject, indent: Any) -> None:
    before = data.draw(VALUES)
    text = json.dumps(before, indent=indent)
    pointer = data.draw(st.sampled_from(sorted(locate(text))))
    place = locate(text)[pointer]
    after = data.draw(VALUES)
    changed = rewrite(text, pointer, after)
    again = locate(changed)[pointer]
    assert json.dumps(json.loads(changed[again.value : again.end])) == json.dumps(after)
    assert (changed[: place.value], changed[again.end :]) == (text[: place.value], text[place.end :])
    assert json.loads(rewrite(changed, pointer, json.loads(text[place.value : place.end]))) == before


@given(st.lists(VALUES, max_size=4), st.lists(VALUES, min_size=1, max_size=2), INDENTS)
def test_what_is_there_already_keeps_its_text(first: list[Any], more: list[Any], indent: Any) -> None:
    text = json.dumps(first, indent=indent)
    grown = rewrite(text, "", first + more)
    assert json.loads(grown) == first + more
    if first:
        assert grown.startswith(text.rstrip("]").rstrip())


LAYOUTS = [
    ('{"a": 1}', '{"a": 1, "b": 2}'),
    ('{"a":1,"c":3}', '{"a":1,"c":3,"b":2}'),
    ("{}", '{"b": 2}'),
    ('{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "b": 2\n}\n'),
    ('{\r\n\t"a": 1,\r\n\t"c": 3\r\n}', '{\r\n\t"a": 1,\r\n\t"c": 3,\r\n\t"b": 2\r\n}'),
    ('{ "a" : 1\n, "c" : 3\n}', '{ "a" : 1\n, "c" : 3\n, "b" : 2\n}'),
]


@pytest.mark.parametrize(("before", "after"), LAYOUTS)
def test_a_member_is_added_in_the_style_of_the_object(before: str, after: str) -> None:
    assert rewrite(before, "", {**json.loads(before), "b": 2}) == after


def test_an_object_is_added_in_the_style_of_its_neighbour() -> None:
    text = '[\n  {\n    "name": "a",\n    "type": ["null", "int"]\n  }\n]\n'
    grown = rewrite(text, "", [*json.loads(text), {"name": "b", "type": ["null", "long"]}])
    first, second = re.findall(r"  \{.*?\n  \}", grown, re.DOTALL)
    assert second == first.replace('"a"', '"b"').replace("int", "long")
    assert grown.startswith(text[: text.index("\n]")]) and grown.endswith("\n]\n")
