"""Parts of RFC 7143, each as a session that must go as the RFC has it. Arguments: port, part, more of the part's own."""

import hashlib
import struct
import sys

from initiator import Closed, Connection, check, pattern, rw, same, write

PORT = int(sys.argv[1])


def connect(keys=(), **more):
    c = Connection(PORT)
    c.enter(keys, **more)
    return c


def keys_negotiated():
    """Chapter 13: what is offered and what must come of it. None: the login is refused."""
    table = [
        ("MaxBurstLength", "512", "512"), ("MaxBurstLength", "16777215", "1048576"), ("MaxBurstLength", "511", None),
        ("MaxBurstLength", "16777216", None), ("FirstBurstLength", "512", "512"), ("FirstBurstLength", "0", None),
        ("MaxOutstandingR2T", "1", "1"), ("MaxOutstandingR2T", "65535", "1"), ("MaxOutstandingR2T", "0", None),
        ("DefaultTime2Wait", "0", "2"), ("DefaultTime2Wait", "3600", "3600"), ("DefaultTime2Wait", "3601", None),
        ("DefaultTime2Retain", "0", "0"), ("DefaultTime2Retain", "3600", "20"), ("DefaultTime2Retain", "3601", None),
        ("InitialR2T", "Yes", "Yes"), ("InitialR2T", "No", "Yes"), ("InitialR2T", "Perhaps", "Reject"),
        ("ImmediateData", "Yes", "Yes"), ("ImmediateData", "No", "No"), ("ImmediateData", "", "Reject"),
        ("DataPDUInOrder", "No", "Yes"), ("DataSequenceInOrder", "No", "Yes"), ("DataPDUInOrder", "Yes", "Yes"),
        ("ErrorRecoveryLevel", "0", "0"), ("ErrorRecoveryLevel", "2", "0"), ("ErrorRecoveryLevel", "3", None),
        ("MaxConnections", "1", "1"), ("MaxConnections", "65535", "2"), ("MaxConnections", "0", None),
        ("HeaderDigest", "None", "None"), ("HeaderDigest", "CRC32C", "CRC32C"), ("HeaderDigest", "CRC32C,None", "CRC32C"),
        ("DataDigest", "None,CRC32C", "None"), ("DataDigest", "X,CRC32C", "CRC32C"), ("HeaderDigest", "X", None),
        ("MaxRecvDataSegmentLength", "512", "65536"), ("MaxRecvDataSegmentLength", "511", None),
        ("MaxRecvDataSegmentLength", "16777216", None), ("X-org.example", "1", "NotUnderstood"), ("Nobody", "1", "NotUnderstood"),
        ("IFMarker", "No", "No"), ("OFMarker", "Yes", "No"),
    ]
    for key, offered, wanted in table:
        c = Connection(PORT)
        c.segment = 65536
        status, said = c.login([(0x81, [("AuthMethod", "None")]), (0x87, [(key, offered)])])
        said = dict(said)
        if wanted is None:
            check(status != (0, 0) or said.get(key) == "Reject", key, offered, "was accepted:", said.get(key))
        else:
            check(status == (0, 0) and said.get(key) == wanted, key, offered, "became", status, said.get(key))
            c.socket.close()
    c = Connection(PORT)   # a key twice; all at once; in the stage before; a first burst above the longest one
    check(c.login([(0x81, [("AuthMethod", "None")]), (0x87, [("MaxBurstLength", "8192")] * 2)])[0] != (0, 0), "a key twice was accepted")
    said = connect([("MaxBurstLength", "8192"), ("FirstBurstLength", "65536"), ("MaxOutstandingR2T", "1"), ("InitialR2T", "Yes"),
                    ("ImmediateData", "Yes"), ("DefaultTime2Wait", "2"), ("DefaultTime2Retain", "20"), ("ErrorRecoveryLevel", "0")])
    check(said.session.first <= 8192, "the first burst is longer than the longest one:", said.session.first)
    write(said, 0, 64, 1)
    same(said, 0, 64, 1)


def stages():
    """11.12 and 6.3: stages in good and in wrong order, and what is asked for before the login is over."""
    none = [("AuthMethod", "None")]
    good = [[(0x81, none), (0x87, [])], [(0x87, [])], [(0x83, none), (0x87, [])], [(0x01, none), (0x81, []), (0x87, [])],
            [(0x81, none), (0x04, [("MaxBurstLength", "8192")]), (0x87, [])]]
    for one in good:
        c = Connection(PORT)
        status, said = c.login(one)
        check(status == (0, 0) and c.session.tsih, one, "was refused:", status)
        check(len([k for k, _ in said if k == "TargetPortalGroupTag"]) == 1, "the tag of the portal group must be told once:", said)
        check(c.command(bytes(6)).status == 0, "not ready")
        check(c.logout() == 0, "logout refused")
        c.socket.close()
    for one in ([(0x80, none)], [(0x84, [])], [(0x81, none), (0x81, none), (0x80, [])], [(0x87, []), (0x87, [])], [(0xC1, none)], [(0x8B, none)], [(0x8F, none)],
                [(0x85, none)], [(0x86, none)]):
        c = Connection(PORT)
        try:
            status, said = c.login(one)
            check(status != (0, 0) or not c.session.tsih or one[0][0] == 0x87, one, "was accepted")
        except Closed:
            pass
    for opcode in (0, 1, 2, 4, 5, 6, 0x10, 0x1C):   # of which none may be answered as if it were logged in
        c = Connection(PORT)
        try:
            c.send(opcode, 0x80)
            head = c.hear()[0]
            check(head[0] & 0x3F in (0x23, 0x3F), "before the login", hex(opcode), "is answered by", head.hex())
        except Closed:
            pass
    c = connect()   # a second login on a connection that is up
    try:
        status, said = c.login([(0x87, [])])
        check(status != (0, 0), "a login on a connection that is up was accepted")
    except Closed:
        pass


def chap():
    """12.1: secrets, good and wrong, both ways. u:s is the initiator's, m:t the target's; argument: mutual or one-way."""
    mutual = sys.argv[3] == "mutual"
    def answered(user=b"u", secret=b"s", own="0x00010203", spoil=None, mine=mutual):
        def keys(said):
            got = dict(said)
            challenge = bytes.fromhex(got["CHAP_C"][2:])
            value = hashlib.md5(bytes([int(got["CHAP_I"])]) + secret + challenge).hexdigest()
            more = [("CHAP_I", "7"), ("CHAP_C", got["CHAP_C"] if own == "its" else own)] if mine else []
            return [("CHAP_N", user.decode()), ("CHAP_R", spoil or "0x" + value)] + more
        return keys
    def tried(*stages, kind="Normal"):
        c = Connection(PORT)
        try:
            return c, *c.login(list(stages), kind=kind, target="t" if kind == "Normal" else None)
        except Closed:
            return c, "closed", []
    method, algorithm = (0x00, [("AuthMethod", "CHAP,None")]), (0x00, [("CHAP_A", "5")])
    for kind in ("Normal", "Discovery"):
        c, status, said = tried(method, algorithm, (0x81, answered()), (0x87, []), kind=kind)
        check(status == (0, 0), kind, "login with the right secret:", status, said)
        check(dict(said)["AuthMethod"] == "CHAP" and dict(said)["CHAP_A"] == "5", "it chose", said)
        if mutual:
            value = hashlib.md5(b"\7" + b"t" + bytes.fromhex("00010203")).hexdigest()
            check(said[-1][0] and ("CHAP_N", "m") in said and ("CHAP_R", "0x" + value) in [(k, v.lower()) for k, v in said], "the target's proof is", said)
        if kind == "Normal":
            check(c.command(bytes(6)).status == 0, "not ready")
            check(c.logout() == 0, "logout refused")
        for stages in ([method, algorithm, (0x81, answered(secret=b"x"))], [method, algorithm, (0x81, answered(user=b"nobody"))],
                       [method, algorithm, (0x81, answered(spoil="0x00"))], [method, algorithm, (0x81, answered(spoil="zz"))],
                       [method, algorithm, (0x81, answered(spoil="0bAAAA"))], [method, algorithm, (0x81, answered(spoil="0x" + "0" * 600))],
                       [method, algorithm, (0x81, answered(mine=not mutual))], [method, (0x00, [("CHAP_A", "7,8")]), (0x81, answered())],
                       [method, (0x81, [("CHAP_N", "u"), ("CHAP_R", "0x00")])], [method, algorithm, algorithm, (0x81, answered())],
                       [(0x81, [("AuthMethod", "None")]), (0x87, [])], [(0x87, [])], [method, algorithm, (0x87, [])]):
            try:
                c, status, said = tried(*stages, kind=kind)
            except KeyError:   # it was not told a challenge
                continue
            check(status != (0, 0), kind, "login accepted that must be refused:", stages[1:], said)
    if mutual:
        for own in ("0x", "0xzz", "zz", "0x" + "00" * 2000):
            c, status, said = tried(method, algorithm, (0x81, answered(own=own)), (0x87, []))
            check(status != (0, 0) or own in ("0x", "0xzz"), "a challenge of", own[:9], "was accepted")


def digests():
    """13.1: digests of headers and of data, together and alone; wrong ones end the connection or the message, never in wrong data."""
    for header, data in (("CRC32C", "None"), ("None", "CRC32C"), ("CRC32C", "CRC32C")):
        keys = [("HeaderDigest", header), ("DataDigest", data)]
        c = connect(keys)
        for blocks in (1, 16, 17, 128, 300):
            write(c, 8, blocks, blocks)
            same(c, 8, blocks, blocks)
        write(c, 0, 32, at_once=0)
        same(c, 0, 32)
        got = c.command(b"\x12\0\0\0\x25\0", 0x25)   # a length that needs padding
        check(got.status == 0 and len(got.data) == 0x25, got)
        tag = c.send(0, 0x80, b"\xff" * 4, data=b"ping" * 25 + b"x", immediate=True)
        head, body = c.hear()
        check(head[0] & 0x3F == 0x20 and body[:101] == b"ping" * 25 + b"x", "a ping is answered by", head.hex(), body)
        for spoil in (1, 2):
            if (spoil == 1 and header == "None") or (spoil == 2 and data == "None"):
                continue
            c = connect(keys)
            write(c, 0, 16, 5)
            c.spoil = spoil
            try:
                tag = c.send(1, 0xA0, struct.pack(">I", 8192) + rw(0x2A, 0, 16).ljust(16, b"\0"), data=pattern(0, 16, 6))
                got = c.outcome(tag, 8192)
                check(got.status != 0, "a write with a wrong digest succeeded")
            except Closed:
                pass
            same(connect(keys), 0, 16, 5)


def redirected():
    """13.8: who logs in at a public portal is sent to another one; argument: the port there. A discovery is not."""
    c = Connection(PORT)
    status, said = c.login([(0x81, [("AuthMethod", "None")]), (0x87, [])])
    check(status == (1, 1) and dict(said).get("TargetAddress", "").startswith("127.0.0.1:" + sys.argv[3]), "it was told", status, said)
    c = Connection(PORT)
    c.enter([], kind="Discovery", target=None)
    c = Connection(int(sys.argv[3]))
    c.enter()
    check(c.command(bytes(6)).status == 0, "not ready there")


def not_redirected():
    c = connect()
    check(c.command(bytes(6)).status == 0, "not ready")


globals()[sys.argv[2]]()
print("done")
