"""Reading pages in a thread while the caller writes the earlier ones, so that network and database work at once."""

import queue
import threading
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress

LOOK_SECONDS = 0.1


class ReadAhead:
    """Takes pages from an iterator in a thread of its own, at most ``ahead`` of them before they are asked for.

    ``prepare(page, far_ahead)`` makes of a page what is taken. It is called by whoever has the time: by the taker while
    the reading waits for the network, by the reading thread once it is far ahead of a taker who is busy writing.

    Besides, the thread does network work only. What has to be done with the database it hands, through
    :meth:`run_in_owner`, to the thread that takes the pages. Use it as a context manager; leaving it ends the reading.
    """

    def __init__(self, ahead, prepare):
        self._queue = queue.Queue(ahead)
        self._far_ahead = ahead // 8
        self._prepare = prepare
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

    def take(self, limit):
        """Return the next pages, prepared: ``limit`` of them where so many have been read, half of them at least.

        They are fewer at the end of the reading, and none after that.
        Raises what the reading raised, once every page read before it has been taken.
        """
        pages = []
        while len(pages) < limit and not self._ended and not (len(pages) * 2 >= limit and self._queue.empty()):
            kind, content = self._queue.get()
            if kind == "page":
                pages.append(self._prepare(content, False))
            elif kind == "prepared":
                pages.append(content)
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
                if self._queue.qsize() > self._far_ahead:
                    self._put("prepared", self._prepare(page, True))
                else:
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
