"""How long long-running work will still take."""

from cwtui.accounts.progress import as_clock, seconds_left, told_left


def test_the_rest_is_told_once_the_speed_is_known() -> None:
    assert seconds_left(1.9, 10, 100) is None
    assert seconds_left(10, 0, 100) is None
    assert seconds_left(10, 100, 100) is None
    assert seconds_left(10, 20, 100) == 40


def test_the_time_told_does_not_go_up_and_down_by_a_step() -> None:
    estimates = (38.0, 41.0, 39.0, 36.0, 34.0, 36.0, 52.0, 0.1)
    told: int | None = None
    said = [told := told_left(seconds, told) for seconds in estimates]
    assert said == [40, 40, 40, 40, 35, 35, 55, 5]


def test_times_are_written_as_on_a_clock() -> None:
    assert [as_clock(seconds) for seconds in (5, 65, 3605)] == ["0:05", "1:05", "1:00:05"]
