"""The generic registry that models and data sets stand on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.errors import DlsuiteError, SpecError, UnknownNameError, closest
from dlsuite.registry import Registry


@pytest.fixture
def fruit() -> Registry[int]:
    registry: Registry[int] = Registry("fruit")
    for number, name in enumerate(["pear", "apple", "pineapple"]):
        registry.add(name, number)
    return registry


def test_an_entry_is_found_by_its_name(fruit: Registry[int]) -> None:
    assert fruit.get("apple") == 1
    assert "apple" in fruit
    assert "plum" not in fruit


def test_names_are_listed_sorted_and_by_wildcard(fruit: Registry[int]) -> None:
    assert fruit.names() == ["apple", "pear", "pineapple"]
    assert fruit.names("*apple") == ["apple", "pineapple"]
    assert fruit.names("p?ar") == ["pear"]
    assert fruit.names("Pear") == []
    assert list(fruit) == [("apple", 1), ("pear", 0), ("pineapple", 2)]


def test_a_duplicate_raises_and_the_first_stays(fruit: Registry[int]) -> None:
    with pytest.raises(
        SpecError, match="The fruit 'pear' is registered already; choose another name"
    ):
        fruit.add("pear", 9)
    assert fruit.get("pear") == 0


def test_an_unknown_name_lists_the_closest_ones(fruit: Registry[int]) -> None:
    with pytest.raises(UnknownNameError) as caught:
        fruit.get("appel")
    assert str(caught.value).startswith("Unknown fruit 'appel'. Did you mean 'apple'")
    assert isinstance(caught.value, SpecError)
    assert isinstance(caught.value, DlsuiteError)


def test_a_name_like_no_other_lists_all(fruit: Registry[int]) -> None:
    with pytest.raises(UnknownNameError, match=r"Known: 'apple', 'pear', 'pineapple'\."):
        fruit.get("xyz")


def test_an_empty_registry_says_so() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown fruit 'fig'\. There are none\."):
        Registry("fruit").get("fig")


def test_a_removed_entry_is_gone_and_its_name_free(fruit: Registry[int]) -> None:
    fruit.remove("pear")
    assert "pear" not in fruit
    fruit.add("pear", 7)
    assert fruit.get("pear") == 7


def test_what_is_not_there_cannot_be_removed(fruit: Registry[int]) -> None:
    with pytest.raises(UnknownNameError, match="Unknown fruit 'plum'"):
        fruit.remove("plum")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../x", "--", "a\n"])
def test_a_name_that_is_not_a_plain_word_is_refused(name: str, fruit: Registry[int]) -> None:
    with pytest.raises(SpecError, match="letters, digits, '_' and '-'; got "):
        fruit.add(name, 1)
    assert name not in fruit


@given(name=st.text(), known=st.lists(st.text(min_size=1), max_size=5))
def test_any_name_is_answered_with_known_ones(name: str, known: list[str]) -> None:
    sentence = closest(name, known)
    if known:
        assert any(repr(word) in sentence for word in known)
    else:
        assert sentence == "There are none."
