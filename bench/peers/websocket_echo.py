"""Owns the peers of the sockets row: each echoes every text, in as few lines as its authors show."""

import asyncio
import sys


async def by_websockets(port: int) -> None:
    """Serve with `websockets`, on uvloop."""
    from websockets.asyncio.server import ServerConnection, serve

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", port, compression=None, backlog=4096):
        await asyncio.get_running_loop().create_future()


async def by_aiohttp(port: int) -> None:
    """Serve with aiohttp, on uvloop."""
    from aiohttp import WSMsgType, web

    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
        return socket

    application = web.Application()
    application.router.add_get("/live", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await asyncio.get_running_loop().create_future()


SERVERS = {"aiohttp": by_aiohttp, "websockets": by_websockets}

if __name__ == "__main__":
    import uvloop

    uvloop.run(SERVERS[sys.argv[1]](int(sys.argv[2])))
