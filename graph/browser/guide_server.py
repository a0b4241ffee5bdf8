"""Serves the guide to a Neo4j Browser on this machine, where no API runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from graph.browser.guide import HEADERS, PATH, PREFLIGHT, guide_html

HOST = "127.0.0.1"


@contextmanager
def guide_served() -> Iterator[str]:
    """The address of the guide on a free port of loopback, for the duration of the context."""
    with ThreadingHTTPServer((HOST, 0), _Guide) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{HOST}:{server.server_port}{PATH}"
        finally:
            server.shutdown()


class _Guide(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == PATH:
            self._answer(200, {**HEADERS, "Content-Type": "text/html; charset=utf-8"}, guide_html().encode())
        else:
            self._answer(404, {"Content-Type": "text/plain"}, b"not found")

    def do_OPTIONS(self) -> None:
        self._answer(204, PREFLIGHT, b"")

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: the terminal shows the addresses."""
