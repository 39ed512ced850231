"""Ahead: work that threads do before its turn, so that what is next need not wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T, _U = TypeVar("T"), TypeVar("U")


def ahead(
    items: Iterable[_T], function: Callable[[_T], _U], threads: int
) -> Iterator[tuple[_T, _U]]:
    """Each item with what a function makes of it, in order; `threads` are made while others are used."""
    waiting: deque[tuple[_T, Future[_U]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append((item, pool.submit(function, item)))
            if len(waiting) > threads:
                first, made = waiting.popleft()
                yield first, made.result()
        for first, made in waiting:
            yield first, made.result()
