"""Virtual users share a rate and a count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.simulator.virtual_user import VirtualUser


@given(st.integers(1, 60), st.integers(0, 5000))
def test_virtual_users_share_the_count_without_remainder(users: int, count: int) -> None:
    limits = [VirtualUser(number, users, 0, count).limit for number in range(users)]
    assert sum(limit or 0 for limit in limits) == count
    assert max(limits) - min(limits) <= 1  # type: ignore[operator]


def test_without_a_count_there_is_no_limit() -> None:
    assert VirtualUser(0, 3, 10, None).limit is None


@given(st.integers(1, 20), st.sampled_from([0.5, 1, 10, 200, 4096]))
def test_virtual_users_take_turns_and_keep_the_rate_together(users: int, rate: float) -> None:
    times = sorted(VirtualUser(number, users, rate, None).due_at(nth) for number in range(users) for nth in range(5))
    assert times == pytest.approx([k / rate for k in range(5 * users)])


@given(st.integers(1, 20), st.data(), st.sampled_from([0.5, 1, 8, 4096]), st.integers(0, 1000))
def test_an_event_is_due_at_its_time(users: int, data: st.DataObject, rate: float, nth: int) -> None:
    user = VirtualUser(data.draw(st.integers(0, users - 1)), users, rate, None)
    assert user.due(user.due_at(nth) + 0.25 / rate) == nth + 1
    assert user.due(user.due_at(nth) - 0.25 / rate) == nth
