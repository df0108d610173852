"""What a model's token probabilities say about its choice."""

import math

import pytest

from inference_server.assessment.change_odds import Odds, Token, read_odds, suggested_points


def token(text: str, **alternatives: float) -> Token:
    return Token(text=text, top=tuple((word, math.log(p)) for word, p in alternatives.items()))


def tokens(*texts: Token | str) -> list[Token]:
    return [each if isinstance(each, Token) else Token(text=each, top=()) for each in texts]


CHOICE = token("higher", higher=0.6, lower=0.2, same=0.1, Higher=0.1)


def test_the_choices_share_what_is_theirs() -> None:
    odds = read_odds(tokens('{"', "because", '":"', "night", '","', "change", '":"', CHOICE, '"}'))

    assert odds == pytest.approx({"lower": 2 / 9, "same": 1 / 9, "higher": 6 / 9})


def test_a_token_may_begin_before_the_value_and_hold_a_part_of_it() -> None:
    choice = Token(text='":"h', top=(('":"h', -0.1), ('":"l', -2.4), ('":', -5.0), ("x", -1.0)))

    odds = read_odds(tokens('{"change', choice, 'igher"}'))

    assert odds is not None
    assert odds["same"] == 0
    assert odds["higher"] / odds["lower"] == pytest.approx(math.exp(2.3))


def test_a_token_that_ends_with_the_quote_counts() -> None:
    odds = read_odds(tokens('{"change": "', Token(text='same"}', top=(('same"}', -0.1),))))

    assert odds == {"lower": 0, "same": 1, "higher": 0}


@pytest.mark.parametrize(
    "said",
    [
        [],
        tokens('{"note":"x"}'),
        tokens('{"change":"', "higher", '"}'),  # without alternatives
        tokens('{"change":"', token("higher", x=0.9)),
        tokens('{"change":"'),
    ],
)
def test_without_telling_tokens_there_are_no_odds(said: list[Token]) -> None:
    assert read_odds(said) is None


def test_without_odds_the_choice_counts_in_full() -> None:
    assert [suggested_points(each, None, None) for each in ("lower", "same", "higher")] == [
        -6,
        0,
        6,
    ]


def test_odds_count_as_far_as_they_differ() -> None:
    odds: Odds = {"lower": 0.25, "same": 0.25, "higher": 0.5}

    assert suggested_points("higher", odds, None) == pytest.approx(1.5)


def test_a_habit_does_not_count() -> None:
    habit: Odds = {"lower": 0.1, "same": 0.2, "higher": 0.7}

    assert suggested_points("higher", habit, habit) == 0
    odds: Odds = {"lower": 0.3, "same": 0.2, "higher": 0.5}
    assert suggested_points("higher", odds, habit) < 0
