"""Reading pages in a thread while the caller writes the earlier ones, so that network and database work at once."""

import queue
import threading
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress

LOOK_SECONDS = 0.1


class ReadAhead:
    """Takes pages from an iterator in a thread of its own, at most ``ahead`` of them before they are asked for.

    The thread does network work only. What has to be done with the database it hands, through :meth:`run_in_owner`, to
    the thread that takes the pages. Use it as a context manager; leaving it ends the reading.
    """

    def __init__(self, ahead):
        self._queue = queue.Queue(ahead)
        self._stopped = threading.Event()
        self._thread = None
        self._ended = False
        self._error = None

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._stopped.set()
        if self._thread:
            self._thread.join()

    def start(self, pages):
        """Begin to read ``pages``, an iterator."""
        self._thread = threading.Thread(target=self._read, args=(pages,), name="wecom-read-ahead", daemon=True)
        self._thread.start()

    def take(self, limit, prepare):
        """Wait for the next ``limit`` pages and return ``prepare`` of each, fewer at the end; [] after that.

        A page is prepared while the reading waits for the next one. Raises what the reading raised, once every page
        read before it has been taken.
        """
        pages = []
        while len(pages) < limit and not self._ended:
            kind, content = self._queue.get()
            if kind == "page":
                pages.append(prepare(content))
            elif kind == "work":
                _do(*content)
            else:
                self._ended, self._error = True, content
        if self._error and not pages:
            raise self._error
        return pages

    def run_in_owner(self, work):
        """Return ``work()``, done by the thread that takes the pages; that thread itself does it at once."""
        if threading.current_thread() is not self._thread:
            return work()
        result = Future()
        self._put("work", (work, result))
        while not self._stopped.is_set():
            if wait([result], timeout=LOOK_SECONDS).done:
                return result.result()
        raise CancelledError

    def _read(self, pages):
        try:
            for page in pages:
                self._put("page", page)
            self._put("end", None)
        except CancelledError:
            return
        except Exception as error:
            with suppress(CancelledError):
                self._put("end", error)

    def _put(self, kind, content):
        while not self._stopped.is_set():
            try:
                self._queue.put((kind, content), timeout=LOOK_SECONDS)
                return
            except queue.Full:
                continue
        raise CancelledError


def _do(work, result):
    try:
        result.set_result(work())
    except Exception as error:
        result.set_exception(error)
