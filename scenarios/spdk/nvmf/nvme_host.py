"""A host of NVMe over TCP for scripts that compare what they are told with the standards (Base 2.0, NVM 1.0, TCP 1.0)."""

import hashlib
import socket
import struct
import sys
import time


def check(good, *what):
    if not good:
        sys.exit(" ".join(str(w) for w in what))


class Closed(Exception):
    """The target ended the connection."""


class Answer:
    """Status (type << 8 | code), result, data, whether it may not be tried again."""

    def __init__(self, result, status, data, sqhd):
        self.result, self.status, self.more, self.data, self.sqhd = result, status >> 1 & 0x7FF, bool(status & 0x8000), data, sqhd

    def __repr__(self):
        return "%d:%02xh result %#x, %d bytes" % (self.status >> 8, self.status & 255, self.result, len(self.data))

    def word(self, at, size=4):
        return int.from_bytes(self.data[at:at + size], "little")


class Queue:
    """A connection. One command after the other, or many (`send` and `wait`)."""

    def __init__(self, port, hello=True):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.settimeout(10)
        self.number, self.answers, self.parts, self.wants, self.pause = 0, {}, {}, {}, False
        if hello:
            self.socket.sendall(struct.pack("<BBBBIHBBI112x", 0, 0, 128, 0, 128, 0, 0, 0, 0))
            self.message()

    def take(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.socket.recv(size - len(data))
            except ConnectionError:
                part = b""
            if not part:
                raise Closed()
            data += part
        return data

    def message(self):
        kind, flags, length, offset, size = struct.unpack("<BBBBI", self.take(8))
        header, rest = self.take(length - 8), self.take(size - length)
        if kind == 3:
            self.ended = struct.unpack("<HI", header[:6])
            raise Closed()
        return kind, flags, header, rest[offset - length:] if offset else b""

    def send(self, opcode, nsid=0, dwords=b"", data=b"", expect=0, capsule=True, flags=0x40, sgl=None):
        self.number = self.number % 60000 + 1
        size = expect or len(data)
        sgl = sgl or struct.pack("<QI3xB", 0, size, 1 if data and capsule else 0x5A)
        entry = struct.pack("<BBHI16x", opcode, flags, self.number, nsid) + sgl + dwords.ljust(24, b"\0")
        body = data if capsule else b""
        self.socket.sendall(struct.pack("<BBBBI", 4, 0, 72, 72 if body else 0, 72 + len(body)) + entry + body)
        self.wants[self.number], self.parts[self.number] = data, b""
        return self.number

    def wait(self, one):
        while one not in self.answers:
            kind, flags, header, body = self.message()
            cid = struct.unpack("<H", header[:2])[0]
            if kind == 5:
                result, sqhd, _, cid, status = struct.unpack("<QHHHH", header[:16])
                check(cid in self.wants, "an answer to what nobody asked:", cid)
                check(cid not in self.answers, "answered twice:", cid)
                self.answers[cid] = Answer(result, status, self.parts[cid], sqhd)
            elif kind == 7:
                offset, length = struct.unpack("<II", header[4:12])
                check(offset == len(self.parts[cid]) and length == len(body), "data at", offset, "after", len(self.parts[cid]))
                self.parts[cid] += body
                if flags & 8:
                    self.answers[cid] = Answer(0, 0, self.parts[cid], 0)
            elif kind == 9:
                cid, tag, offset, length = struct.unpack("<HHII", header[:12])
                part = self.wants[cid][offset:offset + length]
                check(len(part) == length, "it asks for", offset, length)
                self.socket.sendall(struct.pack("<BBBBIHHII4x", 6, 4, 24, 24, 24 + length, cid, tag, offset, length) + part)
        return self.answers.pop(one)

    def ask(self, *args, **more):
        return self.wait(self.send(*args, **more))

    def closed(self, within=10):
        """The target closes the connection within so many seconds."""
        self.socket.settimeout(within)
        try:
            while True:
                self.message()
        except Closed:
            return True
        except TimeoutError:
            return False


class Host:
    """A host's controller: its admin queue, and queues of reads and writes."""

    def __init__(self, port, nqn="nqn.2016-06.io.spdk:c", name="h", keep_alive=0, enable=True, ident=None):
        self.port, self.nqn, self.name = port, nqn, "nqn.2014-08.org.nvmexpress:uuid:" + name
        self.ident = ident or hashlib.md5(name.encode()).digest()
        self.admin, self.keep_alive, self.io = Queue(port), keep_alive, []
        got = self.connect(self.admin, 0)
        check(got.status == 0, "connect", got)
        self.id = got.result & 0xFFFF
        if enable:
            self.set(0x14, 0x460001)
            until = time.time() + 10
            while not self.get(0x1C) & 1:
                check(time.time() < until, "never ready")
            self.queue()
    def connect(self, queue, number, controller=None, size=31, nqn=None, record=0, attributes=0, data=None):
        controller = (self.id if number else 0xFFFF) if controller is None else controller
        data = data or self.ident + struct.pack("<H238x256s256s256x", controller, (self.nqn if nqn is None else nqn).encode(), self.name.encode())
        return queue.ask(0x7F, 1, struct.pack("<HHHBxI", record, number, size, attributes, self.keep_alive), data)

    def queue(self, size=31):
        queue = Queue(self.port)
        got = self.connect(queue, len(self.io) + 1, size=size)
        check(got.status == 0, "connect of a queue", got)
        self.io.append(queue)
        return queue

    def set(self, offset, value, size=4):
        return self.admin.ask(0x7F, 0, struct.pack("<IIQ", 1 if size == 8 else 0, offset, value))

    def get(self, offset, size=4):
        got = self.admin.ask(0x7F, 4, struct.pack("<II", 1 if size == 8 else 0, offset))
        check(got.status == 0, "property", hex(offset), got)
        return got.result

    def identify(self, cns, nsid=0, cntid=0, csi=0, size=4096):
        return self.admin.ask(6, nsid, struct.pack("<BxHHBB", cns, cntid, 0, 0, csi), expect=size)

    def log(self, page, size=512, offset=0, nsid=0, lsp=0, rae=0):
        return self.admin.ask(2, nsid, struct.pack("<IIQ", page | lsp << 8 | rae << 15 | (size // 4 - 1) << 16, 0, offset), expect=size)

    def feature(self, number, nsid=0, select=0, size=4096):
        return self.admin.ask(10, nsid, struct.pack("<I", number | select << 8), expect=size)

    def set_feature(self, number, value=0, nsid=0, data=b"", save=0):
        return self.admin.ask(9, nsid, struct.pack("<II", number | save << 31, value), data)

    def rw(self, opcode, block, blocks=1, nsid=1, data=b"", size=512, queue=None, control=0, **more):
        queue = queue or self.io[0]
        expect = size * blocks if opcode == 2 else 0
        return queue.ask(opcode, nsid, struct.pack("<QHH", block, blocks - 1, control), data, expect, **more)

    def read(self, block, blocks=1, **more):
        return self.rw(2, block, blocks, **more)

    def write(self, block, blocks=1, seed=0, **more):
        return self.rw(1, block, blocks, data=pattern(block, blocks, seed), capsule=blocks <= 8, **more)

    def leave(self):
        for queue in [self.admin] + self.io:
            queue.socket.close()


def pattern(block, blocks, seed=0, size=512):
    return b"".join(struct.pack("<QQ", b + 1 & 0xFFFFFFFF, seed) * (size // 16) for b in range(block, block + blocks))
