"""What is said when cwtui itself fails: where, and never with which values."""

import traceback

from rich.text import Text


def report(error: BaseException | None) -> Text:
    """A page for the person and the one who mends it: types and places, no value of anything."""
    lines = [
        "cwtui has stopped because of a mistake in itself. What was said to be done is done.",
        "Start it again. If it happens again, report these lines; they hold no data of yours:",
        "",
    ]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        lines.append(f"  {type(error).__module__}.{type(error).__qualname__}")
        lines += [
            f"    {frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        error = error.__cause__ or getattr(error, "error", None) or error.__context__
    return Text("\n".join(lines))
