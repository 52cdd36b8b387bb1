"""What SCSI commands answer (SPC-4, SBC-3): data, status and sense. Arguments: port, part. Units: 0 can unmap, 1 cannot."""

import struct
import sys

from initiator import Connection, check, pattern, rw, same, write

PORT = int(sys.argv[1])
GOOD, CHECK, CONFLICT = 0, 2, 0x18
FIELD, OPCODE, RANGE, UNIT, LENGTH, MISMATCH = (5, 0x24, 0), (5, 0x20, 0), (5, 0x21, 0), (5, 0x25, 0), (5, 0x1A, 0), (14, 0x1D, 0)


def connect(name="i"):
    c = Connection(PORT)
    c.enter(name=name)
    return c


def told(c, cdb, status=GOOD, sense=None, expected=0, data=None, lun=0):
    got = c.command(cdb, expected, data, lun)
    check(got.status == status, bytes(cdb).hex(), "on", lun, "gave", got)
    check(sense is None or got.sense == sense, bytes(cdb).hex(), "on", lun, "gave", got, "and not", sense)
    return got


def addresses():
    """Reads and writes of every form up to the last block and beyond it; a refused one changes nothing."""
    c = connect()
    for lun, blocks in ((0, 65536), (1, 65536)):
        for read, wr in ((0x28, 0x2A), (0xA8, 0xAA), (0x88, 0x8A), (0x08, 0x0A)):
            for block, many in ((0, 1), (7, 255), (blocks - 1, 1), (blocks - 128, 128)):
                told(c, rw(wr, block, many), data=pattern(block, many, wr), lun=lun)
                for form in (0x28, 0xA8, 0x88, 0x08):
                    same(c, block, many, wr, lun, form)
        same(c, 7, 64, 0x0A, lun)
        for block, many in ((blocks, 1), (blocks - 1, 2), (0xFFFFFFFF, 1), (blocks + 1, 0)):
            for code in (0x28, 0xA8, 0x88):
                told(c, rw(code, block, many), CHECK, RANGE, 512 * many, lun=lun)
            for code in (0x2A, 0xAA, 0x8A):
                told(c, rw(code, block, many), CHECK, RANGE, data=bytes(512 * many) if many else None, lun=lun)
        for block, many in ((1 << 63, 1), (0xFFFFFFFFFFFFFFFF, 1), (0xFFFFFFFFFFFFFFFF, 2), (1 << 32, 8)):
            told(c, rw(0x88, block, many), CHECK, RANGE, 512 * many, lun=lun)
            told(c, rw(0x8A, block, many), CHECK, RANGE, data=bytes(512 * many), lun=lun)
        told(c, rw(0x08, 16, 0), expected=256 * 512, lun=lun)   # 0 blocks are 256 in this form
        for code in (0x28, 0xA8, 0x88, 0x2A, 0xAA, 0x8A):
            told(c, rw(code, 3, 0), lun=lun)
        told(c, rw(0x88, 0, 8193), CHECK, FIELD, 8193 * 512, lun=lun)   # more than the block limits say
        told(c, rw(0x2A, 0, 8), CHECK, expected=4096, lun=lun)           # a write that expects data
        told(c, rw(0x28, 0, 8), CHECK, data=bytes(4096), lun=lun)        # a read that brings some
        same(c, 7, 64, 0x0A, lun)
    write(c, 0, 4096, 5)
    same(c, 0, 4096, 5, code=0x88)


def unit_told():
    """Inquiry pages, mode pages, sizes and lists, of every allocation length; the answer is cut, never longer."""
    c = connect()
    for lun in (0, 1):
        pages = told(c, b"\x12\1\0\0\xff\0", expected=255, lun=lun).data
        check(pages[3] == len(pages) - 4 and list(pages[4:]) == sorted(pages[4:]), "pages:", pages.hex())
        for page in pages[4:]:
            whole = told(c, bytes([0x12, 1, page, 2, 0, 0]), expected=512, lun=lun).data
            check(whole[1] == page and struct.unpack(">H", whole[2:4])[0] == len(whole) - 4, "page", page, whole.hex())
            for size in (0, 1, 3, 4, 5, 36, 60):
                got = told(c, bytes([0x12, 1, page, 0, size, 0]), expected=size, lun=lun)
                check(got.data == whole[:size], "page", page, "cut at", size, "is", got.data.hex())
        limits = told(c, b"\x12\1\xb0\0\xff\0", expected=255, lun=lun).data
        unmaps = struct.unpack(">II", limits[20:28])
        check((unmaps[0] > 0) == (lun == 0) and (unmaps[1] > 0) == (lun == 0), "what may be unmapped of", lun, unmaps)
        long = told(c, b"\x9e\x10".ljust(10, b"\0") + struct.pack(">I", 32) + b"\0\0", expected=32, lun=lun).data
        check(struct.unpack(">QI", long[:12]) == (65535, 512) and bool(long[14] & 0x80) == (lun == 0), "capacity", long.hex())
        told(c, b"\x12\0\x80\0\xff\0", CHECK, FIELD, 255, lun=lun)   # a page without EVPD
        told(c, b"\x12\1\x77\0\xff\0", CHECK, expected=255, lun=lun)   # a page that is not there
        for size in (0, 1, 5, 36, 96):
            check(len(told(c, bytes([0x12, 0, 0, 0, size, 0]), expected=size, lun=lun).data) == size, "inquiry of", size)
        sense = told(c, b"\x1a\0\x3f\0\xff\0", expected=255, lun=lun).data
        check(sense[0] == len(sense) - 1, "mode pages", sense.hex())
        sense = told(c, b"\x5a\0\x3f\0\0\0\0\2\0\0", expected=512, lun=lun).data
        check(struct.unpack(">H", sense[:2])[0] == len(sense) - 2, "mode pages", sense.hex())
        for page in range(0x3F):
            for control in (0, 0x40, 0x80, 0xC0):
                got = c.command(bytes([0x1A, 8, control | page, 0, 255, 0]), 255, lun=lun)
                check(got.status == GOOD and (len(got.data) == 4 or got.data[4] & 0x3F == page) or got.status == CHECK, "mode page", page, got, got.data.hex())
        told(c, bytes.fromhex("150000000000"), lun=lun)
        for size in (4, 8, 24):
            got = c.command(bytes([0x15, 0x10, 0, 0, size, 0]), data=bytes(size), lun=lun)
            check(got.status in (GOOD, CHECK), got)
    luns = told(c, bytes.fromhex("a00000000000000010000000"), expected=4096).data
    check(luns[:4] == b"\0\0\0\x10" and luns[8:24] == bytes(9) + b"\1" + bytes(6), "units", luns.hex())
    told(c, bytes.fromhex("a00000000000000000080000"), CHECK, expected=8)
    told(c, bytes.fromhex("a000ff0000000000100000000000"), CHECK, expected=4096)
    for cdb, sense in ((b"\x03\0\0\0\x12\0", None), (b"\x4d".ljust(10, b"\0"), OPCODE), (b"\x4c".ljust(10, b"\0"), OPCODE)):
        told(c, cdb, CHECK if sense else GOOD, sense, 18 if cdb[0] == 3 else 0)
    for code in (0x04, 0x1E, 0x2F, 0x37, 0x3B, 0x3C, 0x48, 0x4D, 0x83, 0x84, 0x8F, 0x92, 0xA3, 0xAF, 0xB7, 0xC0, 0xFF):
        told(c, bytes([code]).ljust(16, b"\0"), CHECK, OPCODE)
    told(c, bytes(6), CHECK, UNIT, lun=5)   # a unit that is not there, but may be asked what it is
    check(told(c, b"\x12\0\0\0\x24\0", expected=36, lun=5).data[0] == 0x7F, "a unit that is not there says it is")
    told(c, b"\x9e\x11".ljust(16, b"\0"), CHECK)
    told(c, bytes([0x9E, 0x12]).ljust(16, b"\0"), CHECK)


def unmap_and_same():
    """Blocks given back and blocks written again and again: good, odd and absurd lists; only what was named changes."""
    def unmap(parts, size=None, cut=None, more=b""):
        body = b"".join(struct.pack(">QI4x", *p) for p in parts)
        body = struct.pack(">HH4x", len(body) + 6 if size is None else size + 6, len(body) if size is None else size) + body + more
        body = body if cut is None else body[:cut]
        return struct.pack(">BBIBHB", 0x42, 0, 0, 0, len(body), 0), body
    c = connect()
    write(c, 0, 512, 2)
    def asked(status, *args, **more):
        cdb, body = unmap(*args, **more)
        got = c.command(cdb, data=body)
        check(got.status in status, "unmap", str(args)[:60], str(more)[:30], got)
    asked([GOOD], [(8, 8)])
    check(c.command(rw(0x28, 8, 8), 4096).data == bytes(4096), "what was unmapped is still there")
    same(c, 0, 8, 2)
    same(c, 16, 256, 2)
    asked([GOOD], [(64 + 2 * i, 1) for i in range(32)])
    for i in range(64):
        data = c.command(rw(0x28, 64 + i, 1), 512).data
        check(data == (pattern(64 + i, 1, 2) if i % 2 else bytes(512)), "block", 64 + i, "after 32 ranges")
    write(c, 0, 512, 2)
    asked([GOOD], [])
    asked([GOOD, CHECK], [(8, 0)])
    for parts in ([(65536, 1)], [(65535, 2)], [(0, 0xFFFFFFFF)], [(1 << 63, 1)], [(0xFFFFFFFFFFFFFFFF, 1)], [(128, 8), (65536, 1)]):
        asked([CHECK], parts)
    write(c, 0, 512, 2)
    asked([CHECK], [(8, 8)], size=32)
    asked([CHECK], [(8, 8)], cut=4)
    asked([GOOD, CHECK], [(8, 8)], size=15)
    asked([CHECK], [(8, 8)] * 257)
    same(c, 256, 256, 2)
    cdb, body = unmap([(8, 8)])
    got = c.command(cdb, data=body, lun=1)   # a device that cannot
    check(got.status == CHECK, got)
    for code, size in ((0x41, 10), (0x93, 16)):
        def again(block, many, flags=0):
            return struct.pack(">BBIBHB", code, flags, block, 0, many, 0) if code == 0x41 else struct.pack(">BBQIBB", code, flags, block, many, 0, 0)
        for lun in (0, 1):
            for block, many in ((0, 1), (100, 64), (65535, 1), (3, 255)):
                told(c, again(block, many), data=pattern(9, 1, code), lun=lun)
                data = c.command(rw(0x28, block, many), 512 * many, lun=lun).data
                check(data == pattern(9, 1, code) * many, "the same at", block, many, "is other")
            write(c, 0, 512, 4, lun)
            for block, many in ((65536, 1), (65535, 2), (0xFFFFFFFF, 8)):
                told(c, again(block, many), CHECK, RANGE, data=bytes(512), lun=lun)
            same(c, 0, 512, 4, lun)
        got = c.command(again(16, 8, 8), data=bytes(512))   # to be unmapped
        check(got.status in (GOOD, CHECK) and (got.status or c.command(rw(0x28, 16, 8), 4096).data == bytes(4096)), "same with UNMAP", got)
    for code in (0x35, 0x91):   # caches
        for block, many, status in ((0, 0, GOOD), (8, 8, GOOD), (65535, 1, GOOD), (65536, 1, CHECK), (0, 0, GOOD)):
            for lun in (0, 1):
                cdb = struct.pack(">BBIBHB", code, 0, block, 0, many, 0) if code == 0x35 else struct.pack(">BBQIBB", code, 0, block, many, 0, 0)
                got = c.command(cdb, lun=lun)
                check(got.status == status, cdb.hex(), lun, got)


def unmap_list_with_a_rest():
    """A list of as many descriptors as may be, and a part of one more."""
    c = connect()
    size = 4096 + 12
    got = c.command(struct.pack(">BBIBHB", 0x42, 0, 0, 0, size + 8, 0), data=struct.pack(">HH4x", size + 6, size) + bytes(size))
    check(got.status in (GOOD, CHECK), got)
    check(c.command(bytes(6)).status == GOOD, "not ready")


def compare_and_write():
    """One block is compared and written in one go; what differs is not written."""
    c, other = connect(), connect("j")
    def caw(block, old, new, many=1, lun=0, who=c):
        return who.command(struct.pack(">BBQ3xBBB", 0x89, 0, block, many, 0, 0), data=old + new, lun=lun)
    for lun in (0, 1):
        write(c, 0, 64, 1, lun)
        for block in (0, 5, 65535):
            write(c, block, 1, 1, lun)
            got = caw(block, pattern(block, 1, 1), pattern(block, 1, 2), lun=lun)
            check(got.status == GOOD, "what is the same", got)
            same(c, block, 1, 2, lun)
            got = caw(block, pattern(block, 1, 1), pattern(block, 1, 3), lun=lun)
            check(got.status == CHECK and got.sense == MISMATCH, "what differs", got)
            same(other, block, 1, 2, lun)
        for block, many in ((65536, 1), (0, 2), (1 << 63, 1)):
            got = caw(block, bytes(512 * many), bytes(512 * many), many, lun)
            check(got.status == CHECK, "at", block, many, got)
        check(caw(0, bytes(512), b"", lun=lun).status == CHECK, "half of it was taken")
        same(c, 1, 4, 1, lun)
    write(c, 0, 1, 0)
    for turn in range(64):   # two take turns: exactly one succeeds each time
        both = [caw(0, pattern(0, 1, turn), pattern(0, 1, turn + 1), who=who).status for who in (c, other)]
        check(both == [GOOD, CHECK], "in turn", turn, both)
    same(other, 0, 1, 64)


class Nexus:
    """PERSISTENT RESERVE OUT and IN of one initiator."""

    def __init__(self, name):
        self.c = connect(name)

    def out(self, action, kind=0, key=0, new=0, flags=0, size=24):
        return self.c.command(struct.pack(">BBB2xIB", 0x5F, action, kind, size, 0), data=struct.pack(">QQ4xB3x", key, new, flags)[:size])


def all_release():
    """SPC-4, 5.9.11: where all registrants hold, each may release with its own key."""
    a, b = Nexus("a"), Nexus("b")
    for kind in (7, 8):
        for one, key in ((a, 0xA), (b, 0xB)):
            for other, mine in ((a, 0xA), (b, 0xB)):
                check(other.out(6, new=mine).status == GOOD, "register")
            check(a.out(1, kind, 0xA).status == GOOD, "reserve")
            got = one.out(2, kind, key)
            a.out(3, key=0xA)
            check(got.status == GOOD, "a release by one of all, type", kind, "key", key, got)


def release_of_another():
    """SPC-2, 5.5: a release by who does not hold has no effect."""
    a, b = connect("a"), connect("b")
    told(a, b"\x56".ljust(10, b"\0"))
    b.command(b"\x57".ljust(10, b"\0"))
    got = b.command(rw(0x28, 0, 8), 4096)
    check(got.status == CONFLICT, "a read after another's release", got)


def reservations():
    """SPC-4, 5.9: every type, who may read and write; register, reserve, release, clear, preempt by two initiators."""
    a, b = connect("a"), connect("b")
    def out(c, action, kind=0, key=0, new=0, flags=0, size=24):
        return c.command(struct.pack(">BBB2xIB", 0x5F, action, kind, size, 0), data=struct.pack(">QQ4xB3x", key, new, flags)[:size])
    def keys():
        data = told(a, struct.pack(">BB5xHB", 0x5E, 0, 4096, 0), expected=4096).data
        return struct.unpack(">I", data[:4])[0], [struct.unpack(">Q", data[i:i + 8])[0] for i in range(8, 8 + struct.unpack(">I", data[4:8])[0], 8)]
    def held():
        data = told(b, struct.pack(">BB5xHB", 0x5E, 1, 4096, 0), expected=4096).data
        return (struct.unpack(">Q", data[8:16])[0], data[21] & 15) if struct.unpack(">I", data[4:8])[0] else None
    def good(got, *what):
        check(got.status == GOOD, *what, got)
    def conflict(got, *what):
        check(got.status == CONFLICT, *what, got)
    check(keys()[1] == [] and held() is None, "something is held from the start")
    conflict(out(a, 1, 1, 1), "reserved by nobody")
    conflict(out(a, 0, key=9, new=1), "registered with a wrong key")
    for kind in (1, 3, 5, 6, 7, 8):
        count = keys()[0]
        good(out(a, 0, new=0xA), "register")
        good(out(b, 6, key=0x77, new=0xB), "register and ignore")
        check(keys() == (count + 2, [0xA, 0xB]), "registered are", keys())
        good(out(a, 1, kind, 0xA), "reserve", kind)
        check(held() == (0 if kind in (7, 8) else 0xA, kind), "held is", held(), "type", kind)
        good(out(a, 1, kind, 0xA), "reserve again", kind)
        conflict(out(b, 1, kind, 0xB), "reserved twice") if kind < 7 else good(out(b, 1, kind, 0xB), "reserved by one of all", kind)
        conflict(out(a, 1, 1 if kind != 1 else 3, 0xA), "reserved with another type")
        out(b, 2, kind, 0xA)   # by who does not hold it, with another's key
        write(a, 0, 8, kind)
        same(a, 0, 8, kind)
        registered = kind >= 5
        got = b.command(rw(0x2A, 0, 8), data=pattern(0, 8, 99))
        check(got.status == (GOOD if registered else CONFLICT), "a write by the other registrant, type", kind, got)
        got = b.command(rw(0x28, 0, 8), 4096)
        check(got.status == (CONFLICT if kind == 3 else GOOD), "a read by the other registrant, type", kind, got)
        third = connect("c")   # who is not registered
        got = third.command(rw(0x2A, 0, 8), data=pattern(0, 8, 98))
        conflict(got, "a write by a stranger, type", kind)
        got = third.command(rw(0x28, 0, 8), 4096)
        check(got.status == (CONFLICT if kind in (3, 6, 8) else GOOD), "a read by a stranger, type", kind, got)
        for cdb in (bytes(6), b"\x12\0\0\0\x24\0"):
            check(third.command(cdb, cdb[4]).status == GOOD, cdb.hex(), "by a stranger, type", kind)
        conflict(out(third, 4, kind, 0xC, 0xA), "preempted by a stranger")
        conflict(out(third, 3, key=0xC), "cleared by a stranger")
        third.socket.close()
        same(a, 0, 8, 99 if registered else kind)
        check(out(a, 2, 1 if kind != 1 else 3, 0xA).status == CHECK, "released with another type")
        good(out(b, 4, kind, 0xB, 0xA if kind < 7 else 0), "preempt", kind)
        check(keys()[1] == [0xB] and held() == (0 if kind in (7, 8) else 0xB, kind), "after a preemption", keys(), held())
        got = a.command(rw(0x2A, 0, 8), data=pattern(0, 8, 97))
        if got.status == CHECK:   # it is told so once
            got = a.command(rw(0x2A, 0, 8), data=pattern(0, 8, 97))
        conflict(got, "a write by the preempted one")
        conflict(out(a, 2, kind, 0xA), "released by the preempted one")
        if kind < 7:   # of all registrants: see all_release()
            good(out(b, 2, kind, 0xB), "release", kind)
            check(held() is None and keys()[1] == [0xB], "after a release", keys(), held())
            good(out(b, 1, kind, 0xB), "reserve once more")
        good(out(b, 3, key=0xB), "clear") if kind % 2 else good(out(b, 0, key=0xB, new=0), "unregister")
        check(held() is None and keys()[1] == [], "after the end", keys(), held())
        write(a, 0, 8, 5) if a.command(bytes(6)).status in (0, 2) else None
    for action, kind, size in ((9, 1, 24), (0, 0, 16), (7, 0, 24), (1, 9, 24), (4, 0, 24), (5, 1, 24), (1, 2, 24)):
        got = out(a, action, kind, 0xA, 0xB, size=size)
        check(got.status in (CHECK, CONFLICT), "action", action, kind, size, got)
    for action in (0, 1, 2, 3, 4, 31):
        for size in (0, 1, 7, 8, 16, 24, 255, 4096):
            got = a.command(struct.pack(">BB5xHB", 0x5E, action, size, 0), size)
            check(got.status in (GOOD, CHECK), "asked", action, size, got)
    for cdb, end in ((b"\x16", b"\x17"), (b"\x56", b"\x57")):   # SPC-2
        told(a, cdb.ljust(10, b"\0"))
        told(a, cdb.ljust(10, b"\0"))
        told(b, cdb.ljust(10, b"\0"), CONFLICT)
        conflict(b.command(rw(0x28, 0, 8), 4096), "a read")
        conflict(b.command(rw(0x2A, 0, 8), data=bytes(4096)), "a write")
        check(b.command(b"\x12\0\0\0\x24\0", 36).status == GOOD, "inquiry")
        told(a, end.ljust(10, b"\0"))
        check(b.command(rw(0x28, 0, 8), 4096).status == GOOD, "a read after the release")


globals()[sys.argv[2]]()
print("done")
