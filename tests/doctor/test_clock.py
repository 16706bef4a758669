"""Who says that the clock is right, and by how much."""

from pathlib import Path

from cwtui.doctor import clock
from cwtui.doctor.clock import Kernel
from cwtui.doctor.findings import Level
from cwtui.doctor.programs import Answer
from tests.doctor.hosts import machine


def of_clock(root: Path, kernel: Kernel | None, **answers: Answer) -> tuple[Level, str]:
    one = clock.judged(kernel, machine(root, programs=answers))
    return one.level, one.sentence


def test_the_kernel_or_a_time_service_says_that_the_clock_is_right(tmp_path: Path) -> None:
    level, sentence = of_clock(tmp_path, Kernel(is_synchronised=True, most_error=0.05))
    assert (level, sentence) == (
        Level.OK,
        "The kernel says that the clock is synchronised, to 0.05 s (adjtimex).",
    )
    assert of_clock(tmp_path, Kernel(is_synchronised=True, most_error=15))[0] is Level.WARNING
    unknown = Kernel(is_synchronised=False, most_error=16)
    assert of_clock(tmp_path, unknown)[0] is Level.WARNING
    assert of_clock(tmp_path, None)[0] is Level.UNKNOWN
    fields = (
        "A29FC87B,162.159.200.123,4,1764179000.1,0.0001,0.0002,0.0003,-1.2,0.0,0.03,0.01,0.002,64.5"
    )
    for kernel in (unknown, None):
        assert of_clock(tmp_path, kernel, chronyc=Answer(0, f"{fields},Normal\n", ""))[
            1
        ].startswith("chronyc says that the clock is synchronised")
        not_yet = Answer(0, f"{fields},Not synchronised\n", "")
        assert of_clock(tmp_path, kernel, chronyc=not_yet)[0] is not Level.OK
        yes = Answer(0, "NTPSynchronized=yes\n", "")
        assert of_clock(tmp_path, kernel, timedatectl=yes)[1].startswith("timedatectl says")


def test_the_error_of_the_real_clock_is_not_negative() -> None:
    kernel = clock.of_kernel()
    assert kernel is None or kernel.most_error >= 0
