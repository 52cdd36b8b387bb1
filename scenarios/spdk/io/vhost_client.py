"""A small driver of a vhost-user block device: it reads and writes, and compares what it reads with what it wrote.

usage: vhost_client.py SOCKET BLOCKS [COUNT]    COUNT requests; 0, the default: until it is stopped

It is what a virtual machine is to the target: its memory is a memfd that both have, with one split virtqueue in it. Facts:
the vhost-user protocol (QEMU's docs/interop/vhost-user.rst) and virtio 1.2, 2.7 (split virtqueues) and 5.2 (block device).
"""
import mmap
import os
import random
import socket
import struct
import sys
import time

SECTOR = 512
QUEUE = 64  # descriptors
SIZE = 4 << 20
DESCRIPTORS, AVAILABLE, USED, HEADER, DATA, STATUS = 0x0, 0x1000, 0x2000, 0x3000, 0x4000, 0x5000
BASE = 0x7F0000000000  # where the target is told that the memory lies
GET_FEATURES, SET_FEATURES, SET_OWNER, SET_MEM_TABLE = 1, 2, 3, 5
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, SET_VRING_KICK, SET_VRING_CALL = 8, 9, 10, 12, 13
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, SET_VRING_ENABLE = 15, 16, 18
VERSION_1, HAS_PROTOCOL_FEATURES = 1 << 32, 1 << 30
NEXT, WRITTEN_BY_DEVICE = 1, 2
READ, WRITE = 0, 1


class Device:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.memfd = os.memfd_create("guest")
        os.ftruncate(self.memfd, SIZE)
        self.memory = mmap.mmap(self.memfd, SIZE)
        self.kick, self.call = os.eventfd(0), os.eventfd(0, os.EFD_NONBLOCK)
        self.made = 0  # requests
        self.negotiate()

    def send(self, request, payload=b"", fds=()):
        message = struct.pack("<III", request, 1, len(payload)) + payload
        if fds:
            socket.send_fds(self.socket, [message], list(fds))
        else:
            self.socket.sendall(message)

    def ask(self, request):
        self.send(request)
        answer = self.exactly(12)
        return struct.unpack("<Q", self.exactly(struct.unpack("<III", answer)[2]))[0]

    def exactly(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                sys.exit("the target closed the connection")
            data += part
        return data

    def negotiate(self):
        offered = self.ask(GET_FEATURES)
        self.send(SET_OWNER)
        if offered & HAS_PROTOCOL_FEATURES:
            self.ask(GET_PROTOCOL_FEATURES)
            self.send(SET_PROTOCOL_FEATURES, struct.pack("<Q", 0))
        self.send(SET_FEATURES, struct.pack("<Q", offered & (VERSION_1 | HAS_PROTOCOL_FEATURES)))
        self.send(SET_MEM_TABLE, struct.pack("<IIQQQQ", 1, 0, 0, SIZE, BASE, 0), [self.memfd])
        self.send(SET_VRING_NUM, struct.pack("<II", 0, QUEUE))
        self.send(SET_VRING_BASE, struct.pack("<II", 0, 0))
        self.send(SET_VRING_ADDR, struct.pack("<IIQQQQ", 0, 0, BASE + DESCRIPTORS, BASE + USED, BASE + AVAILABLE, 0))
        self.send(SET_VRING_CALL, struct.pack("<Q", 0), [self.call])
        self.send(SET_VRING_KICK, struct.pack("<Q", 0), [self.kick])
        if offered & HAS_PROTOCOL_FEATURES:
            self.send(SET_VRING_ENABLE, struct.pack("<II", 0, 1))

    def request(self, kind, sector, data):
        """One request of a sector; what was read, when it reads. Guest addresses begin at 0."""
        self.memory[HEADER:HEADER + 16] = struct.pack("<IIQ", kind, 0, sector)
        self.memory[DATA:DATA + SECTOR] = data
        self.memory[STATUS] = 0xFF
        by_device = WRITTEN_BY_DEVICE if kind == READ else 0
        self.memory[DESCRIPTORS:DESCRIPTORS + 48] = struct.pack(
            "<QIHHQIHHQIHH", HEADER, 16, NEXT, 1, DATA, SECTOR, NEXT | by_device, 2, STATUS, 1, WRITTEN_BY_DEVICE, 0)
        slot = self.made % QUEUE
        self.memory[AVAILABLE + 4 + 2 * slot:AVAILABLE + 6 + 2 * slot] = struct.pack("<H", 0)
        self.made += 1
        self.memory[AVAILABLE + 2:AVAILABLE + 4] = struct.pack("<H", self.made & 0xFFFF)
        os.eventfd_write(self.kick, 1)
        limit = time.monotonic() + 20
        while struct.unpack("<H", self.memory[USED + 2:USED + 4])[0] != self.made & 0xFFFF:
            if time.monotonic() > limit:
                sys.exit("request %d was not answered within 20 s" % self.made)
            time.sleep(0.0002)
        if self.memory[STATUS] != 0:
            sys.exit("request %d ended with status %d" % (self.made, self.memory[STATUS]))
        return bytes(self.memory[DATA:DATA + SECTOR])


def main():
    path, blocks, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0
    device = Device(path)
    rng = random.Random(7)
    written = {}
    done = 0
    while count == 0 or done < count:
        sector = rng.randrange(blocks)
        if sector not in written or rng.random() < 0.5:
            written[sector] = struct.pack("<QQ", sector, done) * (SECTOR // 16)
            device.request(WRITE, sector, written[sector])
        elif device.request(READ, sector, bytes(SECTOR)) != written[sector]:
            sys.exit("block %d is not what was written" % sector)
        done += 1
        if done == 1:
            print("connected", flush=True)
    print("verified", done)


main()
