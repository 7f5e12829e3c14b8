"""A server of connections that another process accepted."""

import asyncio
import socket
from functools import partial
from typing import Any

from uvicorn import Config, Server

from serving.web.workers import take_connection


class PassedConnections(Server):
    """Answers the connections that come through a socket, as its base does those that it accepts itself."""

    def __init__(self, config: Config, takes: socket.socket) -> None:
        super().__init__(config)
        self._takes = takes
        self._adopted: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002  (it has none)
        """Begin to take connections, once the app is there."""
        await super().startup(sockets=[])
        self._takes.setblocking(False)
        asyncio.get_running_loop().add_reader(self._takes, self._take)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Take no more, and end as the base does."""
        asyncio.get_running_loop().remove_reader(self._takes)
        await super().shutdown(sockets=[])

    def _take(self) -> None:
        connection = take_connection(self._takes)
        if connection is not None:
            task = asyncio.create_task(self._adopt(connection))
            self._adopted.add(task)
            task.add_done_callback(self._adopted.discard)

    async def _adopt(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made: Any = self.config.http_protocol_class
        protocol = partial(made, self.config, self.server_state, self.lifespan.state)
        await asyncio.get_running_loop().connect_accepted_socket(protocol, connection)
