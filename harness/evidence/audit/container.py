"""The ZIP of a bundle, read without believing anything it says about itself.

A bundle has exactly one spelling: files stored uncompressed, in the order of their names, 1980-01-01, no
comments, no extra fields. So the reader takes the files out, writes the ZIP again and compares: one changed
byte anywhere shows. Stored only, so nothing can swell; written nowhere, so no path can lead astray.
Source: APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12, 4.3.16.
"""

from __future__ import annotations

import re
import stat
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from harness.errors import BadInput, NotProved

LARGEST: Final = 512 * 1024 * 1024
MOST: Final = 20_000

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,2}")
_LONGEST_NAME: Final = 160
_DATE: Final = 0x21  # 1980-01-01
_MODE: Final = (stat.S_IFREG | 0o644) << 16


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    content: bytes
    crc: int
    start: int

    def local(self) -> bytes:
        size, name = len(self.content), self.name.encode("ascii")
        return _LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, _DATE, self.crc, size, size, len(name), 0) + name

    def central(self) -> bytes:
        size, name = len(self.content), self.name.encode("ascii")
        fields = (0x0314, 20, 0, 0, 0, _DATE, self.crc, size, size, len(name), 0, 0, 0, 0, _MODE, self.start)
        return _CENTRAL.pack(b"PK\1\2", *fields) + name


def files_of(data: bytes) -> dict[str, bytes]:
    """The files in a bundle's ZIP, by name.

    Raises:
        BadInput: this is no ZIP at all.
        NotProved: it is one, but not as a bundle is written; the sentence names the file where it can.
    """
    if not data.startswith(b"PK\3\4") and b"PK\5\6" not in data[-66_000:]:
        raise BadInput("this is no ZIP file", expected="an evidence bundle", todo="name the .zip that the run printed")
    if len(data) > LARGEST:
        raise NotProved(f"the bundle has {len(data)} octets, more than {LARGEST}")
    members: list[_Member] = []
    position = 0
    while data[position : position + 4] == b"PK\3\4":
        member = _member(data, position, after=members[-1].name if members else "")
        members.append(member)
        position += len(member.local()) + len(member.content)
        if len(members) > MOST:
            raise NotProved(f"the bundle has more than {MOST} files")
    _directory(data, position, members)
    return {member.name: member.content for member in members}


def _member(data: bytes, position: int, *, after: str) -> _Member:
    try:
        fields = _LOCAL.unpack_from(data, position)
    except struct.error as error:
        raise NotProved(f"the ZIP ends inside the entry after {after or 'its beginning'}") from error
    _, _, flags, method, _, _, crc, packed, size, name_length, extra = fields
    begin = position + _LOCAL.size
    name = _name(data[begin : begin + name_length])
    if flags & 1:
        raise NotProved(f"{name}: is encrypted; a bundle stores its files as they are")
    if method or packed != size:
        raise NotProved(f"{name}: is compressed; a bundle stores its files as they are")
    begin += name_length + extra
    content = data[begin : begin + size]
    if len(content) != size:
        raise NotProved(f"{name}: the ZIP ends inside this file")
    if name == after:
        raise NotProved(f"{name}: stands twice in the ZIP")
    if name < after:
        raise NotProved(f"{name}: stands behind {after}; files stand in the order of their names, each once")
    if zlib.crc32(content) != crc:
        raise NotProved(f"{name}: the content does not have the checksum that the ZIP gives for it")
    member = _Member(name, content, crc, position)
    if data[position : position + len(member.local())] != member.local():
        raise NotProved(f"{name}: its header in the ZIP is not written as in a bundle")
    return member


def _name(octets: bytes) -> str:
    name = octets.decode("ascii", "backslashreplace")
    if len(octets) > _LONGEST_NAME:
        raise NotProved(f"{name[:40]!r}...: a name of {len(octets)} octets")
    if ".." in name or name.startswith("/") or "\\" in name or ":" in name:
        raise NotProved(f"{name!r}: a name that could lead out of the folder it is unpacked in")
    if not _NAME.fullmatch(name):
        raise NotProved(f"{name!r}: no name of a file in a bundle")
    return name


def _directory(data: bytes, position: int, members: list[_Member]) -> None:
    start = position
    for member in members:
        entry = member.central()
        found = data[position : position + len(entry)]
        if found != entry:
            if len(found) == len(entry) and stat.S_ISLNK(_CENTRAL.unpack_from(found)[15] >> 16):
                raise NotProved(f"{member.name}: is a link; a bundle holds plain files")
            raise NotProved(f"{member.name}: its entry in the ZIP's directory is not written as in a bundle")
        position += len(entry)
    count = len(members)
    end = _END.pack(b"PK\5\6", 0, 0, count, count, position - start, start, 0)
    if data[position:] != end:
        raise NotProved(f"the end of the ZIP, from octet {position} on, is not written as in a bundle")
