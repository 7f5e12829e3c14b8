"""What a batch run says while it works: a progress bar on a terminal, one JSON line per step elsewhere (stderr)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

# A step that advances in many small pieces is said at most so often.
SAID_AT_MOST = 20


@dataclass(slots=True)
class Steps:
    """Steps of a run: `step("chunk", 3, 20)` says how far one is, `said("resumed", chunks=7)` what happened."""

    _say: Callable[[str, dict[str, object]], None]
    _advance: Callable[[str, int, int], None]
    _last: dict[str, int] = field(default_factory=dict)

    def said(self, event: str, **facts: object) -> None:
        """Something that happened once."""
        self._say(event, facts)

    def step(self, event: str, done: int, of: int) -> None:
        """`done` of `of` pieces are done; said for each of a few, else for every twentieth part."""
        part = done * SAID_AT_MOST // max(of, 1) if of > SAID_AT_MOST else done
        if self._last.get(event) != part:
            self._last[event] = part
            self._advance(event, done, of)

    def progress(self, event: str) -> Callable[[int, int], None]:
        """A progress callback of one step."""
        return lambda done, of: self.step(event, done, of)


@contextmanager
def steps_on(console: Console) -> Iterator[Steps]:
    """Steps shown on a console: a bar per step on a terminal, else JSON lines."""
    if not console.is_terminal:

        def line(event: str, facts: dict[str, object]) -> None:
            console.print(json.dumps({"event": event, **facts}), markup=False, soft_wrap=True)

        yield Steps(line, lambda event, done, of: line(event, {"done": done, "of": of}))
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def advance(event: str, done: int, of: int) -> None:
            if event not in tasks:
                tasks[event] = bar.add_task(event)
            bar.update(tasks[event], completed=done, total=of)

        yield Steps(_unsaid, advance)


def silent_steps() -> Steps:
    """Steps that nobody watches."""
    return Steps(_unsaid, lambda _event, _done, _of: None)


def _unsaid(_event: str, _facts: dict[str, object]) -> None:
    """A bar has no room for it; the last line of the output has it."""
