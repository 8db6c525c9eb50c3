"""Joins a box with a network of its own to the server, over unix sockets, which reach from one network to another.

Runs beside the app, in its namespaces, and carries bytes only: from the server's proxy to the port the app listens on, and
from a port on the loopback interface inside to the gateway outside. Standard library only.
"""

import asyncio
import ctypes
import os
import signal
import socket

MOST_CONNECTIONS = 64
PIECE = 64 << 10
LOOK_SECONDS = 0.05
LISTENING = "0A"  # net/tcp_states.h, as /proc/net/tcp writes it
PR_SET_NO_NEW_PRIVS = 38


def prepare(given):
    """What has to stand before the app starts: the port that leads to the gateway. Returns the listener, or None."""
    if given["gateway"] is None:
        return None
    return socket.create_server(("127.0.0.1", given["gateway"]["port"]), backlog=MOST_CONNECTIONS)


def run(given, outward, drop_capabilities):
    """Carry bytes until this process is ended. `given`: as the server wrote it; `outward`: the result of `prepare`."""
    drop_capabilities()
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asyncio.run(carry(given, outward))


async def carry(given, outward):
    ways = []
    if outward is not None:
        path = given["gateway"]["path"]
        ways.append(serve(outward, lambda: asyncio.open_unix_connection(path)))
    if given["listener"] is not None:
        inward = socket.socket(fileno=given["listener"])
        ways.append(when_listening(inward, given["port"]))
    await asyncio.gather(*ways)


async def when_listening(inward, port):
    """Open the way in once the app listens: until then the server finds nobody there, as it would at the port itself."""
    while not (address := listening(port)):
        await asyncio.sleep(LOOK_SECONDS)
    inward.listen(MOST_CONNECTIONS)
    await serve(inward, lambda: asyncio.open_connection(address, port))


def listening(port):
    """The loopback address of this network at which somebody listens on the port; None when nobody does."""
    for name, address in (("tcp", "127.0.0.1"), ("tcp6", "::1")):
        try:
            with open(f"/proc/self/net/{name}") as table:
                rows = [line.split() for line in table.readlines()[1:]]
        except OSError:
            continue
        if any(row[3] == LISTENING and int(row[1].rpartition(":")[2], 16) == port for row in rows):
            return address
    return None


async def serve(listener, connect):
    """Join each connection to a new one from `connect`; above the bound it is closed at once."""
    listener.setblocking(False)
    loop, joined = asyncio.get_running_loop(), set()
    while True:
        try:
            connection, _ = await loop.sock_accept(listener)
        except OSError:
            await asyncio.sleep(LOOK_SECONDS)
            continue
        if len(joined) >= MOST_CONNECTIONS:
            connection.close()
            continue
        task = asyncio.create_task(join(connection, connect))
        joined.add(task)
        task.add_done_callback(joined.discard)


async def join(connection, connect):
    writers = []
    try:
        reader, writer = await asyncio.open_connection(sock=connection)
        writers.append(writer)
        there, out = await connect()
        writers.append(out)
        ways = [asyncio.create_task(pour(reader, out)), asyncio.create_task(pour(there, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    except OSError:
        pass  # nobody there, or gone
    finally:
        for one in writers:
            one.close()


async def pour(source, sink):
    while piece := await source.read(PIECE):
        sink.write(piece)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


def beside(given, box):
    """Start it as a process of its own. `box`: the module that supervises, for what both do."""
    outward = prepare(given)
    if os.fork() == 0:
        try:
            box.control(box.PR_SET_PDEATHSIG, signal.SIGKILL)
            os.setsid()
            os.dup2(0, 1)  # which is empty; errors stand in the app's log
            box.close_all_but({given["listener"], outward.fileno() if outward is not None else None})
            run(given, outward, box.load("seal").drop_capabilities)
        except BaseException as error:
            os.write(2, f"Error: The app's connections cannot be carried: {error}\n".encode())
        finally:
            os._exit(1)
    if outward is not None:
        outward.close()
