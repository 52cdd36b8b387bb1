"""Many large requests at once while there are few descriptors, buffers or tasks: each is answered, and what is read is what was written.

Arguments: the RPC socket, the port, a part, how many namespaces there are."""

import random
import struct
import sys

from disks import PORT, T, Disk
from nvme_host import Host, check


def disks_of(host, most=2048):
    disks = []
    for nsid in range(1, int(sys.argv[4]) + 1):
        data = host.identify(0, nsid)
        check(data.word(0, 8), "no namespace", nsid)
        disks.append(Disk(host, nsid, min(data.word(0, 8), most), size=1 << data.data[130 + 4 * (data.data[26] & 15)]))
    return disks


class Burst:
    """Commands that are all sent before the first answer is looked at. Those of one burst touch no block twice."""

    def __init__(self):
        self.under_way = []

    def ask(self, queue, disk, what, at, blocks, seed):
        span = struct.pack("<QI", at, blocks - 1)
        if what == "write":
            one = queue.send(1, disk.nsid, span, disk.content(at, blocks, [seed] * blocks), capsule=False)
        elif what == "zeroes":
            one = queue.send(8, disk.nsid, span)
        elif what == "unmap":
            one = queue.send(9, disk.nsid, struct.pack("<II", 0, 4), struct.pack("<IIQ", 0, blocks, at))
        else:
            one = queue.send(2, disk.nsid, span, expect=blocks * disk.size)
        self.under_way.append((queue, disk, what, at, blocks, seed, one))

    def end(self):
        for queue, disk, what, at, blocks, seed, one in self.under_way:
            got = queue.wait(one)
            unable = what == "unmap" and got.result == 0xFFFFFFA1   # EOPNOTSUPP: the file lies where there are no holes
            check(got.status == 0 or unable, what, at, blocks, "of", disk.nsid, got)
            if what == "read":
                disk.holds(at, got.data)
            else:
                disk.seeds[at:at + blocks] = [{"write": seed, "zeroes": 0, "unmap": None}[what]] * blocks
        self.under_way = []


def bursts():
    """Of each kind of request, large and small, on all namespaces at once."""
    h, rng = Host(PORT), random.Random(29)
    for _ in range(3):
        h.queue()
    disks = disks_of(h)
    for disk in disks:
        for at in range(0, disk.blocks, 65536 // disk.size):
            disk.put(at, min(65536 // disk.size, disk.blocks - at), disk.nsid)
    for turn, kinds in enumerate((["write"], ["write", "read"], ["zeroes", "read", "unmap"], ["write", "read"])):
        burst = Burst()
        for disk in disks:
            slots = list(range(0, disk.blocks - 131072 // disk.size + 1, 131072 // disk.size))
            rng.shuffle(slots)
            for queue in h.io:
                for at in [slots.pop() for _ in range(2) if slots]:
                    blocks = rng.choice([131072, 131072, 65536, 12288]) // disk.size
                    burst.ask(queue, disk, rng.choice(kinds), at + rng.randrange(131072 // disk.size - blocks + 1), blocks, disk.nsid * 1000 + turn)
        burst.end()
    for disk in disks:
        disk.same(why="at the end")


def floods():
    """More requests of one volume at once than its store has places for: of each kind, in clusters that it has and in clusters that it has not."""
    h = Host(PORT)
    queues = [h.queue(127) for _ in range(6)]
    disk = disks_of(h, 1 << 20)[0]
    cluster = 128
    disk.seeds = [0] * disk.blocks   # a thin volume that is new
    for turn, (what, blocks) in enumerate((("write", 8), ("write", 1), ("read", 8), ("unmap", cluster), ("write", 1))):
        burst = Burst()
        for i in range(110 * len(queues)):
            burst.ask(queues[i % len(queues)], disk, what, i * cluster, blocks, turn + 1)
        burst.end()
    h.leave()
    h = Host(PORT)
    disk.host = h
    for at in range(0, disk.blocks, 32 * cluster):
        disk.same(at, 8)


def shared():
    """Queues on several threads write into the same clusters of a clone at once; what was taken for a cluster in vain and given back must not show in another volume."""
    h, cluster, clusters = Host(PORT), 128, 128
    for _ in range(3):
        h.queue(127)
    T("bdev_lvol_create", lvol_name="v", size_in_mib=8, lvs_name="l", thin_provision=True)
    T.namespace("l/v", 1)
    v = Disk(h, 1, clusters * cluster, [0] * clusters * cluster)
    for at in range(0, v.blocks, 256):
        v.put(at, 256, 1)
    T("bdev_lvol_snapshot", lvol_name="l/v", snapshot_name="s")
    for turn in range(2):
        for first in range(0, clusters, 20):
            burst = Burst()
            for c in range(first, min(first + 20, clusters)):
                for number, queue in enumerate(h.io):
                    burst.ask(queue, v, "write", c * cluster + 16 * number, 8, turn + 2)
            burst.end()
        v.same(why="clusters that many wrote to at once")
        name = "w%d" % turn
        T("bdev_lvol_create", lvol_name=name, size_in_mib=8, lvs_name="l", thin_provision=True)
        T.namespace("l/" + name, turn + 2)
        w = Disk(h, turn + 2, v.blocks, [0] * v.blocks)
        for at in range(0, w.blocks, cluster):
            w.put(at + 40, 1, 9)
        w.same(why="a volume that is new")
        T.without(1)
        T("bdev_lvol_delete", name="l/v")
        T("bdev_lvol_clone", snapshot_name="l/s", clone_name="v")
        T.namespace("l/v", 1)
        v = Disk(h, 1, v.blocks, [1] * v.blocks)


def far():
    """Clusters of a volume that lie two terabytes into its store: written, taken back, written anew; none of another one is given back in their place."""
    h = Host(PORT)
    disks = disks_of(h, 1 << 20)
    cluster = 16384
    for turn in range(3):
        for disk in disks:
            for at in range(0, disk.blocks, cluster):
                disk.put(at, 8, disk.nsid * 100 + turn * 10 + at // cluster + 1)
                disk.put(at + cluster - 8, 8, disk.nsid * 100 + turn * 10 + at // cluster + 1)
        for disk in disks:
            burst = Burst()
            for at in range(0, disk.blocks, cluster):
                if at // cluster % 2 == turn % 2:
                    burst.ask(h.io[0], disk, "unmap", at, cluster, 0)
            burst.end()
        for disk in disks:
            for at in range(0, disk.blocks, cluster):
                for begin in (at, at + cluster - 8):
                    disk.same(begin, 8)


globals()[sys.argv[3]]()
print("done")
