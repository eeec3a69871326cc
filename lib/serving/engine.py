"""The thread that samples: requests wait in a queue, and join the batch as soon as there is a place."""

from collections import deque
from concurrent.futures import Future
from threading import Condition, Thread

from lib.serving.batch import Batch, Request, Row

PROMPT_TOKENS = 4096  # of new prompts that are read at once, while the other rows wait
MAX_WAITING = 64


class QueueIsFull(Exception):
    """As many requests wait as may wait."""


class Stopped(Exception):
    """The server ends."""


class Engine:
    """max_batch: requests that are sampled together. max_waiting: how many more may wait for a place."""

    def __init__(self, batch: Batch, max_batch: int, max_waiting: int = MAX_WAITING) -> None:
        self.batch, self.max_batch, self.max_waiting = batch, max_batch, max_waiting
        self._waiting: deque[Row] = deque()
        self._changed = Condition()
        self._stopping = False
        self._thread = Thread(target=self._work, name="sampling", daemon=True)

    def start(self) -> None:
        """Begins to work on requests; those that were submitted before have waited."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread. Requests that are not finished end with Stopped."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._fail([*self.batch.rows, *self._waiting], Stopped("the server ends"))

    def submit(self, request: Request) -> "Future[Row]":
        """The row of a request, once it has ended; to cancel it ends the work. Raises QueueIsFull or Stopped."""
        row = Row(request)
        with self._changed:
            if self._stopping:
                raise Stopped("the server ends")
            if len(self._waiting) >= self.max_waiting:
                raise QueueIsFull(f"{len(self._waiting)} requests wait already")
            self._waiting.append(row)
            self._changed.notify()
        return row.done

    def load(self) -> dict[str, int]:
        """How many requests are sampled and how many wait."""
        return {"running": len(self.batch.rows), "waiting": len(self._waiting)}

    def _work(self) -> None:
        while not self._stopping:
            rows = self._next()
            try:
                if rows:
                    self.batch.join(rows)
                elif self.batch.rows:
                    self.batch.run(self._is_to_pause)
                ended = self.batch.leave()
            except Exception as error:  # of the model, such as exhausted memory: the next batch may do
                self._fail([*{*self.batch.rows, *rows}], error)
                self.batch.rows = []
            else:
                for row in ended:
                    if row.done.set_running_or_notify_cancel():
                        row.done.set_result(row)

    def _next(self) -> list[Row]:
        """The requests that join now, in the order in which they came. Waits if there is nothing to do."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self.batch.rows or self._stopping)
            rows: list[Row] = []
            longest = 0
            while self._waiting and len(self.batch.rows) + len(rows) < self.max_batch and not self._stopping:
                longest = max(longest, len(self._waiting[0].request.prompt))
                if rows and longest * (len(rows) + 1) > PROMPT_TOKENS:
                    break
                row = self._waiting.popleft()
                if not row.done.cancelled():
                    rows.append(row)
            return rows

    def _is_to_pause(self) -> bool:
        return self._stopping or (bool(self._waiting) and len(self.batch.rows) < self.max_batch)

    def _fail(self, rows: list[Row], error: Exception) -> None:
        for row in rows:
            if not row.done.done() and row.done.set_running_or_notify_cancel():
                row.done.set_exception(error)
