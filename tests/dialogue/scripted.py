"""A person who follows a script."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from cwtui.accounts.secret import Secret
from cwtui.dialogue.conversation import Gone, Room

Answer: TypeAlias = str | Callable[[], str]


@dataclass
class Scripted:
    """Gives the answers in turn, then leaves. Keeps everything that was said, with its kind."""

    answers: list[Answer] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    room: Room | None = None

    def ask(self, prompt: str) -> str:
        return self._answer("ask", prompt)

    def ask_secret(self, prompt: str) -> Secret:
        return Secret(self._answer("secret", prompt))

    def tell(self, text: str) -> None:
        self.heard.append(("tell", text))

    def warn(self, text: str) -> None:
        self.heard.append(("warn", text))

    def _answer(self, kind: str, prompt: str) -> str:
        self.heard.append((kind, prompt))
        if not self.answers:
            raise Gone
        answer = self.answers.pop(0)
        return answer if isinstance(answer, str) else answer()

    def all(self, kind: str) -> list[str]:
        return [text for said, text in self.heard if said == kind]

    @property
    def last(self) -> tuple[str, str]:
        return self.heard[-1]
