"""An APC Smart-UPS on a serial line, on a pseudo terminal.

A device is a text file (apc/NAME.txt) of lines

    letter => answer

where the letter may be `\\xNN`; `a` is the list of commands, `\\x1a` the capabilities.
`#` begins a comment. What is not in it is answered by NA. Besides

    edit cx               letters whose text `-` sets
    wake 3                digits of `@`, 2 or 3
    silent                what is not in the table is not answered at all

The device has to be told `Y` first. sim.status is what Q tells; sim.alert("!") sends
an alert, sim.orders has what it was ordered to do, sim.pressed when keys came.
"""

import os
import pathlib
import select
import time

from serialsim import Fault, SerialSim, to_bytes

DEVICES = pathlib.Path(__file__).resolve().parent / "apc"
COMMANDS = "SKZDAUW^\x0e@"   # the rest is asked for
TWICE = "KZ\x0e"
GAP = (1.0, 5.0)             # seconds between the two


class Table:
    def __init__(self, text):
        self.answers, self.edit, self.wake, self.silent = {}, "", 3, False
        for line in text.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            letter, arrow, answer = line.partition(" => ")
            word, _, rest = line.partition(" ")
            if arrow:
                self.answers[to_bytes(letter).decode("latin-1")] = \
                    to_bytes(answer).decode("latin-1")
            elif word == "edit":
                self.edit = rest
            elif word == "wake":
                self.wake = int(rest)
            elif word == "silent":
                self.silent = True
            else:
                raise ValueError(f"no line of a device: {line}")


def capabilities(text, locale):
    """What each letter can be set to, as the device itself knows it."""
    found, before = {}, 2 if text.startswith("##") else 0
    at = 0 if before else 1
    while at + before + 4 <= len(text):
        letter, where, count, width = text[at + before:at + before + 4]
        at += before + 4
        count, width = ord(count) - 48, ord(width) - 48
        values = [text[at + i * width:at + (i + 1) * width] for i in range(count)]
        at += count * width
        if where in ("4", locale):
            found[letter] = values
    return found


class ApcSim(SerialSim):
    def __init__(self, device, port):
        path = DEVICES / f"{device}.txt"
        table = Table(path.read_text() if path.exists() else device)
        self.values, self.edit, self.wake, self.silent = (table.answers, table.edit, table.wake,
                                                          table.silent)
        caps = self.values.get("\x1a", "")
        self.choices = capabilities(caps, (self.values.get("b") or self.values.get("V", " "))[-1])
        self.status, self.smart = 0x08, False
        self.orders = []             # "S", "@005", "K", ...
        self.pressed = []            # (key, time)
        self.refused = ""            # keys that are answered NO
        self.bypassed = False
        self.echo = False            # the cable sends back what it gets
        self.faults = ""             # letters that self.fault is for; none: all
        self._key, self._text, self._after = "", None, 0
        super().__init__("unknown silent", port)

    def alert(self, letters):
        self._say(self._master, letters.encode("latin-1"))

    def change(self, status, letters=""):
        """As a device does: it knows, and says so."""
        self.status = status
        self.alert(letters)

    # ------------------------------------------------------------------ the line

    def _run(self):
        while not self._stopping:
            master = self._master
            try:
                ready, _, _ = select.select([self._wake[0]] + ([master] if master is not None else []),
                                            [], [])
                if self._wake[0] in ready:
                    os.read(self._wake[0], 64)
                    continue
                for byte in os.read(master, 256):
                    if self.echo:
                        self._say(master, bytes([byte]))
                    self._key_pressed(master, chr(byte))
            except (OSError, ValueError):
                time.sleep(0.01)

    def _key_pressed(self, master, key):
        if self.fault is Fault.SILENT and not self.faults:
            return
        if self._text is not None and self._take_text(master, key):
            return
        if key == "\xff":
            return
        self.asked.append(key)
        self.pressed.append((key, time.monotonic()))
        if self.hook:
            self.hook(key)
        if key == "Y":
            self.smart = True
            return self._reply(master, key, "SM")
        if not self.smart:
            return None
        if key == "R":
            self.smart = False
            return self._reply(master, key, "BYE")
        return self._smart_key(master, key)

    def _smart_key(self, master, key):
        if key in self.refused:
            return self._reply(master, key, "NO")
        if key == "\x9f":
            self._text = key
        elif key == "@" and key in self.values:
            self._text = key
        elif key == "-":
            self._change(master)
        elif key in COMMANDS and key in self.values:
            self._order(master, key)
        else:
            self._key = key
            self._reply(master, key, self._value(key))
        return None

    def _value(self, key):
        if key == "Q":
            return f"{self.status:02X}"
        if key in self.values:
            return self.values[key]
        return "" if self.silent else "NA"

    def _order(self, master, key):
        if key in TWICE:
            first = self.pressed[-2] if len(self.pressed) > 1 else ("", 0)
            gap = self.pressed[-1][1] - first[1]
            if first[0] != key or not GAP[0] <= gap <= GAP[1]:
                return
        if key == "S" and not self.status & 0x10:
            return self._reply(master, key, "NA")
        if key == "^":
            self.bypassed = not self.bypassed
            self.orders.append(key)
            return self._reply(master, key, "BYP" if self.bypassed else "INV")
        if key == "D":
            self.status ^= 0x01
        if key == "U":
            self.change(self.status & ~0x08 | 0x10, "!")
        self.orders.append(key)
        return self._reply(master, key, self.values[key])

    def _take_text(self, master, key):
        """The digits of `@`, the second byte behind 0x9f, or a text that is set."""
        self._text += key
        text = self._text
        if text[0] == "\x9f":
            self._text = None
            self.asked.append(text)
            self._reply(master, text, self._value(text))
        elif text[0] == "@":
            if not key.isdigit():
                self._text = None
                return False
            if len(text) == 1 + self.wake:
                self._text = None
                self.orders.append(text)
                self._reply(master, "@", self.values["@"])
        elif len(text) == 9:
            self._text = None
            self.values[self._key] = text[1:].replace("\r", "")
            self.orders.append(f"{self._key}={self.values[self._key]}")
            self._reply(master, "-", "OK")
        return True

    def _change(self, master):
        if self._key in self.choices:
            values = self.choices[self._key]
            now = self.values[self._key]
            at = values.index(now) if now in values else -1
            self.values[self._key] = values[(at + 1) % len(values)]
            self._reply(master, "-", "OK")
        elif self._key and self._key in self.edit:
            self._text = "-"
        else:
            self._reply(master, "-", "NO")

    def _reply(self, master, key, answer):
        if self.faults and key not in self.faults or self.fault is Fault.NONE:
            data = answer.encode("latin-1") + b"\r\n" if answer not in ("", "-") else b""
            return self._say(master, data)
        if self.fault is Fault.SILENT:
            return None
        if self.fault is Fault.GARBAGE:
            return self._say(master, bytes((11 * i + 3) % 256 for i in range(20)) + b"\r\n")
        return self._spoil(master, answer.encode("latin-1") + b"\r\n", key.encode("latin-1"))

