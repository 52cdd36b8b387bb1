"""What a target of NVMe-oF answers, status by status, as the standards have it. Arguments: port, part, more of the part's own."""

import struct
import sys
import time

from nvme_host import Closed, Host, Queue, check

PORT = int(sys.argv[1])
FIELD, OPCODE, NAMESPACE, RANGE, CONFLICT, COMPARE, ABORTED = 0x02, 0x01, 0x0B, 0x80, 0x83, 0x285, 0x07
INVALID_PAGE, FORMAT, SEQUENCE, NOT_CHANGEABLE, NOT_SAVEABLE, PER_NAMESPACE = 0x109, 0x0, 0x0C, 0x10E, 0x10D, 0x10F


def told(got, *statuses):
    return got.status in statuses or check(False, "line", sys._getframe(1).f_lineno, "was told", got)


def log_pages():
    """5.16: pages there are and are not, cut anywhere; what is at an offset is the same as in the whole."""
    h = Host(PORT)
    for page, size in ((1, 64), (2, 512), (3, 512), (5, 4096), (0xC, 64), (4, 4096), (0x80, 32), (0, 1024), (0x12, 1024)):
        whole = h.log(page, size)
        told(whole, 0, INVALID_PAGE)
        if whole.status or page in (4, 0x80):
            continue
        check(len(whole.data) == size, "page", page, whole)
        for offset in (4, 16, size - 4):
            part = h.log(page, 4, offset)
            told(part, 0)
            check(part.data == whole.data[offset:offset + 4] or page == 2, "page", page, "at", offset, part.data.hex(), whole.data[offset:offset + 4].hex())
        for offset in (1, 2, 3):
            told(h.log(page, 4, offset), FIELD)
    for page in (0x0F, 0x14, 0x55, 0x6F, 0x7F, 0xC0, 0xFF):
        told(h.log(page), INVALID_PAGE)
    for page in (1, 3):
        told(h.log(page, 512, nsid=5), FIELD)
    told(h.log(1, 512, nsid=0xFFFFFFFF), 0)
    told(h.log(2, 512, 4096), 0, FIELD)
    told(h.log(2, 512, 1 << 40), 0, FIELD)
    effects = h.log(5, 4096)
    for opcode in (6, 9, 10, 2, 0xC):
        check(effects.word(4 * opcode) & 1, "admin command", opcode, "is not in the list of what there is")
    for opcode in (0, 1, 2):
        check(effects.word(1024 + 4 * opcode) & 1, "command", opcode, "is not in the list of what there is")
    check(not effects.word(4 * 0xFF) and not effects.word(1024 + 4 * 0xFF), "there is what is not")
    for opcode in range(256):   # what is not there is refused, what is there is not unknown
        if opcode in (0, 1, 2, 4, 5, 0x7F, 0x0C) or opcode >= 0xC0:
            continue
        got = h.io[0].ask(opcode, 1, b"\0" * 24)
        check(bool(effects.word(1024 + 4 * opcode) & 1) or got.status != 0, "command", hex(opcode), "is not told of and succeeded")
        check(not effects.word(1024 + 4 * opcode) & 1 or got.status != OPCODE, "command", hex(opcode), "is told of and is unknown")
    d = Host(PORT, "nqn.2014-08.org.nvmexpress.discovery", enable=False)
    d.set(0x14, 0x460001)
    got = d.log(0x70, 4096)
    told(got, 0)
    check(got.word(8, 8) >= 1, "a discovery log without entries")
    told(d.log(1, 64), 0, INVALID_PAGE, FIELD)
    told(d.log(5, 4096), INVALID_PAGE, 0)
    told(d.log(0xC, 64), INVALID_PAGE)
    told(d.log(0x70, 4096, 1 << 30), 0, FIELD)
    check(d.log(0x70, 16, 0).word(0, 8) == got.word(0, 8), "the generation changed")
    told(d.identify(1), 0)
    told(d.identify(2), OPCODE, FIELD)
    told(d.admin.ask(0x19), OPCODE)


def features():
    """5.27: what is set is what is got; what cannot be is refused with the right word, and changes nothing."""
    h = Host(PORT)
    for number, value in ((1, 5), (4, 0x1234), (5, 7), (0xB, 0x100), (0xB, 0x1FF), (0xF, 10000), (2, 0), (6, 1), (6, 0)):
        got = h.set_feature(number, value)
        if number in (1, 6, 2):
            told(got, 0, FIELD, NOT_CHANGEABLE)
        else:
            told(got, 0, FIELD)
        if got.status == 0:
            back = h.feature(number)
            told(back, 0)
            check(back.result == value or number in (4, 5, 2), "feature", number, "is", hex(back.result), "and not", hex(value))
    told(h.set_feature(0xF, 1), 0)
    check(h.feature(0xF).result == 10000, "a keep-alive of 1 ms became", h.feature(0xF).result)
    told(h.set_feature(0xF, 10001), 0)
    check(h.feature(0xF).result % 10000 == 0 and h.feature(0xF).result > 10000, "a keep-alive of 10001 ms became", h.feature(0xF).result)
    told(h.set_feature(0xF, 0), 0x1A, 0)
    told(h.set_feature(7, 0x00010001), SEQUENCE)   # there is a queue already
    told(h.feature(7), 0)
    check(h.feature(7).result & 0xFFFF == h.feature(7).result >> 16, "numbers of queues differ", hex(h.feature(7).result))
    told(h.set_feature(7, 0xFFFF0000), FIELD, SEQUENCE)
    told(h.set_feature(7, 0x0000FFFF), FIELD, SEQUENCE)
    for number in (0, 0x20, 0x7F, 0xC5, 0xFF):
        told(h.feature(number), FIELD)
        told(h.set_feature(number, 1), FIELD, NOT_CHANGEABLE)
    for number in (0x81, 0x80):
        told(h.set_feature(number, 0, data=bytes(8)), FIELD, 0x0C, 0x102, 0)
    told(h.set_feature(0xB, 1, save=1), NOT_SAVEABLE, 0x10D, FIELD)
    told(h.feature(0xB, select=1), FIELD, 0)
    told(h.feature(0xB, select=3), FIELD, 0)
    for number in (5, 0x82, 0x83):
        told(h.feature(number, nsid=99), NAMESPACE, FIELD)
        told(h.set_feature(number, 0, nsid=99), NAMESPACE, FIELD)
    told(h.set_feature(0xB, 0, nsid=1), PER_NAMESPACE, 0x0F, 0, FIELD)
    told(h.set_feature(0x82, 0x2A, nsid=1), 0)
    got = h.feature(0x82, nsid=1)
    told(got, 0)
    check(got.result == 0x2A, "the mask of reservations is", hex(got.result))
    told(h.set_feature(0x82, 0, nsid=0xFFFFFFFF), 0)
    check(h.feature(0x82, nsid=1).result == 0, "the mask is", h.feature(0x82, nsid=1).result)
    told(h.set_feature(0x83, 1, nsid=1), FIELD, NOT_CHANGEABLE, 0x0E)
    told(h.feature(0x83, nsid=1), 0)
    got = h.feature(0x16, size=512)
    told(got, 0)
    told(h.set_feature(0x16, 0, data=b"\1" + bytes(511)), 0)
    check(h.feature(0x16, size=512).data[0] == 1, "behaviour")
    told(h.set_feature(0x16, 0, data=b"\2" + bytes(511)), FIELD)
    told(h.set_feature(4, 0x99 | 1 << 22), 0, FIELD)
    told(h.set_feature(4, 0x99 | 2 << 16 | 1 << 21), FIELD, 0)


def feature_of_controller():
    """5.27.1: a feature that no namespace has, set for one, is refused as such."""
    h = Host(PORT)
    told(h.set_feature(0xB, 0, nsid=1), PER_NAMESPACE)


def admin_statuses():
    """5: identify of every kind, aborts, commands that a fabric does not have, properties."""
    h = Host(PORT)
    for cns, nsid, statuses in ((0, 1, (0,)), (0, 2, (0,)), (0, 99, (NAMESPACE, 0)), (0, 0, (NAMESPACE, FIELD)), (0, 0xFFFFFFFF, (0, NAMESPACE)), (1, 0, (0,)), (2, 0, (0,)), (2, 1, (0,)),
                                (2, 0xFFFFFFFE, (NAMESPACE, FIELD)), (2, 0xFFFFFFFF, (NAMESPACE, FIELD)), (3, 1, (0,)), (3, 99, (NAMESPACE, FIELD)), (3, 0, (NAMESPACE, FIELD)), (5, 1, (0, FIELD)),
                                (6, 0, (0,)), (7, 0, (0, FIELD)), (8, 1, (0, FIELD)), (0x10, 0, (FIELD,)), (0x1C, 0, (0, FIELD)), (0x4A, 0, (FIELD,)), (0xFF, 0, (FIELD,))):
        got = h.identify(cns, nsid)
        check(got.status in statuses, "identify", hex(cns), hex(nsid), got)
    check(h.identify(0, 2).data == bytes(4096), "a namespace that is not there has", h.identify(0, 2).data[:8].hex())
    told(h.identify(5, 1, csi=9), FIELD, 0)
    told(h.identify(6, 0, csi=9), FIELD, 0)
    for size in (4, 512, 2048, 4096):
        got = h.identify(1, size=size)
        told(got, 0, FIELD, 0x0F)
    for opcode in (0x00, 0x01, 0x04, 0x05, 0x10, 0x11, 0x0D, 0x15, 0x1A, 0x1C, 0x7C, 0x80, 0x81, 0x82, 0x84, 0xC0, 0xFF):
        told(h.admin.ask(opcode, 1), OPCODE, FIELD)
    told(h.admin.ask(0x18), 0)
    got = h.admin.ask(8, 0, struct.pack("<HH", 1, 4711))
    told(got, 0)
    check(got.result & 1, "an abort of what is not there is told as done")
    got = h.admin.ask(8, 0, struct.pack("<HH", 99, 1))
    told(got, 0)
    check(got.result & 1, "an abort in a queue that is not there is told as done")
    for offset, size in ((0, 4), (8, 8), (0x1C, 8), (0x14, 8), (3, 4), (0x28, 4), (0x30, 8), (0x1000, 4), (0x20, 8)):
        got = h.admin.ask(0x7F, 4, struct.pack("<II", 1 if size == 8 else 0, offset))
        told(got, 0x02, 0, 0x182)
    for offset, value, size in ((0, 1, 8), (8, 1, 4), (0x1C, 1, 4), (0x14, 0, 8), (0x14, 0x460003, 4), (0x14, 0x460071, 4), (0x14, 0x990001, 4), (0x1000, 1, 4)):
        got = h.set(offset, value, size)
        told(got, 0x02, 0, 0x182)
        check(h.get(0x1C) & 2 == 0, "controller failed after", hex(offset), hex(value))
    cap = h.get(0, 8)
    check(cap >> 16 & 1 and cap >> 37 & 1, "CAP", hex(cap))   # contiguous queues, NVM commands
    for name, kind in (("fabrics of no such type", 0x55), ("disconnect", 8)):
        told(h.admin.ask(0x7F, kind), FIELD, OPCODE)
    told(h.io[0].ask(0x7F, 4, b"\0" * 8), FIELD, OPCODE, 0x102)
    told(h.io[0].ask(0x7F, 0, b"\0" * 8), FIELD, OPCODE, 0x102)
    again = Host(PORT, name="other")   # shut down, and off
    again.set(0x14, 0x464001)
    until = time.time() + 10
    while again.get(0x1C) >> 2 & 3 != 2:
        check(time.time() < until, "the shutdown never ends", hex(again.get(0x1C)))
    try:
        got = again.io[0].ask(2, 1, struct.pack("<QI", 0, 0), expect=512)
        check(got.status != 0, "a read of a controller that is shut down succeeded")
    except (Closed, ConnectionError):
        pass
    check(h.read(0).status == 0, "not usable after another was shut down")


def connections():
    """Fabrics 3.3: who may connect, with which queue, size, controller; the status names what was wrong."""
    h = Host(PORT)
    for args, statuses in ((dict(number=1), (0x101, 0x182)), (dict(number=0, controller=5), (0x182,)), (dict(number=0, controller=0), (0x182,)),
                           (dict(number=1, controller=0x7FF), (0x182,)), (dict(number=200), (0x101, 0x182)), (dict(number=2, size=0), (0x182,)), (dict(number=2, size=5000), (0x182,)),
                           (dict(number=0, size=5000), (0x182,)), (dict(number=0, record=1), (0x180,)), (dict(number=0, nqn="nqn.2016-06.io.spdk:none"), (0x182,)),
                           (dict(number=0, nqn="x" * 255), (0x182,)), (dict(number=0, nqn=""), (0x182,))):
        queue = Queue(PORT)
        try:
            got = h.connect(queue, **args)
            check(got.status in statuses, "connect", args, got)
        except Closed:
            pass
        check(h.read(0).status == 0, "not usable after", args)
    for data in (bytes(1024), b"\xff" * 1024):
        queue = Queue(PORT)
        try:
            told(h.connect(queue, 0, data=data), 0x182)
        except Closed:
            pass
    queue = Queue(PORT)   # anything else first
    for opcode, kind in ((6, 0), (0x7F, 4), (0x7F, 0)):
        queue = Queue(PORT)
        try:
            got = queue.ask(opcode, kind, expect=4096 if opcode == 6 else 0)
            check(got.status != 0, "command", opcode, kind, "before the connect succeeded")
        except Closed:
            pass
    h2 = Host(PORT, name="k", enable=False)   # a queue before the controller is on
    queue = Queue(PORT)
    try:
        told(h2.connect(queue, 1), 0x182, 0x0C)
    except Closed:
        pass
    for i in range(3):
        q = h.queue(size=2 + i)
        for j in range(12):
            check(h.read(j, queue=q).sqhd < 3 + i, "the head of a queue of", 3 + i)


def queue_of_another():
    """Fabrics 3.3: a queue for a controller is connected by the host that has it."""
    h, other = Host(PORT), Host(PORT, name="i")
    queue = Queue(PORT)
    try:
        got = other.connect(queue, 2, controller=h.id)
        check(got.status == 0x182, "a queue of another host's controller:", got)
    except Closed:
        pass


def ended():
    """TCP 3.6.2.4: a host that ends its connection with H2CTermReq has it closed by the target, which need not wait for the host."""
    h = Host(PORT)
    for size in (0, 8, 128):
        queue = Queue(PORT)
        queue.socket.sendall(struct.pack("<BBBBIHI10x", 2, 0, 24, 0, 24 + size, 1, 0) + bytes(size))
        check(queue.closed(5), "after H2CTermReq the connection stays")
    other = Host(PORT, name="s")   # with commands outstanding
    for i in range(8):
        other.io[0].send(2, 1, struct.pack("<QI", 0, 127), expect=65536)
    other.io[0].socket.sendall(struct.pack("<BBBBIHI10x", 2, 0, 24, 0, 24, 1, 0))
    check(other.io[0].closed(5), "after H2CTermReq the connection stays")
    check(h.read(0).status == 0, "not usable")


globals()[sys.argv[2]]()
print("done")
