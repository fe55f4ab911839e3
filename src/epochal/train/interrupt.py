"""Ctrl-C between two steps, never inside one: the first asks, the second insists."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupt:
    """Whether the user has asked to stop."""

    asked = False

    def check(self) -> None:
        """
        Raises:
            KeyboardInterrupt: the user has asked to stop.
        """
        if self.asked:
            raise KeyboardInterrupt


@contextmanager
def between_steps() -> Iterator[Interrupt]:
    """Within this block the first SIGINT only raises a flag; a second one interrupts at once."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: object) -> None:
        if interrupt.asked:
            raise KeyboardInterrupt
        interrupt.asked = True

    signal.signal(signal.SIGINT, ask)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
