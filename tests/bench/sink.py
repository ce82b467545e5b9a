"""A mail server in as few lines as it takes, as a process of its own; it can misbehave.

``python -m tests.bench.sink <port> <file> [odds]`` writes a line for each mail: what became of it, and its
address. odds: with how many of a thousand mails it does one of ``FAULTS``.
"""

import asyncio
import random
import sys
from collections.abc import Callable
from typing import TextIO

FAULTS = ("421", "451", "550", "drop before", "drop after", "hang")


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, say: TextIO, fault: Callable[[], str]) -> None:
        self.say, self.fault = say, fault
        self.rest, self.takes_text, self.to = b"", False, ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.answer("220 sink")

    def answer(self, reply: str) -> None:
        self.transport.write(f"{reply}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while True:
            end = b"\r\n.\r\n" if self.takes_text else b"\r\n"
            part, found, rest = self.rest.partition(end)
            if not found:
                return
            self.rest = rest
            self.text() if self.takes_text else self.command(part.decode())

    def command(self, line: str) -> None:
        verb = line[:4].upper()
        if verb == "RCPT":
            self.to = line.partition("<")[2].partition(">")[0]
            self.chosen = self.fault()
            if self.chosen in ("421", "451", "550"):
                self.say.write(f"{self.chosen} {self.to}\n")
                self.answer(f"{self.chosen} no")
                if self.chosen == "421":
                    self.transport.close()
                return
        if verb == "DATA":
            self.takes_text = True
        self.answer("354 go on" if verb == "DATA" else "221 bye" if verb == "QUIT" else "250 ok")

    def text(self) -> None:
        self.takes_text = False
        if self.chosen in ("drop before", "hang"):
            self.say.write(f"{self.chosen} {self.to}\n")
            if self.chosen == "drop before":
                self.transport.abort()
            return
        self.say.write(f"took {self.to}\n")
        if self.chosen == "drop after":
            self.say.write(f"{self.chosen} {self.to}\n")
            self.transport.abort()
        else:
            self.answer("250 ok")


async def main(port: int, file: str, odds: int) -> None:
    """Serve until killed."""
    dice = random.Random(1)

    def fault() -> str:
        number = dice.randrange(1_000)
        # Who hangs costs a sender the whole time that it waits: that seldom happens.
        kinds = FAULTS[:-1] if dice.randrange(50) else FAULTS[-1:]
        return kinds[number % len(kinds)] if number < odds else ""

    with open(file, "w", buffering=1) as say:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Sink(say, fault), "127.0.0.1", port)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0))
