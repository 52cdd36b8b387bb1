"""An NVMe-oF target over TCP, of which each message can go wrong: what an initiator may meet.

  nvme_peer.py PORT RULE ...        serves; says "there"
  nvme_peer.py tell PORT RULE ...   changes what a serving one does from now on; `seen:MESSAGE:N` waits until N of them came

A rule is MESSAGE[@A][#N[+]]=DOES[,DOES...], or a DOES alone, done at once. MESSAGE is what log() below prints, or its
first part, `any`, or `each`, which counts each message by itself; A is the end of the address that it came to
(127.0.0.A), N its number since the rule was made (from N on with `+`; without it each one).
NVM Express TCP Transport 1.0 (PDUs), NVMe over Fabrics 1.1, NVMe Base 2.0.
"""
import re
import socket
import struct
import sys
import threading
import time
from uuid import NAMESPACE_URL, uuid5

NAMES = {0: "flush", 1: "write", 2: "read", 5: "compare", 8: "zeroes", 9: "unmap", 0xd: "register", 0xe: "report"}
ADMIN = {2: "log", 6: "identify", 8: "abort", 9: "set_feature", 0xa: "feature", 0xc: "event", 0x18: "keep_alive"}
BLOCK, BLOCKS = 512, 8192


class Closed(Exception):
    pass


class World:
    """What all connections share."""

    def __init__(self):
        self.lock = threading.RLock()
        self.namespaces, self.disks = [1], {}
        self.silent = self.away = False
        self.rules, self.counts, self.connections = [], {}, []
        self.listener = None
        self.controllers, self.muted = 0, {}
        self.ana, self.ana_changes, self.entries = 1, 0, 1

    def disk(self, nsid):
        return self.disks.setdefault(nsid, bytearray(BLOCK * BLOCKS))

    def add(self, text):
        match = re.fullmatch(r"([a-z_:0-9x@]+)(?:#(\d+)(\+?))?=(.+)", text)
        if not match:
            return self.now(text)
        name, first, on, does = match.groups()
        with self.lock:
            self.rules = [r for r in self.rules if r[:3] != (name, first, on)]
            if does != "well":
                self.rules.append((name, first, on, does.split(","), dict(self.counts)))

    def does(self, name, address):
        """What is to be done at this message."""
        found, kind, at = [], name.split(":")[0], "@" + address.rsplit(".", 1)[1]
        with self.lock:
            keys = {name, kind, "any", "any" + at, name + at, kind + at}
            for key in keys:
                self.counts[key] = self.counts.get(key, 0) + 1
            for key, first, on, does, before in self.rules:
                counted = name if key == "each" else name + at if key == "each" + at else key
                count = self.counts.get(counted, 0) - before.get(counted, 0)
                if counted in keys and (not first or count == int(first) or on and count > int(first)):
                    found += does
        return found

    def now(self, does):
        name, *args = does.split(":")
        number = [int(a, 0) for a in args] if name != "seen" else []
        if name == "silent":
            self.silent = True
        elif name == "speaks":
            self.silent = False
        elif name == "forget":       # all rules
            self.rules = []
        elif name == "closeall":     # each connection ends
            self.close_all()
        elif name == "away":         # and nobody is let in
            self.away = True
            self.close_all()
            self.listener.close()
        elif name == "back":
            self.away = False
            self.listen()
        elif name == "namespaces":   # those that there are from now on
            self.namespaces = number
        elif name == "ana":          # 1 optimized, 2 non-optimized, 3 inaccessible, 4 lost, 15 changing
            self.ana, self.ana_changes = number[0], self.ana_changes + 1
        elif name == "entries":      # of the discovery log
            self.entries, self.ana_changes = number[0], self.ana_changes + 1
        elif name == "event":        # type, information, page: each controller is told, when it asks for events
            for connection in list(self.connections):
                if connection.nqn and not connection.qid:
                    connection.event(number[0] | number[1] << 8 | number[2] << 16)
        elif name == "wait":
            time.sleep(number[0] / 1000)
        elif name == "seen":
            until = time.monotonic() + 20
            while self.counts.get(":".join(args[:-1]), 0) < int(args[-1]):
                if time.monotonic() > until:
                    return "%s: %d of them came" % (does, self.counts.get(":".join(args[:-1]), 0))
                time.sleep(0.02)
        else:
            return does + ": not known"

    def close_all(self):
        for connection in list(self.connections):
            connection.close()

    def listen(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("0.0.0.0", port))
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                taken, _ = listener.accept()
            except OSError:
                return
            connection = Connection(self, taken)
            threading.Thread(target=connection.serve, daemon=True).start()


class Connection:
    def __init__(self, world, taken):
        self.world, self.socket, self.address = world, taken, taken.getsockname()[0]
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lock = threading.RLock()
        self.qid, self.controller, self.cc, self.csts, self.nqn = 0, 0, 0, 0, ""
        self.waiting, self.asked, self.events = {}, [], []
        world.connections.append(self)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def take(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.socket.recv(size - len(data))
            except OSError:
                raise Closed()
            if not part:
                raise Closed()
            data += part
        return data

    def put(self, data):
        if not self.world.silent:
            try:
                with self.lock:
                    self.socket.sendall(data)
            except OSError:
                pass

    def complete(self, cid, result=0, status=0):
        self.put(struct.pack("<BBBBIQHHHH", 5, 0, 24, 0, 24, result, 0, self.qid, cid, status << 1))

    def event(self, *what):
        with self.lock:
            self.events += what
            while self.events and self.asked:
                self.complete(self.asked.pop(0), self.events.pop(0))

    def serve(self):
        try:
            while True:
                self.message()
        except Closed:
            pass
        finally:
            self.socket.close()
            self.world.connections.remove(self)

    def message(self):
        kind, _, length, offset, size = struct.unpack("<BBBBI", self.take(8))
        header, rest = self.take(length - 8), self.take(size - length)
        data = rest[offset - length:] if offset else b""
        if kind == 0:
            return self.obey("hello", None, lambda: self.put(struct.pack("<BBBBIHBBI112x", 1, 0, 128, 0, 128, 0, 0, 0, 131072)))
        if kind == 6:   # data that were asked for
            cid, _, at, part = struct.unpack("<HHII", header[:12])
            name, entry, have, does = self.waiting[cid]
            have[at:at + part] = data
            if at + part >= len(have):
                del self.waiting[cid]
                self.obey(name, cid, lambda: self.command(name, entry, bytes(have)), does)
        elif kind == 4:
            self.capsule(header[:64], data)
        elif kind != 2:
            print("a message of kind %d" % kind, flush=True)

    def capsule(self, entry, data):
        opcode, _, cid = struct.unpack("<BBH", entry[:4])
        word10, word11 = struct.unpack("<II", entry[40:48])
        if opcode == 0x7f:
            kind = entry[4]
            name = {0: "set", 1: "connect", 4: "get", 5: "auth", 6: "auth"}.get(kind, "fabrics")
            name += ":%#x" % word11 if kind in (0, 4) else ":%d" % (word10 >> 16) if kind == 1 else ""
        elif self.qid:
            name = NAMES.get(opcode, "opcode:%#x" % opcode)
            name += ":%d" % word10 if name in ("read", "write", "compare", "zeroes") else ""   # its first block
        else:
            name = ADMIN.get(opcode, "opcode:%#x" % opcode)
            name += ":%#x" % (word10 & 0xff) if name in ("log", "identify", "set_feature", "feature") else ""
        does = self.world.does(name, self.address)
        self.log(name, does)
        size = struct.unpack("<I", entry[32:36])[0]
        if opcode & 3 == 1 and size and not data:   # its data come when they are asked for
            self.waiting[cid] = (name, entry, bytearray(size), does)
            odd = [d.split(":")[1:] for d in does if d.startswith("r2t")]
            at, part = [int(a, 0) for a in odd[0]] if odd else (0, size)
            return self.put(struct.pack("<BBBBIHHII4x", 9, 0, 24, 0, 24, cid, 1, at, part))
        self.obey(name, cid, lambda: self.command(name, entry, data), does)

    def log(self, name, does):
        print(self.qid, name, " ".join(does), flush=True)

    def obey(self, name, cid, good, does=None):
        """The good answer, or what the rules make of it."""
        if does is None:
            does = self.world.does(name, self.address)
            self.log(name, does)
        self.patches, self.lacks, self.forced, self.value = [], 0, None, None
        for text in does:
            kind, *args = text.split(":")
            n = [int(a, 0) for a in args]
            if kind == "mute":       # until it is aborted
                self.world.muted[self.controller, self.qid, cid] = self
                return None
            if kind == "close":
                raise Closed()
            if kind == "late":
                time.sleep(n[0] / 1000)
            elif kind == "later":    # what comes behind it goes on
                threading.Timer(n[0] / 1000, good).start()
                return None
            elif kind == "status":   # type, code, do not retry
                self.forced = n[0] << 8 | n[1] | (n[2] << 14 if len(n) > 2 else 0)
            elif kind == "at":       # byte, how many, value: of the data that are answered
                self.patches.append(n)
            elif kind == "result":   # in the place of what is answered without data
                self.value = n[0]
            elif kind == "short":
                self.lacks = n[0]
            elif kind == "term":     # fatal error, field
                return self.put(struct.pack("<BBBBIHI10x", 3, 0, 24, 0, 24, n[0], n[1] if len(n) > 1 else 0))
            elif kind == "pdu":      # kind, size of its header, size of it all, flags
                return self.put(struct.pack("<BBBBI", n[0], n[3] if len(n) > 3 else 0, n[1], 0, n[2]).ljust(n[2], b"\0"))
            elif kind == "half":     # part of a message, and no more
                return self.put(struct.pack("<BBBBIQ", 5, 0, 24, 0, 24, 0))
            elif kind == "twice":
                good()
            elif kind == "other":    # the answer to a command that nobody has sent
                self.complete(0xfff0)
            elif kind != "r2t":
                self.world.now(text)
        return good()

    def data(self, cid, data, size=None):
        """So much of the data, in one piece with the answer behind it."""
        if self.forced is not None:
            return self.complete(cid, 0, self.forced)
        data = bytearray(data.ljust(size or len(data), b"\0")[:size or len(data)])
        for at, many, value in self.patches:
            data[at:at + many] = value.to_bytes(many, "little")
        data = bytes(data[:len(data) - self.lacks])
        self.put(struct.pack("<BBBBIHHII4x", 7, 4, 24, 24, 24 + len(data), cid, 0, 0, len(data)) + data)
        return self.complete(cid)

    def command(self, name, entry, data):
        cid = struct.unpack("<H", entry[2:4])[0]
        nsid, size = struct.unpack("<I", entry[4:8])[0], struct.unpack("<I", entry[32:36])[0]
        words = struct.unpack("<6I", entry[40:64])
        what = name.split(":")
        if self.forced is not None and name != "connect":
            return self.complete(cid, 0, self.forced)
        if what[0] == "connect":
            self.qid = int(what[1])
            self.nqn = data[256:512].rstrip(b"\0").decode()
            if self.qid == 0:
                self.world.controllers += 1
                self.controller = self.world.controllers
            else:
                self.controller = struct.unpack("<H", data[16:18])[0]
            if self.forced is not None:
                self.qid = 0
            return self.complete(cid, self.controller, self.forced or 0)
        if what[0] == "set" and words[1] == 0x14:
            self.cc = words[2]
            self.csts = (1 if self.cc & 1 else 0) | (8 if self.cc >> 14 & 3 else 0)
        if what[0] == "get":
            value = {0: 127 | 1 << 16 | 10 << 24 | 1 << 37, 8: 0x10400, 0x14: self.cc, 0x1c: self.csts}.get(words[1], 0)
            for at, many, patch in self.patches:
                value = patch
            return self.complete(cid, value)
        if what[0] == "identify":
            return self.identify(cid, words[0] & 0xff, nsid, size)
        if what[0] == "log":
            at = words[2] | words[3] << 32
            return self.data(cid, self.page(words[0] & 0xff)[at:], size)
        if what[0] == "abort":
            aborted = self.world.muted.pop((self.controller, words[0] & 0xffff, words[0] >> 16), None)
            if aborted:
                aborted.complete(words[0] >> 16, 0, 7)
            return self.complete(cid, 0 if aborted else 1)
        if what[0] == "event":
            self.asked.append(cid)
            return self.event()
        if self.value is not None:
            return self.complete(cid, self.value)
        if what[0] == "set_feature" and words[0] & 0xff == 7:
            return self.complete(cid, words[1])
        if what[0] == "feature" and words[0] & 0xff == 0xf:
            return self.complete(cid, 10000)
        if what[0] in ("read", "write", "compare", "zeroes"):
            return self.transfer(cid, what[0], nsid, words[0] | words[1] << 32, (words[2] & 0xffff) + 1, data)
        return self.complete(cid)

    def transfer(self, cid, what, nsid, block, blocks, data):
        if nsid not in self.world.namespaces:
            return self.complete(cid, 0, 0x400b)   # invalid namespace or format
        if block + blocks > BLOCKS:
            return self.complete(cid, 0, 0x80)
        disk, begin, end = self.world.disk(nsid), block * BLOCK, (block + blocks) * BLOCK
        if what == "read":
            return self.data(cid, bytes(disk[begin:end]))
        if what == "compare":
            return self.complete(cid, 0, 0 if disk[begin:end] == data else 0x285)
        disk[begin:end] = data if what == "write" else bytes(end - begin)
        return self.complete(cid)

    def identify(self, cid, what, nsid, size):
        there = nsid in self.world.namespaces
        if what == 1:
            body = bytearray(4096)
            def set_at(at, fmt, *values):
                struct.pack_into("<" + fmt, body, at, *values)
            discovery = self.nqn.startswith("nqn.2014-08.org.nvmexpress.discovery")
            set_at(0, "HH20s40s8s", 0x1b36, 0x1b36, b"peer".ljust(20), b"peer".ljust(40), b"1".ljust(8))
            set_at(76, "BBHI", 10, 5, self.controller, 0x10400)
            set_at(92, "I", 0x80000000 if discovery else 0x900)   # namespaces and ANA change
            set_at(111, "B", 2 if discovery else 1)
            set_at(258, "BBBBB", 3, 3, 1, 4, 0)
            set_at(320, "H", 1)
            set_at(342, "BBII", 10, 0x4f, 4, 4)
            set_at(512, "BBHIHH", 0x66, 0x44, 128, 16, 0x1f, 1)
            set_at(536, "II", 1 | 1 << 20, 16)
            set_at(768, "256s", self.nqn.encode())
            set_at(1792, "IIHBB", (64 + 8192) // 16, 1, 0, 0, 1)
            return self.data(cid, bytes(body), size)
        if what == 2:
            return self.data(cid, b"".join(struct.pack("<I", n) for n in self.world.namespaces if n > nsid), size)
        if what == 0:
            body = struct.pack("<QQQBBBBBBBB", BLOCKS, BLOCKS, BLOCKS, 0, 0, 0, 0, 0, 0, 1, 0).ljust(92, b"\0")
            body += struct.pack("<I8x16sQ", 1, b"", 0) + struct.pack("<I", 9 << 16)
            return self.data(cid, body if there else b"", size)
        if what == 3:
            uuid = uuid5(NAMESPACE_URL, "%s %d" % (self.nqn, nsid)).bytes
            return self.data(cid, struct.pack("<BBH", 3, 16, 0) + uuid if there else b"", size)
        if what in (5, 6):
            return self.data(cid, b"", size)
        return self.complete(cid, 0, 0x4002)

    def page(self, number):
        if number == 0xc:
            head = struct.pack("<QH6x", self.world.ana_changes, 1)
            group = struct.pack("<IIQB15x", 1, len(self.world.namespaces), self.world.ana_changes, self.world.ana)
            return head + group + b"".join(struct.pack("<I", n) for n in self.world.namespaces)
        if number == 4:
            return struct.pack("<I", 0xffffffff)
        if number == 0x70:
            entry = struct.pack("<BBBBHHH", 3, 1, 2, 0, 1, 0xffff, 128).ljust(32, b"\0") + str(port).encode().ljust(224, b" ")
            entry += b"nqn.2016-06.io.spdk:p".ljust(256, b"\0") + b"127.0.0.1".ljust(256, b" ") + bytes(256)
            return struct.pack("<QQH", self.world.ana_changes, self.world.entries, 0).ljust(1024, b"\0") + entry * self.world.entries
        return bytes(512)


if sys.argv[1] == "tell":
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect("\0nvme_peer." + sys.argv[2])
        s.sendall((" ".join(sys.argv[3:]) + "\n").encode())
        answer = s.makefile().readline().strip()
    sys.exit(0 if answer == "done" else answer or "no answer")
port = int(sys.argv[1])
world = World()
world.listen()
rules = sys.argv[2:]
if rules[:1] == ["by_address"]:   # the Nth rule behind it is for 127.0.0.N
    rules = [re.sub("[#=]", r"@%d\g<0>" % (i + 1), rule, count=1) for i, rule in enumerate(rules[1:])]
for rule in rules:
    world.add(rule)
control = socket.socket(socket.AF_UNIX)
control.bind("\0nvme_peer.%d" % port)
control.listen()
print("there", flush=True)
while True:
    told, _ = control.accept()
    with told:
        wrong = [world.add(rule) for rule in told.makefile().readline().split()]
        told.sendall(("%s\n" % ("; ".join(w for w in wrong if w) or "done")).encode())
