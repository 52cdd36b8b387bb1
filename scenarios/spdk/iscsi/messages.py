"""Commands and data of RFC 7143, each part a session that must go as the RFC has it. Arguments: port, part, more of the part's own."""

import struct
import sys

from initiator import Closed, Connection, Session, check, pairs, pattern, rw, same, write

PORT = int(sys.argv[1])


def connect(keys=(), **more):
    c = Connection(PORT)
    c.enter(keys, **more)
    return c


def bursts():
    """3.2.4.2 and 11.7, 11.8: reads and writes cut by every limit there is."""
    for segment in ("512", "4096", "65536"):
        for burst in ("512", "8192", "65536"):
            for immediate in ("Yes", "No"):
                c = connect([("MaxRecvDataSegmentLength", segment), ("MaxBurstLength", burst), ("FirstBurstLength", "512"), ("ImmediateData", immediate)])
                for blocks in (1, 2, 33, 200):
                    write(c, 1000, blocks, blocks)
                    same(c, 1000, blocks, blocks)
                if immediate == "No":
                    got = c.command(rw(0x2A, 1000, 8), data=pattern(1000, 8), at_once=4096)
                    check(got.status != 0, "data that came unasked were taken:", got)
                else:
                    got = c.command(rw(0x2A, 1000, 8), data=pattern(1000, 8), at_once=4096)
                    check(got.status != 0, "more data came unasked than were agreed on, and were taken:", got)
                same(c, 1000, 200, 200)


def residuals():
    """11.4.5: what was expected and what came differ; the difference is told, and nothing beyond it is touched."""
    c = connect()
    write(c, 0, 64, 3)
    for size, command, flags, left in ((4096, rw(0x28, 0, 8), 0, 0), (255, b"\x12\0\0\0\xff\0", None, None), (8, b"\x25", 0, 0), (64, b"\x25", 2, 56)):
        got = c.command(command, size)
        check(got.status == 0, "read of", size, got)
        check(flags is None or (got.flags, got.residual) == (flags, left), "expected", size, "and was told", got)
        check(got.flags != 2 or len(got.data) == size - got.residual, "expected", size, "and was told", got)
        if command[0] == 0x28:
            check(got.data == pattern(0, 64, 3)[:min(size, 4096)], "other data for an expected length of", size)


def lengths_differ():
    """11.4.5.1: an expected length that is not the command's own: the command's counts, and the difference is told."""
    c = connect()
    write(c, 0, 64, 3)
    for size, flags, left in ((512, 4, 3584), (8192, 2, 4096)):
        got = c.command(rw(0x28, 0, 8), size)
        check(got.status == 0 and (got.flags, got.residual) == (flags, left), "a read of 4096 bytes where", size, "are expected:", got)
    got = c.command(rw(0x2A, 16, 8), data=pattern(16, 4, 4))
    check(got.status != 0 or (got.flags, got.residual) == (4, 2048), "a write of 4096 bytes where 2048 are expected:", got)
    got = c.command(rw(0x2A, 0, 8), data=pattern(0, 16, 4))
    same(c, 8, 56, 3)
    check(got.status != 0 or (got.flags, got.residual) == (2, 4096), "a write of 4096 bytes where 8192 are expected:", got)


def padding():
    """3.2.1 and 11.2.2.2: data are padded to four bytes, and their length is told without the padding."""
    c = connect()
    c.send(0, 0x80, b"\xff" * 4, data=b"x" * 101, immediate=True)
    head, body = c.hear()
    check(len(body) == 101, "a ping of 101 bytes is answered with", len(body))
    got = c.command(b"\x15\x10\0\0\x05\0", data=bytes(5))
    check(got.status != "refused", "five bytes of data that come with a command are refused:", got)


def data_of_no_length():
    """11.7: data that were asked for come in a message without any; it is refused or passed over."""
    for final in (0x80, 0):
        c = connect([("MaxBurstLength", "8192")])
        t = c.command(rw(0x2A, 512, 64), data=bytes(32768), at_once=0, wait=False)
        head = c.hear()[0]
        c.send(5, final, head[20:24] + struct.pack(">IIIIII", 0, c.status_sn, 0, 0, 0, 0), bytes(8), b"", t, False, b"")
        c.socket.settimeout(2)
        try:
            c.hear()
        except (Closed, TimeoutError):
            pass
        c.socket.close()
        check(connect(name="j").command(bytes(6)).status == 0, "not ready")


def tasks():
    """11.5: task management on a slow unit (0) and a quick one (1), with commands outstanding. Each is answered once or never."""
    for function in (1, 2, 5):
        c = connect()
        write(c, 0, 8, function, lun=1)
        many = [c.command(rw(0x28, i * 8, 8), 4096, wait=False) for i in range(4)]
        many.append(c.command(rw(0x2A, 256, 128), data=bytes(65536), at_once=0, wait=False))
        response = c.task(function, many[0])
        check(response in (0, 1, 5), "function", function, "is answered by", response)
        done = {tag for tag, head, _ in c.missed if head[0] & 0x3F == 0x21 or head[0] & 0x3F == 0x25 and head[1] & 1}
        c.others = []
        same(c, 0, 8, function, lun=1)
        c.socket.settimeout(3)
        try:
            while len(done) < 4:
                head, body = c.hear()
                if head[0] & 0x3F == 0x21 or head[0] & 0x3F == 0x25 and head[1] & 1:
                    tag = struct.unpack(">I", head[16:20])[0]
                    check(tag not in done, "a command was answered twice")
                    done.add(tag)
        except TimeoutError:
            check(response == 0, "commands were neither ended nor answered:", function, len(done))
        c.socket.settimeout(10)
        c.others = []
        check(c.command(rw(0x28, 0, 8), 4096).status in (0, 8, 0x28), "the unit is not usable after", function)
        if response == 0 and function in (2, 5):   # the data for the write may not be asked for any more
            check(c.command(rw(0x28, 256, 128), 65536).status == 0, "read after", function)
    c = connect()
    for function in (1, 2, 3, 4, 5, 6, 8, 9, 14, 0, 127 & 0x7F):
        response = c.task(function, 12345)
        check(response in (0, 1, 4, 5, 255) or response < 16, "function", function, "is answered by", response)
        check(function not in (3, 4, 6, 8) or response == 5, "function", function, "is answered by", response)
    for function in (1, 2, 5):
        check(c.task(function, 12345, lun=7) == 2, "of a unit that is not there it said", function)
    check(c.command(rw(0x28, 0, 8), 4096).status == 0, "not usable")
    other = connect(name="j")   # a reset by one ends what the other waits for, or lets it go on
    tag = other.command(rw(0x28, 0, 8), 4096, wait=False)
    check(c.task(5) in (0, 255, 5), "reset refused")
    got = other.outcome(tag, 4096)
    check(got.status in (0, 2, 0x40, 8), got)
    check(other.command(rw(0x28, 0, 8), 4096).status in (0, 2), "not usable by the other")


def numbers():
    """4.2.2.1 and 11.16: messages out of order, twice, of nobody, cut off; the session goes on or ends, others are not touched."""
    watcher = connect(name="j")
    write(watcher, 0, 64, 9)
    def still_there():
        same(watcher, 0, 64, 9)
    c = connect()
    c.session.command_sn += 5   # a gap: to be ignored or to end it, but not to hang for ever
    try:
        c.socket.settimeout(2)
        c.command(rw(0x28, 0, 1), 512)
    except (Closed, TimeoutError):
        pass
    still_there()
    def odd_data(number, offset, length, final=0x80, tag=None, wrong_ttt=False):
        c = connect([("MaxBurstLength", "8192")])
        t = c.command(rw(0x2A, 512, 64), data=bytes(32768), at_once=0, wait=False)
        head = c.hear()[0]
        check(head[0] & 0x3F == 0x31, "no R2T but", head.hex())
        ttt = b"\0\0\x7f\x7f" if wrong_ttt else head[20:24]
        own = ttt + struct.pack(">IIIIII", 0, c.status_sn, 0, number, offset, 0)
        try:
            c.send(5, final, own, bytes(8), bytes(length), t if tag is None else tag, False, b"")
            c.socket.settimeout(2)
            head = c.hear()[0]
            check(head[0] & 0x3F in (0x3F, 0x31, 0x21), "odd data are answered by", head.hex())
            check(head[0] & 0x3F != 0x21 or head[3], "odd data were taken:", number, offset, length)
        except (Closed, TimeoutError):
            pass
        c.socket.close()
        still_there()
    for one in ((1, 0, 8192), (0, 512, 8192), (0, 0, 16384), (0, 0, 512), (0, 24576, 8192), (7, 8192, 512), (0, 0, 8192, 0x80, 4711), (0, 0, 8192, 0x80, None, True), (0, 0, 8192, 0)):
        odd_data(*one)
    for opcode, flags in ((0x10, 0x80), (0x10, 0x81), (0x10, 0x82), (0x10, 0x83), (0x10, 0x85), (0x1E, 0x80), (0x0F, 0x80), (0x05, 0x80), (0x04, 0xC0), (0x21, 0x80)):
        c = connect()
        try:
            c.socket.settimeout(2)
            c.send(opcode, flags, b"\0\0\0\1")
            head = c.hear()[0]
            check(head[0] & 0x3F in (0x3F, 0x24), hex(opcode), "is answered by", head.hex())
        except (Closed, TimeoutError):
            pass
        c.socket.close()
        still_there()
    c = connect()   # the header of each kind, cut off, and the connection gone
    for opcode, size in ((1, 20), (1, 47), (1, 48), (2, 48), (4, 48), (5, 30), (6, 47), (0, 48)):
        c = connect()
        c.socket.sendall((bytes([opcode, 0xA0, 0, 0, 0, 0, 0x20, 0]) + bytes(40))[:size] + (b"x" * 100 if size == 48 else b""))
        c.socket.close()
    still_there()
    c = connect()   # reads of which nobody takes the data
    for i in range(16):
        c.command(rw(0x28, 0, 128), 65536, wait=False)
    c.socket.close()
    still_there()


def recovery():
    """7 and 11.16: a session with error recovery: what was sent is sent again when it is asked for, until it is acknowledged."""
    c = Connection(PORT)
    said = c.enter([("ErrorRecoveryLevel", "1"), ("MaxRecvDataSegmentLength", "512"), ("MaxBurstLength", "8192")])
    if said.get("ErrorRecoveryLevel") != "1":
        return print("no error recovery", said.get("ErrorRecoveryLevel"))
    write(c, 0, 64, 7)
    same(c, 0, 64, 7)
    before = c.status_sn
    for kind, begin, run in ((0, 0, 0), (0, 3, 2), (0, 99, 1), (1, before, 1), (1, before - 1, 1), (1, before - 3, 0), (1, 0, 0), (1, before + 9, 1), (2, 0, 0), (2, 1, 0), (3, 0, 0)):
        tag = c.command(rw(0x28, 0, 16), 8192, wait=False)
        c.outcome(tag, 8192)
        known = c.status_sn
        c.status_sn = known - 1 if kind == 1 else known
        own = b"\xff" * 4 + struct.pack(">III", 0, known - 1, 0) + bytes(4) + struct.pack(">II", begin if kind != 1 else begin and known - 1, run)
        c.status_sn = None   # what was sent before may come again
        c.socket.settimeout(1)
        try:
            c.send(0x10, 0x80 | kind, own, bytes(8), b"", tag if kind == 0 else 0xFFFFFFFF, True, b"")
            while True:
                head, body = c.hear()
                c.status_sn = None
        except TimeoutError:
            c.socket.settimeout(10)
        except Closed:
            c = Connection(PORT)
            c.enter([("ErrorRecoveryLevel", "1"), ("MaxRecvDataSegmentLength", "512"), ("MaxBurstLength", "8192")])
        same(c, 0, 64, 7)
    for number, run in ((0, 0), (0, 1), (5, 1)):   # R2Ts asked for again
        t = c.command(rw(0x2A, 512, 64), data=bytes(32768), at_once=0, wait=False)
        head = c.hear()[0]
        c.send(0x10, 0x80, b"\xff" * 4 + struct.pack(">III", 0, c.status_sn, 0) + bytes(4) + struct.pack(">II", number, run), bytes(8), b"", t, True, b"")
        again = c.hear()[0]
        check(again[0] & 0x3F in (0x31, 0x3F), "an R2T is asked for again and", again.hex(), "comes")
        check(again[0] & 0x3F == 0x3F or again[40:48] == head[40:48], "it asks for other data:", head.hex(), again.hex())
        c.socket.close()
        c = Connection(PORT)
        c.enter([("ErrorRecoveryLevel", "1"), ("MaxRecvDataSegmentLength", "512"), ("MaxBurstLength", "8192")])
    t = c.command(rw(0x2A, 512, 64), data=bytes(32768), at_once=0, wait=False)   # a message of data lost on the way
    head = c.hear()[0]
    c.send(5, 0x80, head[20:24] + struct.pack(">IIIIII", 0, c.status_sn, 0, 1, 512, 0), bytes(8), bytes(512), t, False, b"")
    again = c.hear()[0]
    check(again[0] & 0x3F in (0x31, 0x3F), "after a lost message", again.hex(), "comes")
    c.socket.close()
    same(connect(), 0, 64, 7)


def connections():
    """4.2.1: several connections of one session; each answers for its own commands, and one may go while the others stay."""
    first = Connection(PORT)
    said = first.enter([("MaxConnections", "2")])
    check(said.get("MaxConnections") == "2", "it allows", said.get("MaxConnections"))
    second = Connection(PORT, first.session, 1)
    second.enter([])
    for i in range(8):
        write(first if i % 2 else second, i * 64, 64, i)
    for i in range(8):
        same(second if i % 2 else first, i * 64, 64, i)
    third = Connection(PORT, first.session, 2)
    status, said = third.login([(0x81, [("AuthMethod", "None")]), (0x87, [])])
    check(status != (0, 0), "more connections than were agreed on")
    tag = second.command(rw(0x28, 0, 64), 32768, wait=False)
    other = first.command(rw(0x28, 64, 64), 32768, wait=False)
    check(first.outcome(other, 32768).data == pattern(64, 64, 1) and second.outcome(tag, 32768).data == pattern(0, 64, 0), "other data")
    check(second.logout(1, 7) != 0, "a connection that is not there was closed")
    check(second.logout(1) == 0, "logout refused")
    second.closed()
    same(first, 0, 64, 0)
    for number in (1, 1):   # one more of the same number, gone without a word
        second = Connection(PORT, first.session, number)
        status, said = second.login([(0x81, [("AuthMethod", "None")]), (0x87, [])])
        if status == (0, 0):
            second.command(rw(0x28, 0, 64), 32768, wait=False)
        second.socket.close()
        same(first, 64, 64, 1)
    wrong = Session(first.session.isid)
    wrong.tsih = first.session.tsih ^ 0x55
    c = Connection(PORT, wrong, 1)
    check(c.login([(0x81, [("AuthMethod", "None")]), (0x87, [])])[0] != (0, 0), "a session that is not there got a connection")
    same(first, 64, 64, 1)
    again = Connection(PORT, Session(first.session.isid))   # 6.3.5: the session once more, which ends the first
    again.enter([])
    first.closed()
    same(again, 128, 64, 2)
    check(again.logout() == 0, "logout refused")
    again.closed()


def discovery():
    """4.3 and 13.3: what a discovery session may ask for, and what not."""
    def start():
        c = Connection(PORT)
        c.enter([], kind="Discovery", target=None)
        return c
    def text(c, keys, flags=0x80, ttt=b"\xff" * 4, tag=None):
        data = b"".join(("%s=%s" % k).encode() + b"\0" for k in keys)
        c.send(4, flags, ttt, data=data, tag=tag, immediate=True)
        head, body = c.hear()
        return head, pairs(body)
    for wanted, names in (("All", 1), ("iqn.2016-06.io.spdk:t", 1), ("iqn.2016-06.io.spdk:none", 0)):
        head, said = text(start(), [("SendTargets", wanted)])
        check(len([1 for k, _ in said if k == "TargetName"]) == names, wanted, "found", said)
        check(not names or [v for k, v in said if k == "TargetAddress"] == ["127.0.0.1:%d,1" % PORT], "addresses:", said)
    head, said = text(connect(), [("SendTargets", "")])   # in a normal session: that of the target itself
    check([v for k, v in said if k == "TargetName"] == ["iqn.2016-06.io.spdk:t"], said)
    for opcode, flags in ((0, 0x80), (1, 0x80), (2, 0x85), (5, 0x80), (0x10, 0x80)):
        c = start()
        try:
            c.socket.settimeout(3)
            c.send(opcode, flags, immediate=True)
            head = c.hear()[0]
            check(head[0] & 0x3F == 0x3F, hex(opcode), "in a discovery is answered by", head.hex())
        except (Closed, TimeoutError):
            pass
    c = start()
    check(c.logout() == 0, "logout refused")
    c.closed()


globals()[sys.argv[2]]()
print("done")
