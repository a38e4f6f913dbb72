#!/usr/bin/env python3
"""Writes the seeds: small, right inputs.

    python3 crates/protocols/fuzz/seeds.py
"""
import gzip
import pathlib
import zlib

HERE = pathlib.Path(__file__).parent


def write(target, name, octets):
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(octets)


HEAD = b"HTTP/1.1 200 OK\r\n"
for name, octets in {
    "length": HEAD + b"Content-Length: 5\r\n\r\nhello",
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
    "close": b"HTTP/1.0 200\nServer: x\n\nhello",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n",
    "folded": HEAD + b"A: b\r\n c\r\nContent-Length: 1\r\n\r\nx",
    "range": b"HTTP/1.1 206 x\r\nContent-Range: bytes 5-9/10\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n, you",
    "none": b"HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n",
}.items():
    write("response", name, b"\0" + octets)
for name, text in {
    "usual": "http://user:secret@example.org:8080/a/../b%20c?d=e#f",
    "address": "http://[::1]:80/",
    "relative": "../g;x=1/./y?z#s",
    "unicode": "http://h/é ü",
}.items():
    write("url", name, text.encode())
PACKED = gzip.compress(b"hello, hello, hello", mtime=0)
for name, octets in {
    "gzip": b"\0" + PACKED,
    "members": b"\0" + PACKED + PACKED,
    "zlib": b"\1" + zlib.compress(b"hello, hello"),
    "raw": b"\1" + zlib.compress(b"hello, hello")[2:-4],
    "twice": b"\2" + gzip.compress(PACKED, mtime=0),
}.items():
    write("coding", name, octets)

# The server's.
HOST = b"Host: a\r\n"
for name, octets in {
    "get": b"GET /a%20b?q HTTP/1.1\r\n" + HOST + b"Accept: */*\r\n\r\n",
    "absolute": b"GET http://[::1]:80/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "chunked": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\n\r\n",
    "length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    "old": b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "two": (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n") * 2,
}.items():
    write("request", name, b"\x08" + octets)
    write("connection", name, b"\x30" + octets)
for name, octets in {
    "plain": b"5\r\nhello\r\n0\r\n\r\n",
    "extended": b"5 ;a=\"b\"\r\nhello\r\n00\r\nA: b\r\n\r\nGET",
    "lenient": b"5  \r\nhello\r\n0\r\nA: b\n c\n\n",
}.items():
    write("body", name, b"\x07" + octets)
for name, octets in {
    "ranges": b"bytes=0-0,5-9,-1",
    "date": b"Sun, 06 Nov 1994 08:49:37 GMT",
    "rfc850": b"Sunday, 06-Nov-94 08:49:37 GMT",
    "asctime": b"Sun Nov  6 08:49:37 1994",
    "conditions": b"If-None-Match: W/\"a\", \"b\"\r\nIf-Match: *\r\nIf-Range: \"a\"\r\n\r\n",
    "codings": b"Accept-Encoding: gzip;q=0.5, identity;q=0\r\n\r\n",
}.items():
    write("select", name, b"\x64\x2f" + octets)
for name, octets in {
    "session": b"PWD\r\nCWD /a/../b\r\nEPSV\r\nPORT 127,0,0,1,200,10\r\nLIST -la\r\nREST 5\r\nRETR a b\r\nQUIT\r\n",
    "telnet": b"\xff\xf4\xff\xf2ABOR\r\n\xff\xfd\x01NOOP\r\n",
    "names": b"RNFR a\r\nRNTO b\r\nMLST\r\nSTAT *\r\nSITE CHMOD 644 a\r\nMFMT 20200101000000 a\r\nOPTS MLST type;\r\n",
    "replies": b"220 hi\r\n211-x\r\n MDTM\r\n211 End\r\n227 (127,0,0,1,200,10)\r\n229 (|||51210|)\r\n",
    "eprt": b"|2|::1|51210|",
    "url": b"ftp://a:b%40@h:21/x%20y;type=i",
    "time": b"20240229235959.5",
}.items():
    write("ftp", name, b"\7" + octets)

# DNS: the fuzzer of the server has the usual zone.
ZONE = rb"""$ORIGIN example.com.
$TTL 1h
@      SOA ns1 admin ( 1 2h ; refresh
       15m 14d 300 )
       NS  ns1
       MX  10 mail
ns1    A   192.0.2.53
mail   AAAA 2001:db8::25
alias  CNAME ns1
loop   CNAME loop
a.ent  TXT "a \"quoted\" \065" b
*.wild TXT any
sub    NS  ns.sub
ns.sub A   192.0.2.54
_s._tcp SRV 0 0 1 mail
caa    CAA 0 issue "ca.example"
x      TYPE65280 \# 2 0102
"""
write("dns_zone", "usual", ZONE)
write("dns_zone", "reverse", b"$ORIGIN 2.0.192.in-addr.arpa.\n@ 60 IN SOA a. b. 1 2 3 4 5\n@ NS a.\n1 PTR h.example.\n")
OPT = b"\0\0\x29\x04\xd0\0\0\x80\0\0\x06\0\x0a\0\x02ab"


def query(name, rtype, flags=b"\1\0", opt=b""):
    name = b"".join(bytes([len(label)]) + label for label in name.split(b".") if label) + b"\0"
    counts = b"\0\1\0\0\0\0\0" + (b"\1" if opt else b"\0")
    return b"\x12\x34" + flags + counts + name + bytes([rtype >> 8, rtype & 255]) + b"\0\1" + opt


for name, octets in {
    "a": query(b"ns1.example.com", 1),
    "edns": query(b"wild.example.com", 16, opt=OPT),
    "wildcard": query(b"x.wild.Example.com", 16),
    "referral": query(b"x.sub.example.com", 28),
    "alias": query(b"alias.example.com", 1),
    "none": query(b"nosuch.example.com", 255),
    "notify": query(b"example.com", 6, flags=b"\x20\0"),
}.items():
    write("dns_server", name, octets)
    write("dns_message", name, octets)
ANSWER = b"\x12\x34\x85\0\0\1\0\2\0\0\0\0\x03www\x07example\x03com\0\0\1\0\1"
write("dns_message", "answer", ANSWER + b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\7\4host\xc0\x10"
      b"\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1")
write("dns_message", "soa", b"\x12\x34\x85\3\0\0\0\0\0\1\0\0\0\0\6\0\1\0\0\0\x3c\0\x18\1a\0\1b\0" + bytes(20))

# The first octet says how the rest is cut.
for name, octets in {
    "session": b"DATA\r\nSubject: t\r\n\r\n..dot\r\n.\r\nMAIL FROM:<a@x> SIZE=5 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<b@y>\r\nQUIT\r\n",
    "smuggle": b"DATA\r\nfirst\n.\nMAIL FROM:<evil@x>\r\n.\nRCPT\r.\r\r\n.\r\n",
    "received": b"DATA\r\nReceived: a\r\nRECEIVED: b\r\n c\r\n\r\nReceived: d\r\n.\r\n",
    "address": b'"a \\"b"@[IPv6:::1]',
    "route": b"RCPT TO:<@a.example,@b:c.d+e@f.example>",
    "mail": b"MAIL FROM:<> SIZE=18446744073709551616 BODY=7BIT",
    "reply": b"220-hello\r\n220 x\r\n250-SIZE 5\r\n250 \r\n354\r\n550-a\r\n551 b\r\n",
}.items():
    write("smtp", name, b"\3" + octets)
