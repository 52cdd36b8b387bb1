"""Schedulers, threads and reactors are told as they were set, and what a host reads stays what it wrote.

Arguments: the RPC socket, the port, a part, the number of reactors."""

import random
import sys
import time

from disks import NQN, PORT, T, Disk, Traffic
from nvme_host import Host, check

CORES = int(sys.argv[4])
VERSION = tuple(int(n) for n in T("spdk_get_version")["version"].split(" ")[1].removeprefix("v").split("-")[0].split("."))


def told(**wanted):
    said = T("framework_get_scheduler")
    if VERSION < (24, 9):
        wanted = {k: v for k, v in wanted.items() if k.startswith("scheduler_")}
    check(all(said.get(k) == v for k, v in wanted.items()), "set was", wanted, "told is", said)
    return said


def back_to_static(ask=lambda request, *args, **params: request(*args, **params)):
    """False where a version refuses it."""
    if VERSION >= (25, 1):
        ask(T, "framework_set_scheduler", name="static")
    else:
        ask(T.refuses, "framework_set_scheduler", name="static")
    return VERSION >= (25, 1)


def reactors():
    """Where each thread is: by its id. (Its mask is a suggestion: the dynamic scheduler gathers idle threads. One that moves is nowhere for a moment.)"""
    said = T("framework_get_reactors")["reactors"]
    check(sorted(r["lcore"] for r in said) == list(range(CORES)), "reactors:", said)
    where = {}
    for one in said:
        for thread in one["lw_threads"]:
            check(thread["id"] not in where, "on two reactors:", thread, said)
            where[thread["id"]] = one["lcore"]
    return where


def threads():
    return {t["id"]: t for t in T("thread_get_stats")["threads"]}


def placed(good, why):
    end = time.time() + 10
    while True:
        where = reactors()
        if good(where):
            return where
        check(time.time() < end, why, "threads are", where)
        time.sleep(0.02)


def traffic_on(nsids=(1, 2)):
    host = Host(PORT)
    for _ in range(2 * CORES):
        host.queue()
    disks = [Disk(host, nsid, 1024) for nsid in nsids]
    for disk in disks:
        for at in range(0, disk.blocks, 128):
            disk.put(at, 128, 1)
    return Traffic(host, disks, 8)


def schedulers():
    """Each scheduler with each of its parameters is told as it was set, what is refused changes nothing, and threads are where they should be."""
    traffic = traffic_on()
    first = reactors()
    told(scheduler_name="static", scheduler_period=0)
    limits = {"load_limit": 20, "core_limit": 80, "core_busy": 95}
    for period, more in ((20000, {}), (10000, {"load_limit": 1, "core_limit": 10}), (5000, {"core_limit": 95, "core_busy": 50}), (0, {"load_limit": 100})):
        params = dict(more, period=period) if period else more
        traffic.during(T, "framework_set_scheduler", name="dynamic", **params)
        limits.update(more)
        period = period or (1000000 if VERSION >= (25, 1) else 5000)   # a second, where none was set; the last one, where it is still that
        told(scheduler_name="dynamic", scheduler_period=period, **limits)
        for _ in range(2):
            traffic.during(reactors)
        T.refuses("framework_set_scheduler", name="none_such")
        T.refuses("framework_set_scheduler", name="dynamic", load_limit=300)
        T.refuses("framework_set_scheduler", name="dynamic", core_busy="many")
        T.refuses("framework_set_scheduler", period=5000)
        told(scheduler_name="dynamic", scheduler_period=period, **limits)
        T.send("framework_set_scheduler", name="gscheduler")   # without a governor it cannot be had, and the old one stays
        if "error" in T.hear("framework_set_scheduler"):
            told(scheduler_name="dynamic", scheduler_period=period, **limits)
            T("framework_set_scheduler", name="dynamic")
            told(scheduler_name="dynamic", scheduler_period=period, **limits)
        before = threads()
        traffic.during(time.sleep, 0.05)
        after = threads()
        check(before.keys() == after.keys(), "threads", before.keys(), after.keys())
        placed(lambda where: where.keys() == after.keys(), "threads %s:" % after.keys())
        check(all(after[i]["busy"] >= before[i]["busy"] and after[i]["idle"] >= before[i]["idle"] for i in before), "times go back:", before, after)
        if not back_to_static(traffic.during):
            continue
        told(scheduler_name="static")
        check("load_limit" not in told(), "limits of the dynamic scheduler are told of the static one")
        placed(lambda where: where == first, "back to static, which was %s," % first)
        T.until(lambda said: said["scheduler_period"] == 0, "framework_get_scheduler")
        T.until(lambda said: not any(r["in_interrupt"] for r in said["reactors"]), "framework_get_reactors")
        traffic.during(reactors)


def idle():
    """With nothing to do all threads go to one core under the dynamic scheduler, and the others sleep; with the static one all wake and have their threads."""
    first = reactors()
    for _ in range(3):
        T("framework_set_scheduler", name="dynamic", period=10000, load_limit=95)
        placed(lambda where: len(set(where.values())) == 1, "idle threads are not on one core:")
        said = T.until(lambda said: sum(r["in_interrupt"] for r in said["reactors"]) == CORES - 1, "framework_get_reactors")
        check(all(r["in_interrupt"] == (not r["lw_threads"]) for r in said["reactors"]), "who sleeps:", said)
        asleep = [r["lcore"] for r in said["reactors"] if r["in_interrupt"]][0]
        T.refuses("thread_set_cpumask", id=min(first), cpumask=hex(1 << asleep))
        host = Host(PORT)   # the threads on the one core serve all
        disk = Disk(host, 1, 256)
        disk.put(0, 128, 4)
        disk.same(0, 128)
        host.leave()
        if not back_to_static():
            return
        placed(lambda where: where == first, "back to static, which was %s," % first)
        T.until(lambda said: not any(r["in_interrupt"] for r in said["reactors"]), "framework_get_reactors")


def masks():
    """A thread goes to where its mask lets it, under each scheduler; what cannot be is refused and changes nothing."""
    traffic = traffic_on()
    names = {t["name"]: t["id"] for t in threads().values()}
    groups = [i for name, i in names.items() if name.startswith("nvmf_tgt_poll_group")]
    check(len(groups) == CORES, "poll groups:", names)
    def mask(thread, *cores):
        traffic.during(T, "thread_set_cpumask", id=thread, cpumask=hex(sum(1 << c for c in cores)))
        placed(lambda where: where.get(thread) in cores, "thread %d with the mask %s:" % (thread, cores))
        found = threads()[thread]["cpumask"]
        check(int(found.replace(",", ""), 16) == sum(1 << c for c in cores), "the mask", cores, "is told as", found)
    for scheduler in ("static", "dynamic", "static"):
        if scheduler == "dynamic":
            T("framework_set_scheduler", name="dynamic", period=10000, load_limit=1)
        elif told()["scheduler_name"] == "dynamic" and not back_to_static():
            break
        for turn in range(CORES):
            for number, thread in enumerate(groups):
                if scheduler == "static":   # the others may be asleep
                    mask(thread, (number + turn) % CORES)
                else:
                    mask(thread, *range(CORES))
            traffic.during(reactors)
        for wrong in ("0x0", hex(1 << CORES), "none", ""):
            T.refuses("thread_set_cpumask", id=groups[0], cpumask=wrong)
        T.refuses("thread_set_cpumask", id=4000, cpumask="0x1")
        traffic.during(reactors)
    if VERSION >= (25, 1):
        for turn in range(3):
            for thread in groups:
                T("thread_set_cpumask", id=thread, cpumask=hex((1 << CORES) - 1))
            wanted = {thread: (number + turn) % CORES for number, thread in enumerate(groups)}
            traffic.during(T, "framework_set_scheduler", name="static", mappings=",".join("%d:%d" % one for one in wanted.items()))
            placed(lambda where: all(where.get(t) == c for t, c in wanted.items()), "mapped to %s:" % wanted)
        where = reactors()
        for wrong in ("4000:0", "%d:%d" % (groups[0], CORES), "x:0"):
            T.refuses("framework_set_scheduler", name="static", mappings=wrong)
        check(reactors() == where, "a refused mapping moved threads:", where, reactors())


def rotates():
    """Threads move all the time, while hosts come and go, devices are added and taken away."""
    traffic = traffic_on()
    rng = random.Random(9)
    T("framework_set_scheduler", name="dynamic", period=2000, load_limit=1, core_limit=20, core_busy=30)
    for turn in range(15):
        traffic.begin()
        host = Host(PORT, name="n%d" % turn)
        T("bdev_malloc_create", name="x", num_blocks=256, block_size=512)
        T.namespace("x", 9)
        disk = Disk(host, 9, 256)
        disk.put(0, 128, turn + 2)
        disk.same(0, 128)
        if rng.random() < 0.3:
            if rng.random() < 0.5:
                back_to_static()
            T("framework_set_scheduler", name="dynamic", period=2000)
        if rng.random() < 0.5:
            host.leave()
        T("nvmf_subsystem_remove_ns", nqn=NQN, nsid=9)
        T("bdev_malloc_delete", name="x")
        traffic.end()
        host.leave()
    back_to_static()


globals()[sys.argv[3]]()
print("done")
