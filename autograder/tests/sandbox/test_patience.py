"""How long a hand-in is waited for."""

from __future__ import annotations

import pytest

from autograder.sandbox.patience import Patience
from toolbox.errors import Timeout


def test_a_hand_in_that_hangs_in_every_call_is_given_up_in_half_a_minute():
    patience, seconds = Patience(), 0.0
    for _ in range(60):
        limit = patience.limit()
        patience.spend(limit, in_time=False)
        seconds += limit
    assert seconds < 25


def test_a_hand_in_whose_every_call_is_slow_but_ends_is_given_up_too():
    patience, seconds = Patience(), 0.0
    with pytest.raises(Timeout, match="as a whole"):
        for _ in range(10_000):
            patience.limit()
            patience.spend(0.3)
            seconds += 0.3
    assert seconds < 61


def test_quick_calls_use_up_nothing_and_keep_the_generous_limit():
    patience = Patience()
    for _ in range(3000):
        patience.spend(0.01)
    assert patience.limit() == Patience().full


def test_a_test_that_names_its_own_limit_has_it_whatever_came_before():
    patience = Patience()
    for _ in range(30):
        patience.spend(patience.limit(), in_time=False)
    assert patience.limit() < 1 and patience.limit(own=20.0) == 20.0
    patience.spend(15.0, own=20.0)
    assert patience.spent < 20
