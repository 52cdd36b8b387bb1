"""Clones of devices outside of a store, and chains of snapshots: each volume has what it should, while hosts write, after a reload and after SIGKILL.

Arguments: the RPC socket, the port, a part, a file for what must be found in the next life."""

import json
import random
import sys

from disks import PORT, T, Disk, Traffic
from nvme_host import Host, check

SIZE, CLUSTER = 4096, 128   # blocks of a volume, of a cluster


class Store:
    """A store `l` and the volumes in it that a host has as namespaces, by name."""

    def __init__(self):
        self.host, self.rng, self.disks, self.numbers = Host(PORT), random.Random(23), {}, {}
        for _ in range(3):
            self.host.queue()

    def show(self, name, seeds, blocks=SIZE):
        nsid = self.numbers.setdefault(name, len(self.numbers) + 1)
        T.namespace("l/" + name, nsid)
        self.disks[name] = Disk(self.host, nsid, blocks, seeds)
        return self.disks[name]

    def hide(self, name):
        T.without(self.numbers[name])
        return self.disks.pop(name)

    def same(self, why):
        for disk in self.disks.values():
            disk.same(why=why)

    def lvol(self, name):
        return T.bdev("l/" + name)["driver_specific"]["lvol"]

    def told(self):
        return {d["aliases"][0]: (d["num_blocks"], d["driver_specific"]["lvol"]) for d in T("bdev_get_bdevs") if "lvol" in d["driver_specific"]}

    def traffic(self, *names):
        return Traffic(self.host, [self.disks[name] for name in names])


def filled(bdev, host, seed):
    """What is written to a device before it becomes a parent."""
    T.namespace(bdev, 30)
    disk = Disk(host, 30, SIZE)
    for at in range(0, SIZE, 64):
        disk.put(at, 64, seed + at // 64 % 7)
    T.without(30)
    return disk.seeds


def merged(own, parent):
    """What a volume has whose cluster own[N] is its own."""
    return [own[b // CLUSTER] or parent[b] for b in range(SIZE)]


def spread(disk, every, seed):
    """Whole clusters are written, and which those are."""
    own = {}
    for cluster in range(0, SIZE // CLUSTER, every):
        disk.put(cluster * CLUSTER, CLUSTER, seed)
        own[cluster] = seed
    return [own.get(c) for c in range(SIZE // CLUSTER)]


def outside():
    """Clones of e0 and e1: written, snapshot, cloned, decoupled, inflated, given other parents, grown, copied."""
    s = Store()
    e0, e1 = filled("e0", s.host, 100), filled("e1", s.host, 200)
    T("bdev_lvol_clone_bdev", bdev="e0", lvs_name="l", clone_name="c")
    found = s.lvol("c")
    check(found["esnap_clone"] and not found["clone"] and not found["snapshot"] and found["thin_provision"], "a clone of e0 is told as", found)
    s.show("c", e0).same(why="a clone at once")
    s.traffic("c").during(T, "bdev_lvol_snapshot", lvol_name="l/c", snapshot_name="s")   # what is under way is in neither, or in both
    s.disks["c"].used(s.rng, 40, 1, 128)
    T("bdev_lvol_clone", snapshot_name="l/s", clone_name="k")
    k = s.show("k", None)   # it has what the snapshot has: what was under way may be there or not
    for at in range(0, SIZE, 128):
        k.put(at, 8, 3)
    check(s.lvol("k")["base_snapshot"] == "s" and s.lvol("c")["base_snapshot"] == "s", "clones of s:", s.told())
    check("e0" in json.dumps(T("bdev_get_bdevs", name="l/s")) or s.lvol("s")["esnap_clone"], "the snapshot's parent is told as", s.lvol("s"))
    s.same("after a snapshot")
    if T.knows("bdev_lvol_set_parent_bdev"):
        T("bdev_lvol_create", lvol_name="v", size_in_mib=2, lvs_name="l", thin_provision=True)
        own = spread(s.show("v", [0] * SIZE), 3, 5)
        s.hide("v")
        T("bdev_lvol_set_parent_bdev", lvol_name="l/v", parent_name="e1")
        s.show("v", merged(own, e1)).same(why="a volume with another parent at once")
        v = s.disks["v"]
        for cluster in range(1, SIZE // CLUSTER, 4):   # parts of clusters: the rest of each comes from e1
            v.put(cluster * CLUSTER + 16, 32, 6)
        v.same(why="parts of clusters are written")
        T("bdev_lvol_snapshot", lvol_name="l/v", snapshot_name="t")
        s.show("t", v.seeds).same(why="its snapshot")
        s.traffic("v", "k").during(T.bdev, "l/t")
        s.same("with two chains")
        T("bdev_lvol_create", lvol_name="x", size_in_mib=2, lvs_name="l", thin_provision=True)
        own = spread(s.show("x", [0] * SIZE), 5, 7)
        s.hide("x")
        T("bdev_lvol_set_parent", lvol_name="l/x", parent_name="l/t")
        check(s.lvol("x")["base_snapshot"] == "t", "its parent is told as", s.lvol("x"))
        s.show("x", merged(own, s.disks["t"].seeds)).same(why="a volume below a snapshot at once")
        s.disks["x"].used(s.rng, 30, 8, 128)
    if T.knows("bdev_lvol_start_shallow_copy") and "t" in s.disks:
        copied(s)
    again(s, "with two chains")
    traffic = s.traffic("k", "c")
    traffic.begin()
    T.send("bdev_lvol_decouple_parent", name="l/k")
    decoupled = "result" in T.hear("bdev_lvol_decouple_parent")   # refused where bdev/lvol-decoupled-from-clone-of-device fails
    traffic.end()
    check(s.lvol("k")["esnap_clone"] == decoupled and s.lvol("k")["clone"] != decoupled, "after decoupling k is told as", s.lvol("k"))
    s.same("after decoupling")
    s.traffic("k", "c").during(T, "bdev_lvol_inflate", name="l/c")
    found = s.lvol("c")
    check(not found["clone"] and not found["esnap_clone"], "inflated, and told as", found)
    s.same("after inflating")
    if not decoupled:
        T("bdev_lvol_inflate", name="l/k")
    T("bdev_lvol_delete", name="l/s")
    if "x" in s.disks:
        s.traffic("v", "x").during(T, "bdev_lvol_inflate", name="l/x")
        s.hide("t")
        T("bdev_lvol_delete", name="l/t")   # its clusters go to its only clone
        check(s.lvol("v")["esnap_clone"], "after its snapshot was deleted it is told as", s.lvol("v"))
        s.same("after the snapshots were deleted")
        s.traffic("v", "x").during(T, "bdev_lvol_inflate", name="l/v")
        v = s.hide("v")   # grown as a clone: outside-snapshot-shorter-than-its-clone
        T("bdev_lvol_resize", name="l/v", size_in_mib=3)
        s.show("v", v.seeds + [None] * (SIZE // 2), SIZE * 3 // 2).used(s.rng, 30, 9, 128)
        s.same("in the end")
    s.disks["k"].used(s.rng, 30, 10, 128)
    again(s, "in the end")
    if len(sys.argv) > 4:
        with open(sys.argv[4], "w") as out:
            json.dump({name: [disk.blocks, disk.seeds] for name, disk in s.disks.items()}, out)
        return
    for name in list(s.disks):
        s.hide(name)
        T("bdev_lvol_delete", name="l/" + name)
    store = T("bdev_lvol_get_lvstores", lvs_name="l")[0]
    check(store["free_clusters"] == store["total_data_clusters"], "clusters are lost:", store)


def shorter():
    """A clone is grown beyond the device that it is a clone of: there it has zeroes."""
    s = Store()
    e0 = filled("e0", s.host, 100)
    T("bdev_lvol_clone_bdev", bdev="e0", lvs_name="l", clone_name="c")
    T("bdev_lvol_resize", name="l/c", size_in_mib=3)
    c = s.show("c", e0 + [0] * (SIZE // 2), SIZE * 3 // 2)
    c.same(0, SIZE)
    c.same(why="grown beyond its parent")
    c.put(SIZE + 8, 8, 9)
    c.same(why="written beyond its parent")


def copied(s):
    """A shallow copy has the clusters that are the snapshot's own; all else of what it goes to stays."""
    T("bdev_malloc_create", name="d", num_blocks=SIZE, block_size=512)
    before = filled("d", s.host, 300)
    started = T("bdev_lvol_start_shallow_copy", src_lvol_name="l/t", dst_bdev_name="d")
    said = s.traffic("v", "x").during(T.until, lambda said: said["state"] != "in progress", "bdev_lvol_check_shallow_copy", operation_id=started["operation_id"])
    T.refuses("bdev_lvol_check_shallow_copy", operation_id=started["operation_id"])   # told once
    own = [c for c in range(SIZE // CLUSTER) if c % 3 == 0 or c % 4 == 1]
    check(said["state"] == "complete" and said["copied_clusters"] == said["total_clusters"] == len(own), "copied:", said)
    T.namespace("d", 31)
    t = s.disks["t"].seeds
    Disk(s.host, 31, SIZE, [t[b] if b // CLUSTER in own else before[b] for b in range(SIZE)]).same(why="a shallow copy")
    T.without(31)
    T("bdev_malloc_delete", name="d")


def again(s, why):
    """The store goes with its device and is found again."""
    told, shown = s.told(), dict(s.disks)
    for name in shown:
        s.hide(name)
    T("bdev_passthru_delete", name="base")
    T.until(lambda said: said == [], "bdev_lvol_get_lvstores")
    T("bdev_passthru_create", base_bdev_name="f", name="base")
    T("bdev_wait_for_examine")
    check(s.told() == told, why, "told before:", told, "and after a reload:", s.told())
    for name, disk in shown.items():
        s.show(name, disk.seeds, disk.blocks).same(why=why + ", after a reload")


def found():
    """What was left in the last life."""
    T.until(lambda said: said, "bdev_lvol_get_lvstores")
    T("bdev_wait_for_examine")
    s = Store()
    for name, (blocks, seeds) in json.load(open(sys.argv[4])).items():
        s.show(name, seeds, blocks).same(why="after SIGKILL")
    for name in list(s.disks):
        s.traffic(name).during(T.bdev, "l/" + name)
    again(s, "after SIGKILL")


def outside_again():
    """The parent is not there when its store is found: the clone waits for it, and has its data when it comes."""
    s = Store()
    e0 = filled("p0", s.host, 100)
    T("bdev_lvol_clone_bdev", bdev="p0", lvs_name="l", clone_name="c")
    T("bdev_lvol_create", lvol_name="other", size_in_mib=2, lvs_name="l", thin_provision=True)
    s.show("other", [0] * SIZE).used(s.rng, 20, 2, 128)
    s.show("c", e0).used(s.rng, 40, 1, 128)
    uuid = T.bdev("p0")["uuid"]
    for turn in range(3):
        c, other = s.hide("c"), s.hide("other")
        T("bdev_passthru_delete", name="base")
        T.until(lambda said: said == [], "bdev_lvol_get_lvstores")
        T("bdev_passthru_delete", name="p0")
        T("bdev_passthru_create", base_bdev_name="f", name="base")
        T("bdev_wait_for_examine")
        T.refuses("bdev_get_bdevs", name="l/c")
        s.show("other", other.seeds).used(s.rng, 20, turn + 3, 128)
        lvols = {one["alias"]: one for one in T("bdev_lvol_get_lvols", lvs_name="l")}
        check(lvols["l/c"].get("is_degraded"), "without its parent it is told as", lvols)
        T("bdev_passthru_create", base_bdev_name="e0", name="p0", uuid=uuid)
        T("bdev_wait_for_examine")
        T.until(lambda said: "l/c" in [one["alias"] for one in said if not one.get("is_degraded")], "bdev_lvol_get_lvols", lvs_name="l")
        s.show("c", c.seeds).same(why="with its parent again")
        s.disks["c"].used(s.rng, 20, turn + 10, 128)
    s.same("in the end")


globals()[sys.argv[3]]()
print("done")
