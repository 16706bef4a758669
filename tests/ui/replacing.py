"""Replaces parts of programs while tests run."""


def replace_in(owner: object, name: str, new: object) -> None:
    """Replace what a class or module has under this name."""
    assert hasattr(owner, name), f"{owner} has no {name} any more"
    setattr(owner, name, new)
