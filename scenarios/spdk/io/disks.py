"""A host of NVMe over TCP that knows what each block must have in it, and the RPC socket, for scripts that change what lies below.

Their arguments: the RPC socket, the port, a part, more of the part's own."""

import json
import os
import random
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "nvmf"))
from nvme_host import Closed, Host, check  # noqa: E402

NQN = "nqn.2016-06.io.spdk:c"


class Target:
    """The RPC socket. Errors come back as the negative code, where they are asked for."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.number, self.rest = 0, ""

    def send(self, method, **params):
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method}
        self.socket.sendall(json.dumps({**request, "params": params} if params else request).encode())

    def hear(self, method):
        while True:
            try:
                answer, end = json.JSONDecoder().raw_decode(self.rest)
                self.rest = self.rest[end:].lstrip()
                return answer
            except ValueError:
                try:
                    part = self.socket.recv(65536).decode()
                except TimeoutError:
                    sys.exit(method + " is not answered")
                check(part, "the target is gone after", method)
                self.rest += part

    def __call__(self, method, **params):
        self.send(method, **params)
        answer = self.hear(method)
        check("result" in answer, method, params, answer.get("error"))
        return answer["result"]

    def refuses(self, method, **params):
        self.send(method, **params)
        answer = self.hear(method)
        check("error" in answer, method, params, "was accepted:", answer.get("result"))
        return answer["error"]["code"]

    def knows(self, method):
        return method in self("rpc_get_methods")

    def until(self, good, method, within=20, **params):
        end = time.time() + within
        while True:
            said = self(method, **params)
            if good(said):
                return said
            check(time.time() < end, method, params, "still says", str(said)[:300])
            time.sleep(0.05)

    def bdev(self, name):
        return self("bdev_get_bdevs", name=name)[0]

    def namespace(self, bdev, nsid):
        self("nvmf_subsystem_add_ns", nqn=NQN, namespace={"bdev_name": bdev, "nsid": nsid})

    def without(self, nsid):
        self("nvmf_subsystem_remove_ns", nqn=NQN, nsid=nsid)


class Disk:
    """A namespace and what must be in it: per block a seed, None where anything may be."""

    def __init__(self, host, nsid, blocks, seeds=None, size=512):
        self.host, self.nsid, self.blocks, self.size = host, nsid, blocks, size
        self.seeds = list(seeds) if seeds is not None else [None] * blocks

    def like(self, nsid):
        """What a snapshot or a clone of it must have."""
        return Disk(self.host, nsid, self.blocks, self.seeds, self.size)

    def content(self, block, blocks, seeds=None):
        seeds = seeds or self.seeds[block:block + blocks]
        return b"".join(bytes(self.size) if s == 0 else struct.pack("<QQ", block + i + 1, s) * (self.size // 16) for i, s in enumerate(seeds))

    def put(self, block, blocks, seed, queue=None, statuses=(0,)):
        got = self.host.rw(1, block, blocks, self.nsid, self.content(block, blocks, [seed] * blocks), queue=queue, capsule=blocks * self.size <= 4096)
        check(got.status in statuses, "write of", block, blocks, "to", self.nsid, got)
        if got.status == 0:
            self.seeds[block:block + blocks] = [seed] * blocks
        return got

    def zero(self, block, blocks, opcode=8):
        if opcode == 8:
            got = self.host.rw(8, block, blocks, self.nsid)
        else:
            got = self.host.io[0].ask(9, self.nsid, struct.pack("<II", 0, 4), struct.pack("<IIQ", 0, blocks, block))
        check(got.status == 0, "zeroes", opcode, block, blocks, "to", self.nsid, got)
        self.seeds[block:block + blocks] = [0 if opcode == 8 else None] * blocks

    def same(self, block=0, blocks=None, why="", queue=None):
        blocks = self.blocks - block if blocks is None else blocks
        step = 256 * 512 // self.size
        for at in range(block, block + blocks, step):
            many = min(step, block + blocks - at)
            got = self.host.rw(2, at, many, self.nsid, size=self.size, queue=queue)
            check(got.status == 0, "read of", at, many, "of", self.nsid, got, why)
            self.holds(at, got.data, why)

    def holds(self, at, data, why=""):
        many = len(data) // self.size
        if None not in self.seeds[at:at + many] and data == self.content(at, many):
            return
        for i, seed in enumerate(self.seeds[at:at + many]):
            block = data[i * self.size:(i + 1) * self.size]
            check(seed is None or block == self.content(at + i, 1), "namespace", self.nsid, "block", at + i, "should have", seed, "and has", block[:16].hex(), why)

    def used(self, rng, times, seed, most=64):
        """Writes, zeroes and reads anywhere, of any length."""
        for turn in range(times):
            blocks = rng.choice([1, 2, 7, 8, 9, 16, 31, 64, most])
            blocks = min(blocks, most)
            block = rng.randrange(self.blocks - blocks + 1)
            what = rng.random()
            if what < 0.6:
                self.put(block, blocks, seed * 1000 + turn + 1)
            elif what < 0.7:
                self.zero(block, blocks)
            elif what < 0.75:
                self.zero(block, blocks, 9)
            else:
                self.same(block, blocks)


class Traffic:
    """Writes of each queue of a host, in blocks of its own, that are under way while something else is done; then reads."""

    def __init__(self, host, disks, blocks=64, seed=1000):
        self.host, self.disks, self.blocks, self.seed = host, disks, blocks, seed
        self.rng, self.turn, self.under_way = random.Random(5), 0, []

    def begin(self):
        self.turn += 1
        for number, queue in enumerate(self.host.io):
            for disk in self.disks:
                slots = disk.blocks // self.blocks
                at = (number + self.turn * len(self.host.io)) % slots * self.blocks
                seed = self.seed + self.turn * 100 + number
                one = queue.send(1, disk.nsid, struct.pack("<QI", at, self.blocks - 1), disk.content(at, self.blocks, [seed] * self.blocks), capsule=self.blocks * disk.size <= 4096)
                self.under_way.append((queue, disk, at, seed, one))

    def end(self):
        for queue, disk, at, seed, one in self.under_way:
            got = queue.wait(one)
            check(got.status == 0, "write", at, "of", disk.nsid, got)
            disk.seeds[at:at + self.blocks] = [seed] * self.blocks
        self.under_way = []
        for number, queue in enumerate(self.host.io):
            disk = self.disks[number % len(self.disks)]
            disk.same(self.rng.randrange(disk.blocks - self.blocks), self.blocks, queue=queue)

    def during(self, do, *args, **more):
        self.begin()
        got = do(*args, **more)
        self.end()
        return got


T = Target(sys.argv[1])
PORT = int(sys.argv[2])
