"""What a target of NVMe-oF answers to reads, writes and their like, as the standards have it. Arguments: port, part, more of the part's own."""

import struct
import sys
import time

from nvme_host import Host, check, pattern

PORT = int(sys.argv[1])
FIELD, OPCODE, NAMESPACE, RANGE, CONFLICT, COMPARE, ABORTED = 0x02, 0x01, 0x0B, 0x80, 0x83, 0x285, 0x07
INVALID_PAGE, FORMAT, SEQUENCE, NOT_CHANGEABLE, NOT_SAVEABLE, PER_NAMESPACE = 0x109, 0x0, 0x0C, 0x10E, 0x10D, 0x10F


def told(got, *statuses):
    return got.status in statuses or check(False, "line", sys._getframe(1).f_lineno, "was told", got)


def io_statuses():
    """NVM 3: reads, writes and their like, good and beyond the end; a refused one changes nothing. Argument: blocks of namespace 1."""
    last = int(sys.argv[3]) - 1
    h = Host(PORT)
    for blocks in (1, 7, 8, 9, 16, 64, 128, 255):
        for block in (0, 3, last + 1 - blocks):
            told(h.write(block, blocks, blocks), 0)
            got = h.read(block, blocks)
            told(got, 0)
            check(got.data == pattern(block, blocks, blocks), "other data at", block, blocks)
            told(h.rw(5, block, blocks, data=pattern(block, blocks, blocks), capsule=blocks <= 8), 0)
            told(h.rw(5, block, blocks, data=pattern(block, blocks, blocks + 1), capsule=blocks <= 8), COMPARE)
            other = pattern(block, blocks, blocks)[:-1] + b"\xee"
            told(h.rw(5, block, blocks, data=other, capsule=blocks <= 8), COMPARE)
    told(h.write(0, 64, 3), 0)
    for block, blocks in ((last + 1, 1), (last, 2), (1 << 63, 1), ((1 << 64) - 1, 1), ((1 << 64) - 1, 2), (1 << 32, 8)):
        told(h.read(block, blocks), RANGE)
        told(h.write(block, blocks), RANGE)
        told(h.rw(5, block, blocks, data=bytes(512 * blocks)), RANGE, 0x0C)
        told(h.rw(8, block, blocks), RANGE)
        got = h.io[0].ask(9, 1, struct.pack("<II", 0, 4), struct.pack("<IIQ", 0, blocks, block))
        told(got, RANGE, 0, 6)   # SPDK says 0:06h
    for nsid in (0, 2, 99, 0xFFFFFFFF):
        for opcode in (1, 2, 5, 8, 9, 0):
            got = h.rw(opcode, 0, 1, nsid, data=bytes(512) if opcode in (1, 5) else b"")
            check(got.status in ((NAMESPACE, FIELD) if opcode or nsid != 0xFFFFFFFF else (0, NAMESPACE, FIELD)), "command", opcode, "of namespace", nsid, got)
    told(h.rw(0, 0), 0)
    for size, opcode in ((256, 1), (1024, 1), (0, 1), (511, 1)):   # lengths that do not fit the blocks
        told(h.rw(opcode, 0, 1, data=bytes(size)), 0x0F, FIELD, 0) if size < 512 else None
    got = h.io[0].ask(2, 1, struct.pack("<QI", 0, 7), expect=512)
    told(got, 0x0F, FIELD)
    check(h.read(0, 64).data == pattern(0, 64, 3), "what was refused was written")
    told(h.rw(8, 8, 8), 0)
    check(h.read(8, 8).data == bytes(4096) and h.read(0, 8).data == pattern(0, 8, 3) and h.read(16, 8).data == pattern(16, 8, 3), "zeroes in the wrong place")
    told(h.rw(8, 0, 65536 if last > 70000 else last + 1), 0)
    check(h.read(last - 3, 4).data == bytes(2048) or last > 70000, "zeroes that are not")
    told(h.write(0, 128, 4), 0)
    most = h.identify(6).data[3]   # DMRL: of ranges behind these nothing is done
    for ranges in ([(0, 8)], [(8, 1), (10, 1), (12, 1)], [(16, 0)], [(64 + i, 1) for i in range(0, 60, 2)]):
        data = b"".join(struct.pack("<IIQ", 0, n, b) for b, n in ranges)
        got = h.io[0].ask(9, 1, struct.pack("<II", len(ranges) - 1, 4), data)
        told(got, 0)
        for i, (b, n) in enumerate(ranges):
            check(h.read(b, n or 1).data == (bytes(512 * n) if n and (not most or i < most) else pattern(b, n or 1, 4)), "after a range of", b, n)
    check(h.read(9, 1).data == pattern(9, 1, 4) and h.read(65, 1).data == pattern(65, 1, 4), "what was between was unmapped too")
    for count, data, statuses in ((255, b"", (FIELD, 0x0F)), (1, struct.pack("<IIQ", 0, 8, 0), (FIELD, 0x0F)), (0, b"", (FIELD, 0x0F, 0))):
        got = h.io[0].ask(9, 1, struct.pack("<II", count, 4), data)
        check(got.status in statuses, "ranges", count, got)
    told(h.io[0].ask(9, 1, struct.pack("<II", 0, 1), struct.pack("<IIQ", 0, 8, 0)), 0)   # a hint, no unmap
    told(h.write(0, 128, 5), 0)
    can = h.identify(1).word(520, 2)
    copy = struct.pack("<8xQH14x", 0, 15)
    got = h.io[0].ask(0x19, 1, struct.pack("<QI", 64, 0), copy)
    told(got, *((0,) if can >> 8 & 1 else (OPCODE,)))
    if can >> 8 & 1:
        check(h.read(64, 16).data == pattern(0, 16, 5) and h.read(80, 8).data == pattern(80, 8, 5), "a copy is other")
        for target, source, blocks in ((last, 0, 2), (0, last, 2), (last + 1, 0, 1), (1 << 63, 0, 1)):
            told(h.io[0].ask(0x19, 1, struct.pack("<QI", target, 0), struct.pack("<8xQH14x", source, blocks - 1)), RANGE, 6)
        told(h.io[0].ask(0x19, 1, struct.pack("<QI", 64, 1), copy * 2), 0x02, 0x183, 0)
        told(h.io[0].ask(0x19, 1, struct.pack("<QI", 64, 1 << 8), copy), FIELD)
    told(h.rw(0x0C, 0, 8), *((0,) if can >> 7 & 1 else (OPCODE,)))   # verify
    told(h.rw(4, 0, 8), *((0,) if can >> 1 & 1 else (OPCODE,)))      # write uncorrectable


def fused():
    """Base 3.4.2: a pair is done or not done; a half, and a pair in the wrong order, are aborted for it."""
    h = Host(PORT)
    q = h.io[0]
    def half(opcode, fuse, block=0, seed=0, blocks=1):
        return q.send(opcode, 1, struct.pack("<QI", block, blocks - 1), pattern(block, blocks, seed), flags=0x40 | fuse)
    told(h.write(0, 8, 1), 0)
    if not h.identify(1).word(522, 2) & 1:
        return print("no fused commands")
    for turn in range(1, 9):
        a, b = half(5, 1, 0, turn), half(1, 2, 0, turn + 1)
        told(q.wait(a), 0)
        told(q.wait(b), 0)
        check(h.read(0).data == pattern(0, 1, turn + 1), "what was compared and written is not there")
    a, b = half(5, 1, 0, 99), half(1, 2, 0, 100)
    told(q.wait(a), COMPARE)
    told(q.wait(b), 0x09, ABORTED, 0x0A)
    check(h.read(0).data == pattern(0, 1, 9), "written in spite of what differs")
    a, b = half(5, 1, 0, 9), half(1, 2, 1, 9)   # other blocks
    told(q.wait(a), FIELD, 0x09, 0x0A, 0)
    told(q.wait(b), FIELD, 0x09, 0x0A)
    a, b = half(5, 1, 0, 9), half(1, 2, 0, 9, 2)   # another length
    told(q.wait(a), FIELD, 0x09, 0x0A, 0)
    told(q.wait(b), FIELD, 0x09, 0x0A)
    told(q.wait(half(1, 2)), 0x0A)   # the second one alone
    a = half(5, 1, 0, 9)
    b = q.send(2, 1, struct.pack("<QI", 0, 0), expect=512)   # the first one alone
    told(q.wait(b), 0)
    told(q.wait(a), 0x0A)
    a, b = half(1, 1), half(5, 2)
    told(q.wait(a), OPCODE, FIELD, 0x0A, 0x09)
    told(q.wait(b), OPCODE, FIELD, 0x0A, 0x09)
    a, b = half(5, 1), half(5, 2)
    told(q.wait(a), 0x0A, 0x09, FIELD, OPCODE, 0)
    told(q.wait(b), 0x0A, 0x09, FIELD, OPCODE)
    a, b = half(5, 1, 0, 9), half(1, 2, 0, 11)
    told(q.wait(a), 0)
    told(q.wait(b), 0)
    check(h.read(0).data == pattern(0, 1, 11), "a good pair after all that")
    half(5, 1, 0, 11)
    h.leave()
    check(Host(PORT, name="z").read(0).status == 0, "not usable")


def fused_wrongly():
    """Base 3.3.3.1: the fourth value of FUSE is reserved; a command with it is refused."""
    h = Host(PORT)
    told(h.rw(5, 0, 1, data=bytes(512), flags=0x43), FIELD, 0x0A, OPCODE)
    check(h.read(0).status == 0, "not usable")


def reservations():
    """Base 8.19: every type, two hosts and a stranger; who may read and write, who is told of what, generations, keys."""
    a, b = Host(PORT, name="a"), Host(PORT, name="b")
    def register(h, action, key=0, new=0, ignore=0):
        return h.io[0].ask(0xD, 1, struct.pack("<I", action | ignore << 3), struct.pack("<QQ", key, new))
    def acquire(h, action, kind, key, other=0, ignore=0):
        return h.io[0].ask(0x11, 1, struct.pack("<I", action | ignore << 3 | kind << 8), struct.pack("<QQ", key, other))
    def release(h, action, kind, key):
        return h.io[0].ask(0x15, 1, struct.pack("<I", action | kind << 8), struct.pack("<Q", key))
    def report(size=4096):
        got = b.io[0].ask(0xE, 1, struct.pack("<II", size // 4 - 1, 1), expect=size)
        told(got, 0)
        hosts = []
        for i in range(got.word(5, 2)):
            entry = got.data[64 + 64 * i:128 + 64 * i]
            hosts.append((entry[2] & 1, struct.unpack("<Q", entry[8:16])[0], entry[16:32]))
        return got.word(0), got.data[4], hosts
    check(report()[1:] == (0, []), "something is reserved:", report())
    told(a.io[0].ask(0xE, 1, struct.pack("<II", 1023, 0), expect=4096), 0x18)
    told(acquire(a, 0, 1, 7), CONFLICT)
    told(register(a, 0, 0, 0), 0, FIELD, CONFLICT)
    if len(report()[2]):
        told(register(a, 1, 0), 0)
    for kind in range(1, 7):
        generation = report()[0]
        told(register(a, 0, 0, 0xA), 0)
        told(register(a, 0, 0, 0xAB), CONFLICT)
        told(register(b, 0, 0, 0xB), 0)
        check(sorted(k for _, k, _ in report()[2]) == [0xA, 0xB] and report()[0] == generation + 2, "registered are", report())
        check({(k, i) for _, k, i in report()[2]} == {(0xA, a.ident), (0xB, b.ident)}, "hosts are", report())
        told(register(a, 2, 0xF, 0xC), CONFLICT)
        told(register(a, 2, 0xA, 0xC), 0)
        told(register(a, 2, 0, 0xA, 1), 0)
        told(acquire(a, 0, kind, 0xF), CONFLICT)
        told(register(a, 2, 0xA, 0xC), 0)
        told(acquire(a, 0, kind, 0xC), 0)
        told(register(a, 2, 0xC, 0xA), 0)   # its key changes while it holds, and is the one to be preempted
        check([k for held, k, _ in report()[2] if held] in ([0xA], [0xA, 0xB], [0xB, 0xA]), "held by", report())
        check(report()[1] == kind, "type", report())
        told(acquire(a, 0, kind, 0xA), 0)
        told(acquire(b, 0, kind, 0xB), *((CONFLICT,) if kind < 5 else (0,)))
        told(acquire(a, 0, kind % 6 + 1, 0xA), CONFLICT)
        told(release(b, 0, kind, 0xB), 0) if kind < 5 else None   # has no effect
        check(report()[1] == kind, "released by who does not hold it, type", kind)
        told(release(a, 0, kind % 6 + 1, 0xA), FIELD)
        told(release(a, 0, kind, 0xF), CONFLICT)
        c = Host(PORT, name="c")
        told(a.write(0, 8, kind), 0)
        told(b.write(0, 8, 90), *((0,) if kind >= 3 else (CONFLICT,)))
        told(b.read(0, 8), *((CONFLICT,) if kind == 2 else (0,)))
        told(c.write(0, 8, 91), CONFLICT)
        told(c.rw(8, 0, 8), CONFLICT)
        told(c.io[0].ask(9, 1, struct.pack("<II", 0, 4), struct.pack("<IIQ", 0, 8, 0)), CONFLICT)
        told(c.rw(0, 0), CONFLICT)
        told(c.read(0, 8), *((CONFLICT,) if kind in (2, 4, 6) else (0,)))
        told(c.rw(5, 0, 8, data=bytes(4096)), *((CONFLICT,) if kind in (2, 4, 6) else (COMPARE,)))
        told(acquire(c, 1, kind, 0xC, 0xA), CONFLICT)
        told(release(c, 1, 0, 0xA), CONFLICT)
        told(register(c, 1, 0xA), CONFLICT)
        c.leave()
        check(a.read(0, 8).data == pattern(0, 8, 90 if kind >= 3 else kind), "other data, type", kind)
        for number in range(8):   # what was there before
            a.log(0x80, 64)
        told(acquire(b, 1, kind, 0xB, 0xA if kind < 5 else 0), 0)
        generation, now, hosts = report()
        check(now == kind and [k for _, k, _ in hosts] == [0xB] and hosts[0][0], "after a preemption", report())
        told(a.write(0, 8, 92), CONFLICT)
        told(release(a, 0, kind, 0xA), CONFLICT)
        until = time.time() + 5
        while True:   # a is told that it was preempted
            got = a.log(0x80, 64)
            told(got, 0)
            if got.data[8] or time.time() > until:
                break
        check(got.data[8] in (1, 2, 3) and got.word(12) == 1, "the preempted one was told", got.data[:16].hex())
        if kind % 2:
            told(release(b, 0, kind, 0xB), 0)
            check(report()[1] == 0 and len(report()[2]) == 1, "after a release", report())
            told(register(b, 1, 0xB), 0)
        else:
            told(register(a, 0, 0, 0xA), 0)
            told(release(b, 1, 0, 0xB), 0)   # cleared
        check(report()[1:] == (0, []), "after the end", report())
        told(a.write(0, 8, 5), 0)
    for action, kind, key in ((0, 0, 1), (0, 7, 1), (0, 0xFF, 1), (3, 1, 1), (7, 1, 1)):
        got = acquire(a, action, kind, key)
        check(got.status != 0, "acquire", action, kind, got)
    for h, opcode, size in ((a, 0xD, 8), (a, 0x11, 8), (a, 0x15, 4), (a, 0xD, 0), (a, 0x11, 0)):
        got = h.io[0].ask(opcode, 1, bytes(4), bytes(size))
        check(got.status != 0, "of", size, "bytes", hex(opcode), got)
    told(a.io[0].ask(0xE, 1, struct.pack("<II", 0, 1), expect=4), 0, FIELD, 6)
    for opcode in (0xD, 0x11, 0x15, 0xE):
        told(a.io[0].ask(opcode, 9, struct.pack("<II", 1, 1), bytes(16) if opcode != 0xE else b"", expect=0 if opcode != 0xE else 4096), NAMESPACE, FIELD)
    told(register(a, 0, 0, 0xA), 0)   # the holder goes, and comes back
    told(acquire(a, 0, 1, 0xA), 0)
    a.leave()
    told(b.write(0, 8), CONFLICT)
    a = Host(PORT, name="a")
    told(a.write(0, 8, 6), 0)
    told(release(a, 1, 0, 0xA), 0)
    told(b.write(0, 8), 0)


def filled():
    """Blocks 0 to 1023 are written, 8 at a time; arguments: a seed twice. With two different ones only blocks 512 to
    519 are written, and one of their bytes must be other than written."""
    seed, found = int(sys.argv[3]), int(sys.argv[4])
    h = Host(PORT)
    if seed == found:
        for block in range(0, 1024, 8):
            told(h.write(block, 8, seed), 0)
    else:
        told(h.write(512, 8, seed), 0)
    for block in range(0, 1024, 8):
        got = h.read(block, 8)
        told(got, 0)
        wrong = sum(x != y for x, y in zip(got.data, pattern(block, 8, seed if block == 512 else 3)))
        check(wrong == (1 if seed != found and block == 512 else 0), wrong, "bytes are other than written in blocks from", block)


def aborts():
    """Base 5.1: commands that wait are aborted; each is answered once, the abort says what became of it, and the queue stays usable.
    Argument: the namespace, on a slow device; how many blocks a command has."""
    nsid, blocks = int(sys.argv[3]), int(sys.argv[4])
    h = Host(PORT)
    q = h.io[0]
    for opcode in (2, 1, 8, 9):
        def start(i):
            at = i * blocks
            if opcode == 9:
                return q.send(9, nsid, struct.pack("<II", 0, 4), struct.pack("<IIQ", 0, blocks, at))
            return q.send(opcode, nsid, struct.pack("<QI", at, blocks - 1), pattern(at, blocks) if opcode == 1 else b"", blocks * 512 if opcode == 2 else 0, capsule=blocks <= 8)
        many = [start(i) for i in range(12)]
        time.sleep(0.15)
        begin, done = time.time(), {}
        asked = [(one, h.admin.send(8, 0, struct.pack("<HH", 1, one))) for one in many[2:10:2]]
        for one, abort in asked:
            done[one] = h.admin.wait(abort)
            told(done[one], 0)
        for one in many:
            got = q.wait(one)
            if one in done and not done[one].result & 1:
                check(got.status == ABORTED, "command", opcode, "is told as aborted, and came to", got)
            elif one not in done:
                check(got.status == 0, "command", opcode, "that nobody aborted came to", got)
            else:
                check(got.status in (0, ABORTED), "command", opcode, "came to", got)
        print(opcode, sum(not d.result & 1 for d in done.values()), "of", len(done), "aborted", flush=True)
        if sys.argv[5:] == ["must"] and opcode in (1, 2):
            check(any(not d.result & 1 for d in done.values()), "none of the commands was aborted:", opcode)
    told(h.write(0, 8, 3, nsid=nsid), 0)
    check(h.read(0, 8, nsid=nsid).data == pattern(0, 8, 3), "other data")
    many = [q.send(2, nsid, struct.pack("<QI", 0, blocks - 1), expect=blocks * 512) for _ in range(8)]
    for one in many:
        h.admin.send(8, 0, struct.pack("<HH", 1, one))
    h.leave()   # while aborts are under way
    check(Host(PORT, name="z").read(0, nsid=nsid).status == 0, "not usable")


globals()[sys.argv[2]]()
print("done")
