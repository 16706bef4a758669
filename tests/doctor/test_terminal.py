"""What the terminal can show."""

from cwtui.doctor import terminal
from cwtui.doctor.findings import Finding, Level


def of_terminal(columns: int, rows: int, **environ: str) -> list[Finding]:
    return [*terminal.judged({"TERM": "xterm-256color", **environ}, (columns, rows))]


def test_what_the_terminal_can_show_is_reported() -> None:
    sentences = [one.sentence for one in of_terminal(80, 24, LANG="C.UTF-8")]
    assert sentences == [
        "xterm-256color, 80 columns and 24 rows, with UTF-8.",
        "TERM says that the terminal shows 256 colours.",
        "Text can be sent to the terminal's clipboard; whether it takes it, it does not say.",
        "The QR code fits, even for the longest username.",
    ]
    small = [one.level for one in of_terminal(59, 19)]
    assert small == [Level.OK, Level.WARNING, Level.OK, Level.OK, Level.WARNING]
    assert of_terminal(60, 24)[-1].level is Level.WARNING
    assert "without UTF-8 (iso8859-1)" in of_terminal(80, 24, LANG="de_DE.ISO-8859-1")[0].sentence
    assert of_terminal(80, 24, NO_COLOR="1")[1].sentence == "Colours are switched off (NO_COLOR)."
    assert [one.level for one in of_terminal(80, 24, TERM="dumb")] == [Level.WARNING]
