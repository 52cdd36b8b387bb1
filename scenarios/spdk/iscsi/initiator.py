"""An iSCSI initiator (RFC 7143) that checks all a target says: sequence numbers, offsets, lengths, residuals, digests.

Arguments: the port, the name of a part, and what the part needs. It exits with a line that names what was wrong.
"""

import os
import socket
import struct
import sys

CRC = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC.append(value)


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ CRC[(value ^ byte) & 255]
    return struct.pack("<I", value ^ 0xFFFFFFFF)


def check(good, *what):
    if not good:
        sys.exit(" ".join(str(w) for w in what))


def pairs(data):
    return [tuple(p.decode(errors="replace").split("=", 1)) for p in data.split(b"\0") if b"=" in p]


class Closed(Exception):
    """The target ended the connection."""


class Session:
    """What the connections of a session share."""

    def __init__(self, isid=None):
        self.isid = isid or bytes([0x80]) + os.urandom(5)
        self.tsih, self.command_sn, self.tag = 0, 1, 0
        self.burst, self.first, self.r2ts, self.immediate = 262144, 65536, 1, True


class Connection:
    """One connection; what it sends is well-formed unless a part says otherwise."""

    def __init__(self, port, session=None, number=0):
        self.session, self.number = session or Session(), number
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.settimeout(10)
        self.status_sn, self.header_digest, self.data_digest, self.segment = None, False, False, 8192
        self.spoil, self.late = 0, []   # of the next message, 1: the digest of its header, 2: of its data

    def take(self, size):
        data = b""
        while len(data) < size:
            try:
                piece = self.socket.recv(size - len(data))
            except ConnectionError:
                piece = b""
            if not piece:
                raise Closed()
            data += piece
        return data

    def send(self, opcode, flags, own=b"", lun=b"\0" * 8, data=b"", tag=None, immediate=False, sn=None):
        """own: what the message has from byte 20 on, without CmdSN and ExpStatSN where `sn` is None."""
        s = self.session
        if tag is None:
            s.tag += 1
            tag = s.tag
        if sn is None:
            sn = struct.pack(">II", s.command_sn, self.status_sn or 0)
            if not immediate:
                s.command_sn += 1
            own = own[:4].ljust(4, b"\0") + sn + own[4:]
        head = bytes([opcode | (0x40 if immediate else 0), flags, 0, 0, 0]) + len(data).to_bytes(3, "big") + lun
        head = (head + struct.pack(">I", tag) + own).ljust(48, b"\0")
        if self.header_digest:
            head += bytes(4) if self.spoil & 1 else crc32c(head)
        body = data + b"\0" * (-len(data) % 4)
        if body and self.data_digest:
            body += bytes(4) if self.spoil & 2 else crc32c(body)
        self.spoil = 0
        try:
            self.socket.sendall(head + body)
        except ConnectionError:
            raise Closed()
        return tag

    def hear(self):
        """The next message: its header and its data. StatSN goes up by one with each that counts."""
        if self.late:
            return self.late.pop(0)
        head = self.take(48)
        if self.header_digest:
            check(self.take(4) == crc32c(head), "a digest of a header is wrong")
        size = int.from_bytes(head[5:8], "big")
        body = self.take((size + 3) // 4 * 4)
        if size and self.data_digest:
            check(self.take(4) == crc32c(body), "a digest of data is wrong")
        check(size <= max(self.segment, 8192), "a message of", size, "bytes is longer than was agreed on")
        kind = head[0] & 0x3F
        number, wanted, most = struct.unpack(">III", head[24:36])
        tag = struct.unpack(">I", head[16:20])[0]
        counts = kind not in (0x25, 0x31, 0x20) or kind == 0x25 and head[1] & 1 or kind == 0x20 and tag != 0xFFFFFFFF
        if kind != 0x25 or head[1] & 1:
            check(self.status_sn in (None, number), "StatSN is", number, "and not", self.status_sn, "in", head.hex())
            self.status_sn = number + (1 if counts else 0)
        check((most - wanted + 1) & 0xFFFFFFFF < 1 << 16, "no more commands than none may come:", head.hex())
        return head, body[:size]

    def login(self, stages, kind="Normal", target="t", name="i"):
        """stages: (flags, keys) each; the status, and all that the target said."""
        said, s = [], self.session
        names = [("InitiatorName", "iqn.2016-06.io.spdk:" + name), ("SessionType", kind)]
        if target:
            names.append(("TargetName", "iqn.2016-06.io.spdk:" + target))
        s.tag += 1
        for flags, keys in stages:
            keys = names + (keys(said) if callable(keys) else keys)
            names = []
            data = b"".join(("%s=%s" % k).encode() + b"\0" for k in keys)
            own = struct.pack(">HHII", self.number, 0, s.command_sn, self.status_sn or 0)
            self.send(3, flags, own, s.isid + struct.pack(">H", s.tsih), data, s.tag, True, b"")
            head, data = self.hear()
            check(head[0] & 0x3F == 0x23, "a login is answered by", hex(head[0]))
            said += pairs(data)
            if head[36]:
                return (head[36], head[37]), said
        if head[1] & 0x83 == 0x83:
            s.tsih = struct.unpack(">H", head[14:16])[0]
            check(s.tsih, "a session without an identifier")
            got = dict(said)
            self.header_digest, self.data_digest = (got.get(k) == "CRC32C" for k in ("HeaderDigest", "DataDigest"))
            s.burst, s.first = int(got.get("MaxBurstLength", s.burst)), int(got.get("FirstBurstLength", s.first))
            s.r2ts, s.immediate = int(got.get("MaxOutstandingR2T", 1)), got.get("ImmediateData", "Yes") == "Yes"
        return (0, 0), said

    def enter(self, keys=(), **more):
        """A login that must succeed."""
        self.segment = int(dict(keys).get("MaxRecvDataSegmentLength", 8192))
        if more.get("kind", "Normal") == "Normal":   # as every initiator does; SPDK takes its own where nothing is said
            keys = [k for k in (("MaxBurstLength", "262144"), ("FirstBurstLength", "65536")) if k[0] not in dict(keys)] + list(keys)
        status, said = self.login([(0x81, [("AuthMethod", "None")]), (0x87, list(keys))], **more)
        check(status == (0, 0), "login refused:", status, "with", keys)
        return dict(said)

    def command(self, cdb, expected=0, data=None, lun=0, at_once=None, attributes=0, wait=True):
        """A SCSI command; what came of it, or its tag."""
        flags = 0x80 | (0x40 if expected and data is None else 0x20 if data is not None else 0) | attributes
        size = len(data) if data is not None and not expected else expected
        most = min(len(data or b""), self.session.first, 8192) if self.session.immediate else 0
        begin = (data or b"")[:most if at_once is None else at_once]
        tag = self.send(1, flags, struct.pack(">I", size) + bytes(cdb).ljust(16, b"\0"), bytes([0, lun]) + bytes(6), begin)
        return self.outcome(tag, size, data) if wait else tag

    def outcome(self, tag, size=0, data=None):
        """All that comes for a command until its status, which is checked message by message."""
        got, number, r2t, asked = b"", 0, 0, None
        while True:
            head, body = self.hear()
            kind = head[0] & 0x3F
            own, more = struct.unpack(">I", head[16:20])[0], head[1]
            if kind == 0x20 and own == 0xFFFFFFFF or own != tag and kind != 0x3F:
                if kind != 0x20:
                    self.others.append((own, head, body)) if hasattr(self, "others") else check(False, "an answer to another command:", head.hex())
                continue
            if kind == 0x25:
                sn, offset = struct.unpack(">II", head[36:44])
                check(sn == number and offset == len(got), "DataSN", sn, "offset", offset, "after", number, len(got))
                number, got = number + 1, got + body
                check(len(got) <= size, "more data than were asked for")
            if kind == 0x31:
                sn, offset, length = struct.unpack(">III", head[36:48])
                check(sn == r2t, "R2TSN", sn, "after", r2t)
                check(asked is None or offset == asked, "R2T for", offset, "and not", asked)
                check(0 < length <= self.session.burst and offset + length <= size, "R2T of", length, "at", offset)
                r2t, asked = r2t + 1, offset + length
                self.give(tag, head, data[offset:offset + length], offset)
            if kind == 0x21 or kind == 0x25 and more & 1:
                left = struct.unpack(">I", head[44:48])[0] if more & 6 else 0
                return Outcome(head[3], head[2] if kind == 0x21 else 0, got, body if kind == 0x21 else b"", more & 6, left)
            if kind == 0x3F:
                return Outcome("refused", head[2], got, body, 0, 0)

    def give(self, tag, head, data, offset, piece=8192):
        """The data that an R2T asked for."""
        for number, at in enumerate(range(0, len(data), piece)):
            part = data[at:at + piece]
            own = head[20:24] + struct.pack(">IIIIII", 0, self.status_sn, 0, number, offset + at, 0)
            self.send(5, 0x80 if at + piece >= len(data) else 0, own, head[8:16], part, tag, False, b"")

    def task(self, function, reference=0xFFFFFFFF, lun=0):
        """Task management; the response."""
        tag = self.send(2, 0x80 | function, struct.pack(">I", reference), bytes([0, lun]) + bytes(6), immediate=True)
        self.missed = []
        while True:
            head, body = self.hear()
            if head[0] & 0x3F in (0x22, 0x3F):
                check(head[0] & 0x3F == 0x3F or struct.unpack(">I", head[16:20])[0] == tag, "another task's response")
                return head[2]
            self.missed.append((struct.unpack(">I", head[16:20])[0], head, body))

    def logout(self, reason=0, number=None):
        self.send(6, 0x80 | reason, struct.pack(">HH", self.number if number is None else number, 0), immediate=True)
        head, _ = self.hear()
        check(head[0] & 0x3F == 0x26, "a logout is answered by", head.hex())
        return head[2]

    def closed(self):
        """The target must end the connection; what came before that."""
        said = []
        try:
            while True:
                said.append(self.hear())
        except Closed:
            return said


class Outcome:
    """Status, response, data, sense, residual of a command."""

    def __init__(self, status, response, data, sense, flags, residual):
        self.status, self.response, self.data, self.flags, self.residual = status, response, data, flags, residual
        # RFC 7143, 11.4.7: two bytes of length, then fixed sense data: key, additional code and qualifier
        self.sense = (sense[4] & 15, sense[14], sense[15]) if len(sense) > 16 and status != "refused" else None

    def __repr__(self):
        return "status %s response %s sense %s residual %s:%s, %s bytes" % (self.status, self.response, self.sense, self.flags, self.residual, len(self.data))


def pattern(block, blocks, seed=0):
    return b"".join(struct.pack(">QQ", b + 1, seed) * 32 for b in range(block, block + blocks))


def rw(code, block, blocks):
    """READ(10) 28h, WRITE(10) 2Ah, VERIFY(10) 2Fh, WRITE AND VERIFY(10) 2Eh; (12) A8h, AAh; (16) 88h, 8Ah, 8Fh; (6) 08h, 0Ah."""
    if code in (0x08, 0x0A):
        return bytes([code]) + block.to_bytes(3, "big") + bytes([blocks & 255, 0])
    if code in (0xA8, 0xAA, 0xAF):
        return struct.pack(">BBIIBB", code, 0, block, blocks, 0, 0)
    if code >= 0x80:
        return struct.pack(">BBQIBB", code, 0, block, blocks, 0, 0)
    return struct.pack(">BBIBHB", code, 0, block, 0, blocks, 0)


def write(c, block, blocks, seed=0, lun=0, **more):
    got = c.command(rw(0x2A, block, blocks), data=pattern(block, blocks, seed), lun=lun, **more)
    check(got.status == 0, "write of", block, blocks, got)


def same(c, block, blocks, seed=0, lun=0, code=0x28):
    got = c.command(rw(code, block, blocks), 512 * blocks, lun=lun)
    check(got.status == 0 and not got.residual, "read of", block, blocks, got)
    check(got.data == pattern(block, blocks, seed), "other data at", block, blocks)
