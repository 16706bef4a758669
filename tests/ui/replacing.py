"""Replaces parts of Textual while tests run."""


def replace_in(owner: object, name: str, new: object) -> None:
    """Replace what a class or module of Textual has under this name."""
    assert hasattr(owner, name), f"{owner} has no {name} any more"
    setattr(owner, name, new)
