"""Streams: standard output and error that no closed pipe can end a command with."""

from __future__ import annotations

import io
import os
import sys


class _Lasting(io.FileIO):
    """A stream that goes on when its reader has gone: what nobody reads any more is dropped."""

    broken = False

    def write(self, content) -> int:
        if not self.broken:
            try:
                return super().write(content)
            except ConnectionError:  # a broken pipe, or a socket that was closed
                self.broken = True
            except OSError:  # a full disk: reported once
                self.broken = True
                raise
        return len(content)


def open_streams() -> None:
    """Make standard output and error streams that no closed pipe can end a command with.

    A descriptor that is closed from the start leads to the null device: else the next file that is
    opened would take its number, and receive what is printed. Streams that were replaced stay.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, this one
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__"):
            form = {"encoding": stream.encoding, "errors": stream.errors} if stream else {}
            raw = io.BufferedWriter(_Lasting(descriptor, "wb", closefd=False))
            lines = descriptor == 2 or raw.isatty()
            setattr(sys, name, io.TextIOWrapper(raw, **form, line_buffering=lines))
