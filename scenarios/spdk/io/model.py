"""What a host reads must be what it wrote, while the devices below are made, changed, taken away and found again.

Arguments: the RPC socket, the port, a part, more of the part's own."""

import os
import random
import struct
import sys
import time

from disks import NQN, PORT, T, Disk
from nvme_host import Host, check


def stacks():
    """Arguments: how many namespaces there are; what is written to each is read from it, and from no other."""
    h, rng = Host(PORT), random.Random(7)
    disks = []
    for nsid in range(1, int(sys.argv[4]) + 1):
        data = h.identify(0, nsid)
        check(data.word(0, 8), "no namespace", nsid)
        disks.append(Disk(h, nsid, min(data.word(0, 8), 4096), size=1 << data.data[130]))
    for disk in disks:
        for at in range(0, disk.blocks, 64 * 512 // disk.size):
            disk.put(at, min(64 * 512 // disk.size, disk.blocks - at), disk.nsid)
    for turn in range(4):
        for disk in disks:
            disk.used(rng, 25, disk.nsid * 10 + turn, 64 * 512 // disk.size)
    for disk in disks:
        disk.same(why="at the end")


def volumes():
    """A store `l`: volumes, snapshots and clones, written before and after all that can be done to them; each keeps what it had."""
    h, rng = Host(PORT), random.Random(11)
    size = 4 << 20
    blocks = size // 512
    def volume(name, nsid, seeds=None):
        T.namespace("l/" + name, nsid)
        return Disk(h, nsid, blocks, seeds)
    for thin in (True, False):
        T("bdev_lvol_create", lvol_name="v", size_in_mib=4, lvs_name="l", thin_provision=thin, clear_method="write_zeroes")
        v = volume("v", 1, [0] * blocks if thin else None)
        v.used(rng, 40, 1, 128)
        v.same(why="before the snapshot")
        T("bdev_lvol_snapshot", lvol_name="l/v", snapshot_name="s1")
        s1 = volume("s1", 2, v.seeds)
        s1.same(why="the snapshot at once")
        got = s1.put(0, 8, 5, statuses=(0x120, 0x20, 0x181, 0x182, 6, 1))
        check(got.status, "a snapshot was written")
        v.used(rng, 40, 2, 128)
        s1.same(why="the snapshot after writes")
        T("bdev_lvol_clone", snapshot_name="l/s1", clone_name="c")
        c = volume("c", 3, s1.seeds)
        c.used(rng, 40, 3, 128)
        T("bdev_lvol_snapshot", lvol_name="l/c", snapshot_name="s2")
        s2 = volume("s2", 4, c.seeds)
        c.used(rng, 30, 4, 128)
        for disk in (v, s1, c, s2):
            disk.same(why="with two snapshots")
        for name in ("v", "c"):
            found = T.bdev("l/" + name)["driver_specific"]["lvol"]
            check(found["clone"] and not found["snapshot"] and found["base_snapshot"] == {"v": "s1", "c": "s2"}[name], name, "is told as", found)
        T.refuses("bdev_lvol_delete", name="l/s1")
        T("bdev_lvol_decouple_parent", name="l/c")   # s1 becomes its parent
        check(T.bdev("l/c")["driver_specific"]["lvol"]["base_snapshot"] == "s1", "the parent after decoupling")
        c.used(rng, 30, 5, 128)
        for disk in (v, s1, c, s2):
            disk.same(why="after decoupling")
        T("bdev_lvol_inflate", name="l/c")
        check(not T.bdev("l/c")["driver_specific"]["lvol"]["clone"], "a clone after it was inflated")
        for disk in (v, s1, c, s2):
            disk.same(why="after inflating")
        T.without(4)
        T("bdev_lvol_delete", name="l/s2")
        T.without(2)
        T("bdev_lvol_delete", name="l/s1")   # with one clone left its clusters go to the clone
        check(not T.bdev("l/v")["driver_specific"]["lvol"]["clone"], "the clone of what is deleted")
        v.same(why="after its snapshot was deleted")
        c.same(why="after the other's snapshot was deleted")
        v.used(rng, 20, 6, 128)
        T.without(1)
        T("bdev_lvol_resize", name="l/v", size_in_mib=6)
        check(T.bdev("l/v")["num_blocks"] == 12288, "the size")
        v = Disk(h, 1, 12288, v.seeds + ([0] * 4096 if thin else [None] * 4096))
        T.namespace("l/v", 1)
        v.same(why="after it grew")
        v.used(rng, 20, 7, 128)
        T.without(1)
        T("bdev_lvol_resize", name="l/v", size_in_mib=3)
        T("bdev_lvol_rename", old_name="l/v", new_name="w")
        T.namespace("l/w", 1)
        v = Disk(h, 1, 6144, v.seeds[:6144])
        v.same(why="after it shrank")
        T("bdev_lvol_set_read_only", name="l/w")
        T.without(1)
        T.namespace("l/w", 1)
        check(v.put(0, 1, 9, statuses=(0x120, 0x20, 0x182, 6, 1)).status, "what is read only was written")
        v.same(why="read only")
        T.without(1)
        T.without(3)
        free = T("bdev_lvol_get_lvstores", lvs_name="l")[0]["free_clusters"]
        T("bdev_lvol_delete", name="l/w")
        T("bdev_lvol_delete", name="l/c")
        store = T("bdev_lvol_get_lvstores", lvs_name="l")[0]
        check(store["free_clusters"] > free and store["free_clusters"] == store["total_data_clusters"], "clusters are lost:", store)


def store_again():
    """Volumes of a store on `base` are found again with all that was in them, and told as they were."""
    h, rng = Host(PORT), random.Random(13)
    blocks = (4 << 20) // 512
    for name in ("a", "b"):
        T("bdev_lvol_create", lvol_name=name, size_in_mib=4, lvs_name="l", thin_provision=name == "a", clear_method="none")
    T.namespace("l/a", 1)
    T.namespace("l/b", 2)
    a, b = Disk(h, 1, blocks, [0] * blocks), Disk(h, 2, blocks)
    for turn in range(4):
        a.used(rng, 30, turn + 1, 128)
        b.used(rng, 30, turn + 5, 128)
        if turn == 1:
            T("bdev_lvol_snapshot", lvol_name="l/a", snapshot_name="s")
            T("bdev_lvol_clone", snapshot_name="l/s", clone_name="k")
            T.namespace("l/k", 3)
            T.namespace("l/s", 4)
            k, s = a.like(3), a.like(4)
        if turn > 1:
            k.used(rng, 20, turn + 9, 128)
        told = {d["aliases"][0]: (d["num_blocks"], {n: v for n, v in d["driver_specific"]["lvol"].items()}) for d in T("bdev_get_bdevs") if "lvol" in d["driver_specific"]}
        disks = [d for d in (a, b) + ((k, s) if turn else ())]
        for disk in disks:
            T.without(disk.nsid)
        T("bdev_passthru_delete", name="base")
        T.until(lambda said: said == [], "bdev_lvol_get_lvstores")
        T("bdev_passthru_create", base_bdev_name="f", name="base")
        T("bdev_wait_for_examine")
        after = {d["aliases"][0]: (d["num_blocks"], d["driver_specific"]["lvol"]) for d in T("bdev_get_bdevs") if "lvol" in d["driver_specific"]}
        check(after == told, "told before:", told, "and after:", after)
        for disk in disks:
            T.namespace("l/" + {1: "a", 2: "b", 3: "k", 4: "s"}[disk.nsid], disk.nsid)
            disk.same(why="after turn %d" % turn)
    a.used(rng, 20, 50, 128)
    a.same()


def raid(name="r"):
    found = [r for r in T("bdev_raid_get_bdevs", category="all") if r["name"] == name]
    return found[0] if found else {}


def whole():
    """Until the RAID has all its bases and nothing is rebuilt."""
    return T.until(lambda said: [r for r in said if r["name"] == "r" and r["num_base_bdevs_operational"] == r["num_base_bdevs"] and "process" not in r], "bdev_raid_get_bdevs", category="all")


def mirror():
    """A mirror `r` of b0 and b1, with b2 in reserve (argument: with superblocks or not): bases go, come back, are rebuilt; the data are there whichever base is read."""
    superblock = sys.argv[4] == "superblock"
    rng = random.Random(17)
    h = Host(PORT)
    T("bdev_raid_create", name="r", raid_level="raid1", base_bdevs=["b0", "b1"], superblock=superblock)
    T.namespace("r", 1)
    def fresh(name):   # one that has an old superblock is refused
        if superblock:
            T("bdev_malloc_delete", name=name)
            T("bdev_malloc_create", name=name, num_blocks=8192, block_size=512)
    blocks = T.bdev("r")["num_blocks"]
    r = Disk(h, 1, min(blocks, 8192))
    for at in range(0, r.blocks, 64):
        r.put(at, 64, 1)
    present, out, turn = ["b0", "b1"], "b2", 0
    for turn in range(6):
        gone = present[turn % 2]
        r.used(rng, 20, turn + 2)
        T("bdev_raid_remove_base_bdev", name=gone)
        T.refuses("bdev_raid_remove_base_bdev", name=gone)
        check(raid()["num_base_bdevs_operational"] == 1 and raid()["num_base_bdevs"] == 2, "after a base went:", raid())
        r.used(rng, 20, turn + 20)
        r.same(why="with one base")
        T.refuses("bdev_raid_add_base_bdev", raid_bdev="r", base_bdev=present[1 - turn % 2])
        T("bdev_raid_add_base_bdev", raid_bdev="r", base_bdev=out)
        r.used(rng, 40, turn + 40)   # while it is rebuilt
        whole()
        r.same(why="rebuilt")
        fresh(gone)
        present[turn % 2], out = out, gone
    for turn in range(2):   # taken away while it is rebuilt
        T("bdev_raid_remove_base_bdev", name=present[1])
        T("bdev_raid_add_base_bdev", raid_bdev="r", base_bdev=out)
        T.send("bdev_raid_remove_base_bdev", name=out)
        answer = T.hear("bdev_raid_remove_base_bdev")
        r.used(rng, 20, turn + 60)
        T.until(lambda said: "process" not in said[0], "bdev_raid_get_bdevs", category="all")
        names = [b["name"] for b in raid()["base_bdevs_list"] if b["is_configured"]]
        if out in names:
            T("bdev_raid_remove_base_bdev", name=out)
        fresh(out)
        fresh(present[1])
        T("bdev_raid_add_base_bdev", raid_bdev="r", base_bdev=present[1])
        r.used(rng, 20, turn + 80)
        whole()
        r.same(why="after a rebuild that was broken off")
    T.without(1)
    T("bdev_raid_delete", name="r")
    check(T("bdev_raid_get_bdevs", category="all") == [], "still there")
    for name in present + [out]:
        check(not T.bdev(name)["claimed"], name, "is still claimed")


def mirror_grows():
    """A mirror with superblocks of files a0 to a2 (argument: where they are) grows while a base is missing, gets another one, and is found again in the target's next life: its size is kept."""
    def files(names):
        for name in names:
            T("bdev_aio_create", name=name, filename=sys.argv[4] + "/" + name, block_size=512, uuid="00000000-0000-4000-8000-0000000000" + name)
        T("bdev_wait_for_examine")
    names, kept = ["a0", "a1", "a2"], sys.argv[4] + "/kept"
    files(names)
    def agree(when, size, members):
        bases = raid()["base_bdevs_list"]
        check(len({(b["data_offset"], b["data_size"]) for b in bases}) == 1 and bases[0]["data_size"] == size == T.bdev("r")["num_blocks"], when, "bases differ:", bases, size)
        check(sorted(b["name"] for b in bases) == sorted(members), when, "bases are", bases)
    if os.path.exists(kept):
        size, *members = open(kept).read().split()
        whole()
        agree("found again", int(size), members)
        return
    T("bdev_raid_create", name="r", raid_level="raid1", base_bdevs=["a0", "a1"], superblock=True)
    before, members = T.bdev("r")["num_blocks"], ["a0", "a1"]
    for turn, megabytes in enumerate((48, 64)):
        if turn == 1:
            T("bdev_raid_remove_base_bdev", name="a0")
        for name in names:
            os.truncate(sys.argv[4] + "/" + name, megabytes << 20)
            T("bdev_aio_rescan", name=name)
        size = T.until(lambda said: said[0]["num_blocks"] > before, "bdev_get_bdevs", name="r")[0]["num_blocks"]
        if turn == 1:
            members[0] = "a2"
            T("bdev_raid_add_base_bdev", raid_bdev="r", base_bdev="a2")
            whole()
        agree("grown", size, members)
        before = size
    with open(kept, "w") as out:
        print(size, *members, file=out)


def limits():
    """A limit of `d` is changed in every way while reads and writes wait for it: each is answered, and soon once there is no limit."""
    h = Host(PORT)
    queues = [h.io[0], h.queue(), h.queue()]
    d = Disk(h, 1, 8192)
    d.put(0, 64, 1)
    def start(many, opcode=2):
        return [(q, q.send(opcode, 1, struct.pack("<QI", 8 * i % 4096, 7), d.content(8 * i % 4096, 8, [1] * 8) if opcode == 1 else b"", 4096 if opcode == 2 else 0)) for q in queues for i in range(many)]
    def finish(started):
        for q, one in started:
            got = q.wait(one)
            check(got.status == 0, got)
    for limit in ({"rw_ios_per_sec": 1000}, {"rw_mbytes_per_sec": 1}, {"r_mbytes_per_sec": 1}, {"rw_ios_per_sec": 1000, "rw_mbytes_per_sec": 1, "r_mbytes_per_sec": 1, "w_mbytes_per_sec": 1}):
        for after in ({"rw_ios_per_sec": 0, "rw_mbytes_per_sec": 0, "r_mbytes_per_sec": 0, "w_mbytes_per_sec": 0}, {"rw_ios_per_sec": 100000}):
            T("bdev_set_qos_limit", name="m", **limit)
            told = T.bdev("m")["assigned_rate_limits"]
            check(all(told[k] == v for k, v in limit.items()), "limits are told as", told)
            for opcode in (2, 1):
                started = start(24, opcode)
                T("bdev_set_qos_limit", name="m", **after)
                finish(started)
                T("bdev_set_qos_limit", name="m", **limit)
            T("bdev_set_qos_limit", name="m", rw_ios_per_sec=0, rw_mbytes_per_sec=0, r_mbytes_per_sec=0, w_mbytes_per_sec=0)
            begin = time.time()
            finish(start(24))
            check(time.time() - begin < 5, "without a limit it took", time.time() - begin)
            told = T.bdev("m")["assigned_rate_limits"]
            check(not any(told.values()), "limits are told as", told)
    T("bdev_set_qos_limit", name="m", rw_ios_per_sec=1000)
    begin = time.time()
    for _ in range(10):
        finish(start(24))
    spent = time.time() - begin
    check(spent > 0.35, "720 reads at 1000 a second took", spent)
    started = start(24)
    T("bdev_set_qos_limit", name="m", rw_mbytes_per_sec=1)
    for q in queues[1:]:
        q.socket.close()   # while what it asked for waits
    for q, one in started:
        if q is queues[0]:
            check(q.wait(one).status == 0, "not read")
    del queues[1:]
    finish(start(4))
    T("bdev_set_qos_limit", name="m", rw_ios_per_sec=0, rw_mbytes_per_sec=0)
    finish(start(24))


def counted():
    """What bdev_get_iostat and the histogram tell of `m` is what was done, per device and per channel, before and after a reset in each way."""
    h = Host(PORT)
    h.queue()
    d = Disk(h, 1, 8192)
    def told(**more):
        for which in ({"names": ["m"]}, {"name": "m"}):   # before v25.09 one name
            T.send("bdev_get_iostat", **which, **more)
            answer = T.hear("bdev_get_iostat")
            if "result" in answer:
                break
        check("result" in answer, "bdev_get_iostat", more, answer)
        return answer["result"]["bdevs" if "per_channel" not in more else "channels"]
    def work():
        for i in range(10):
            d.put(i * 8, 8, 3)
            h.rw(2, i * 8, 4, 1, queue=h.io[i % 2])
        d.zero(0, 8)
        d.zero(8, 8, 9)
        h.rw(5, 16, 1, data=d.content(16, 1))
    def counts(s):
        return s["num_write_ops"], s["bytes_written"], s["num_read_ops"], s["bytes_read"], s["num_unmap_ops"]
    T("bdev_reset_iostat", name="m", mode="all")
    work()
    one = told()[0]
    check(one["num_write_ops"] >= 10 and one["bytes_written"] >= 40960 and one["num_read_ops"] == 10 and one["bytes_read"] == 20480 and one["num_unmap_ops"] == 1, "counted:", one)
    check(one["max_read_latency_ticks"] >= one["min_read_latency_ticks"] > 0 and one["read_latency_ticks"] >= one["max_read_latency_ticks"], "latencies:", one)
    channels = told(per_channel=True)
    check(sum(c["num_read_ops"] for c in channels) == 10 and sum(c["bytes_written"] for c in channels) == one["bytes_written"], "channels:", channels)
    told(reset_mode="maxmin")
    two = told()[0]
    check(two["num_read_ops"] == 10 and two["max_read_latency_ticks"] == 0, "after a reset of the extremes:", two)
    work()
    three = told()[0]
    check(three["num_read_ops"] == 20 and three["max_read_latency_ticks"] > 0, "counted:", three)
    told(per_channel=True, reset_mode="all")
    check(sum(c["num_read_ops"] for c in told(per_channel=True)) == 0, "channels after a reset:", told(per_channel=True))
    T("bdev_reset_iostat", name="m", mode="all")
    check(counts(told()[0]) == (0, 0, 0, 0, 0), "after a reset:", told())
    T("bdev_enable_histogram", name="m", enable=True)
    for i in range(50):
        h.rw(2, i, 1, 1)
    said = T("bdev_get_histogram", name="m")
    check(said["histogram"], "histogram")
    T("bdev_enable_histogram", name="m", enable=False)
    T.refuses("bdev_get_histogram", name="m")
    check(told()[0]["num_read_ops"] == 50, "counted:", told())
    T("bdev_set_qd_sampling_period", name="m", period=1000)
    h.rw(2, 0, 1, 1)
    check("queue_depth_polling_period" in told()[0], "no queue depth:", told())
    T("bdev_set_qd_sampling_period", name="m", period=0)


globals()[sys.argv[3]]()
print("done")
