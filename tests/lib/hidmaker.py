"""Makes device files for the USB simulator out of lists of HID paths.

    ups = Device("0463:ffff", strings=["Chestnut", "Made UPS", "M-1"])
    ups.add(Field("UPS.PowerSummary.RemainingCapacity", 87, bits=8, high=100))
    ups.add(Field("UPS.PowerSummary.PresentStatus.ACPresent", 1, bits=1))
    path.write_text(ups.text(usages))

`usages` is a dict of names, in small letters, to 32-bit usages.  `[n]` is an indexed
collection, eight hexadecimal digits a usage without a name, as in the map files.

Fields of one collection share a report unless they name one; each is in the feature report and,
with inputs=True, in an input report of the same number and layout, so that a change can be told
by interrupt.
"""

import dataclasses
import re

VOLT = 0x00F0D121    # times 10^7 in the units of HID
WATT = 0x0000D121
_INPUT, _FEATURE, _COLLECTION, _END = 0x80, 0xB0, 0xA0, 0xC0
_CONSTANT, _VARIABLE = 0x01, 0x02
_BYTES_EACH = 7      # of a report that is filled with fields


@dataclasses.dataclass
class Field:
    """One value: `value` is what lies in the report, before units and exponents."""
    path: str
    value: int = 0
    bits: int = 16
    low: int = 0
    high: int = None
    unit: int = 0
    exponent: int = 0
    physical: tuple = (0, 0)
    report: int = None
    bit: int = None          # behind the report's number; by Device

    def __post_init__(self):
        if self.high is None:
            self.high = (1 << min(31, self.bits - (self.low < 0))) - 1

    @property
    def scale(self):
        """The exponent of ten by which the value is to be read."""
        return self.exponent - (7 if self.unit in (VOLT, WATT) else 0)

    def physical_value(self, raw=None):
        raw = self.value if raw is None else raw
        return raw * 10.0 ** self.scale if self.scale > 0 else raw / 10.0 ** -self.scale

    def raw(self, value):
        """What lies in the report for a number as a driver would say it."""
        return round(value * 10.0 ** -self.scale)

    def put(self, report, raw):
        """The report, number included, with another value of this field."""
        number = int.from_bytes(report[1:], "little")
        mask = ((1 << self.bits) - 1) << self.bit
        number = number & ~mask | raw << self.bit & mask
        return report[:1] + number.to_bytes(len(report) - 1, "little")


def usages_of(path, usages):
    """The path's 32-bit usages; None stands for a name that nobody knows."""
    found = []
    for part in path.split("."):
        index = re.fullmatch(r"\[(\d+)\]", part)
        known = usages.get(part.lower())
        if index:
            found.append(0x00FF0000 + int(index[1]))
        elif known is not None:
            found.append(known)
        else:
            assert re.fullmatch(r"(0x)?[0-9a-fA-F]{1,8}", part), f"no usage {part} in {path}"
            found.append(int(part, 16))
    return found


def map_usages(*maps):
    """The names in map files' USAGE lines; of two the first counts."""
    found = {}
    for path in maps:
        for name, number in re.findall(r"^USAGE (\S+) (\S+)", path.read_text(), re.MULTILINE):
            found.setdefault(name.lower(), int(number, 16))
    return found


def _item(tag, value, signed=False):
    for size, code in ((1, 1), (2, 2), (4, 3)):
        low, high = (-(1 << 8 * size - 1), (1 << 8 * size - 1)) if signed else (0, 1 << 8 * size)
        if low <= value < high:
            return bytes([tag | code]) + (value & (1 << 8 * size) - 1).to_bytes(size, "little")
    raise ValueError(f"{value} does not fit an item")


class _Items:
    """A report descriptor as it grows; global items are said again only when they change, as
    whole descriptors have to fit into 4096 bytes."""

    def __init__(self):
        self.bytes, self._globals = b"", {}

    def glob(self, tag, value, signed=False):
        if self._globals.get(tag) != value:
            self._globals[tag] = value
            self.bytes += _item(tag, value, signed)

    def main(self, usage, tag, data):
        if usage is not None:
            self.glob(0x04, usage >> 16)
            self.bytes += _item(0x08, usage & 0xFFFF)
        self.bytes += bytes([tag | 1, data])

    def end(self, count):
        self.bytes += bytes([_END]) * count


class Device:
    def __init__(self, usb_id, strings=("Chestnut", "Made UPS", "MADE-1"), inputs=True,
                 numbered=True, lines=(), index_as_usage=False):
        self.index_as_usage = index_as_usage
        self.usb_id, self.inputs, self.numbered, self.lines = usb_id, inputs, numbered, list(lines)
        self.strings = {i + 1: text for i, text in enumerate(strings) if text is not None}
        self._indices = [i + 1 if text is not None else 0 for i, text in enumerate(strings)]
        self.fields = {}
        self.extra = {}          # reports that the descriptor does not describe
        self._laid = False

    def add(self, *fields):
        for field in fields:
            self.fields[field.path.lower()] = field
        return self

    def field(self, path):
        return self.fields[path.lower()]

    def string(self, text):
        """A further string descriptor; its index."""
        index = max(self.strings, default=3) + 1
        self.strings[index] = text
        return index

    # ----------------------------------------------------------------- reports

    def _lay_out(self):
        if self._laid:
            return
        self._laid = True
        used, open_reports = {}, {}
        taken = {f.report for f in self.fields.values() if f.report} | set(self.extra)
        free = iter(n for n in range(1, 256) if n not in taken)
        for field in self.fields.values():
            parent = field.path.lower().rpartition(".")[0]
            if field.report is None:
                number = open_reports.get(parent)
                if number is None or used[number] + field.bits > 8 * _BYTES_EACH:
                    number = next(free) if self.numbered else 0
                    open_reports[parent] = number
                field.report = number
            at = used.setdefault(field.report, 0)
            if field.bits >= 8:
                at = (at + 7) // 8 * 8
            field.bit = at
            used[field.report] = at + field.bits
        self._bits = used

    def report(self, number):
        """A report as it is at first."""
        self._lay_out()
        data = bytes([number]) + bytes((self._bits[number] + 7) // 8)
        for field in self.fields.values():
            if field.report == number:
                data = field.put(data, field.value)
        return data

    def number_of(self, path):
        self._lay_out()
        return self.field(path).report

    # -------------------------------------------------------------- descriptor

    def _collections(self, path):
        """[(usage, type)]: an index is in the type of the collection that it stands behind, or
        is a collection with a usage of its own."""
        made = []
        for usage in path:
            if usage >> 16 == 0x00FF and made and not self.index_as_usage:
                made[-1] = (made[-1][0], 0x80 + (usage & 0xFFFF))
            else:
                made.append((usage, 1 if not made else 0))
        return made

    def _put_field(self, out, field, usage):
        for tag, value in ((0x14, field.low), (0x24, field.high), (0x34, field.physical[0]),
                           (0x44, field.physical[1])):
            out.glob(tag, value, True)
        for tag, value in ((0x64, field.unit), (0x54, field.exponent & 15), (0x74, field.bits)):
            out.glob(tag, value)
        for kind in self._kinds:
            out.main(usage, kind, _VARIABLE)

    def _pad(self, out, number, bits):
        if self.numbered:
            out.glob(0x84, number)
        if bits:
            out.glob(0x74, bits)
            for kind in self._kinds:
                out.main(None, kind, _CONSTANT)

    @property
    def _kinds(self):
        return (_INPUT, _FEATURE) if self.inputs else (_FEATURE,)

    def descriptor(self, usages):
        self._lay_out()
        out, opened, filled = _Items(), [], {}
        out.glob(0x94, 1)
        for field in self.fields.values():
            path = usages_of(field.path, usages)
            wanted = self._collections(path[:-1])
            common = 0
            while common < min(len(opened), len(wanted)) and opened[common] == wanted[common]:
                common += 1
            out.end(len(opened) - common)
            for usage, kind in wanted[common:]:
                out.main(usage, _COLLECTION, kind)
            opened = wanted
            self._pad(out, field.report, field.bit - filled.get(field.report, 0))
            self._put_field(out, field, path[-1])
            filled[field.report] = field.bit + field.bits
        out.end(len(opened) - 1)
        for number, bits in filled.items():
            self._pad(out, number, -bits % 8)
        out.end(1)
        assert len(out.bytes) <= 4096, f"{len(out.bytes)} bytes: no device could give them"
        return out.bytes

    # --------------------------------------------------------------------- file

    def text(self, usages):
        """The device file (tests/sim/usb/README.md)."""
        descriptor = self.descriptor(usages)
        lines = [f"usb-id: {self.usb_id}", f"istr: {' '.join(map(str, self._indices))}",
                 "speed: 12", "packet-size: 64", *self.lines]
        lines += [f"string {index}: {text}" for index, text in self.strings.items()]
        lines += [f"rdesc: {descriptor[i:i + 32].hex(' ')}"
                  for i in range(0, len(descriptor), 32)]
        for number in sorted(self._bits):
            data = self.report(number)
            data = data if self.numbered else data[1:]
            for kind in ("feature", "input") if self.inputs else ("feature",):
                lines.append(f"report {kind} {number:02x}: {data.hex(' ')}")
        lines += [f"report feature {number:02x}: {bytes(data).hex(' ')}"
                  for number, data in self.extra.items()]
        return "\n".join(lines) + "\n"
