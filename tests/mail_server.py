"""A mail server on this machine that keeps what it gets."""

import socketserver
import threading
from contextlib import contextmanager


class Session(socketserver.StreamRequestHandler):
    """One SMTP session: EHLO, MAIL, RCPT, DATA."""

    def handle(self):
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "DATA":
                self.say("354 go on")
                data = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.got.append(data)
                self.say("250 ok")
            elif word == "RCPT" and self.server.refuses in line:
                self.say("550 unknown user")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server(refuses="nobody@"):
    """A running server; `got` has the e-mails."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.got, server.refuses, server.daemon_threads = [], refuses, True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
