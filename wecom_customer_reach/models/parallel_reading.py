"""Several reads of WeCom at once, for one transaction: the threads do network work only."""

import queue
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import current_thread


class ParallelReading:
    """Does network reads in ``threads`` threads, and in the owner's thread what has to be done with the database.

    The owner is the thread that made this object; :meth:`run_in_owner` is what the threads hand him such work with.
    """

    def __init__(self, threads):
        self._threads = threads
        self._owner = current_thread()
        self._queue = queue.Queue()

    def outcomes(self, read, keys):
        """Return {key: the Future that ``read(key)`` ended in}, once all have ended."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="wecom-read") as pool:
            futures = {key: pool.submit(read, key) for key in keys}
            for future in futures.values():
                future.add_done_callback(lambda _future: self._queue.put(None))
            waiting = len(futures)
            while waiting:
                if (item := self._queue.get()) is None:
                    waiting -= 1
                else:
                    _do(*item)
        return futures

    def run_in_owner(self, work):
        """Return ``work()``, done by the owner's thread."""
        if current_thread() is self._owner:
            return work()
        result = Future()
        self._queue.put((work, result))
        wait([result])
        return result.result()


def _do(work, result):
    try:
        result.set_result(work())
    except Exception as error:
        result.set_exception(error)
