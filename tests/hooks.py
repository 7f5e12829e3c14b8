"""A receiver of webhooks on this machine."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hook(BaseHTTPRequestHandler):
    """Keeps what it gets, and answers `server.status`."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with self.server.lock:
            self.server.got.append((self.path, dict(self.headers.items()), body))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Hooks(ThreadingHTTPServer):
    """`got` has path, headers and body of each message in the order in which they came."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, status):
        super().__init__(("127.0.0.1", 0), Hook)
        self.got, self.status, self.lock = [], status, threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def ids(self):
        """The id of each message."""
        return [headers["webhook-id"] for _, headers, _ in self.got]


@contextmanager
def hooks(status=200):
    """A running receiver."""
    server = Hooks(status)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
