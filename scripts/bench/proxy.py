#!/usr/bin/env python3
"""Stands between a client and a server and delays what they say: every packet is held for half of the round trip and
then passed on, however many are on their way, so that throughput stays as it is.

usage: proxy.py SERVER_PORT ROUND_TRIP_MS  (on loopback; prints its own port, and ends with its standard input)
"""

import asyncio
import socket
import sys
import time


async def pass_on(reader, writer, delay):
    """Copies one direction. The queue holds what is on its way, each piece with the time at which it arrives."""
    on_its_way = asyncio.Queue()

    async def receive():
        while data := await reader.read(65536):
            on_its_way.put_nowait((time.monotonic() + delay, data))
        on_its_way.put_nowait((time.monotonic() + delay, b""))

    receiving = asyncio.create_task(receive())
    try:
        while True:
            arrives, data = await on_its_way.get()
            await asyncio.sleep(arrives - time.monotonic())
            if not data:
                break
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        receiving.cancel()
        writer.close()


def at_once(writer):
    """Small packets must not wait for an acknowledgement: that would be a delay of the proxy's own."""
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def main():
    server_port, round_trip = int(sys.argv[1]), float(sys.argv[2]) / 1000

    async def serve(reader, writer):
        # What opening a TCP connection takes: its SYN and the answer.
        await asyncio.sleep(round_trip)
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server_port)
        at_once(writer)
        at_once(server_writer)
        await asyncio.gather(
            pass_on(reader, server_writer, round_trip / 2), pass_on(server_reader, writer, round_trip / 2)
        )

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
