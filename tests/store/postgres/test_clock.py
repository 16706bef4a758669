"""The time of the database, as a host knows it from answers."""

from cwtui.store.postgres.clock import DatabaseClock


class Host:
    since_boot = 100.0
    shown = 5000.0


def test_the_time_is_that_of_the_database_and_does_not_jump() -> None:
    host = Host()
    clock = DatabaseClock(lambda: host.since_boot, lambda: host.shown)
    assert clock.now() == 5000.0
    assert clock.host_is_ahead == 0.0
    clock.learn(4000.0, 99.0, 101.0)
    assert clock.now() == 4000.0
    assert clock.host_is_ahead == 1000.0
    # Answers that can be true at the same time change nothing, however late they come.
    clock.learn(4000.5, 99.0, 101.0)
    assert clock.now() == 4000.0
    # Otherwise the nearest time that can be true is taken.
    clock.learn(4010.0, 99.0, 101.0)
    assert clock.now() == 4009.0
    clock.learn(3000.0, 100.0, 100.0)
    assert clock.now() == 3000.0
    # Whoever sets the host's clock changes nothing.
    host.since_boot, host.shown = 130.0, 3032.0
    assert clock.now() == 3030.0
    assert clock.host_is_ahead == 0.0
