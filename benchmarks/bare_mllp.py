"""A bare MLLP server: raw messages into one SQLite table, group commit, AA. Prints its port; ends with its input."""

import asyncio
import sqlite3
import sys
import threading


class Committer:
    """One thread that inserts and commits all waiting messages."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._some = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    async def add(self, raw: bytes) -> None:
        """Return when it is committed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._some:
            self._waiting.append((raw, future))
            self._some.notify()
        await future

    def _run(self) -> None:
        database = sqlite3.connect(self._file, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, raw BLOB)")
        while True:
            with self._some:
                while not self._waiting:
                    self._some.wait()
                group, self._waiting = self._waiting, []
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO messages (raw) VALUES (?)", [(raw,) for raw, _ in group])
            database.execute("COMMIT")
            group[0][1].get_loop().call_soon_threadsafe(_settle, [future for _, future in group])


def _settle(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        future.set_result(None)


async def main(file: str) -> None:
    """Serve until standard input ends."""
    committer = Committer(file)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                frame = await reader.readuntil(b"\x1c\r")
                await committer.add(frame)
                control_id = frame.split(b"|", 10)[9]
                writer.write(b"\x0bMSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|AA|" + control_id + b"\r\x1c\r")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
