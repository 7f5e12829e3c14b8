"""An app behind a real socket, in a thread."""

import threading
import time
from contextlib import contextmanager

import uvicorn

from serving.web.process import listen


@contextmanager
def served(app):
    """The address of an app that answers until the end."""
    listener = listen(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http="httptools", ws="none", lifespan="on", log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
