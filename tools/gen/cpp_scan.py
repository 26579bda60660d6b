# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which names the conformance tests use, directly and through the helpers that they call. This reads C++ only as far as
that needs: comments and strings are dropped, functions are found by their braces, and a name stands for every function
or class of that name that the file can mean."""

import re
from dataclasses import dataclass, field

NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^#(?:[^\n]*\\\n)*[^\n]*', re.S | re.M)
NAME = re.compile(r"(?:lpc::)?\b[A-Za-z_]\w*\b")
CALL = re.compile(r"\s*(?:<[^;(){}]*>)?\s*\(")
TYPE_BEFORE = re.compile(r"(\w+|[>&*])\s+[&*]?$")
TEST = re.compile(r"\s*ALPC_TEST\(\s*(\w+)\s*,\s*(\w+)\s*,\s*")
CONSTANT = re.compile(r"\s*(?:static |inline )*const(?:expr)? [^=(){}]*?(\w+)\s*=(.*)$", re.S)
STATEMENTS = {"if", "for", "while", "switch", "do", "else", "try", "catch", "return", "namespace", "enum"}


@dataclass
class Function:
    name: str  # qualified with lpc:: in that namespace
    owner: str  # its class, or ""
    text: str
    is_value: bool = False  # a constant, whose name is enough; a function must be called


@dataclass
class Test:
    name: str  # Suite.Name
    ids: list
    remarks: str  # its comments, which name further ids
    source: str
    confidence: str
    line: int
    text: str


@dataclass
class Source:
    path: object
    functions: list = field(default_factory=list)
    tests: list = field(default_factory=list)


def blank(match):
    """As long and with as many lines, so that places stay what they are."""
    text = match[0]
    keep = text[0] if text[0] in "\"'" else " "
    return keep + re.sub(r"[^\n]", " ", text[1:-1]) + keep if len(text) > 1 else text


def end_of_block(text, start):
    """Behind the brace that closes the one at `start`."""
    depth = 0
    for place in range(start, len(text)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place + 1
    return len(text)


def scan(path):
    original = path.read_text(encoding="utf-8")
    source = Source(path)
    scan_block(original, NOISE.sub(blank, original), 0, len(original), "", "", source)
    return source


def scan_block(original, text, start, end, space, owner, source):
    """The functions and tests in a file, a namespace or a class."""
    place = head_start = start
    while place < end:
        letter = text[place]
        if letter == ";":
            if match := CONSTANT.match(text[head_start:place]):
                source.functions.append(Function(space + match[1], "", match[2], True))
            head_start = place + 1
        elif letter == "{":
            after = end_of_block(text, place)
            head = text[head_start:place]
            inner = kind_of(head)
            if inner[0] == "space":
                scan_block(original, text, place + 1, after - 1, "lpc::" if inner[1] == "lpc" else space, owner, source)
            elif inner[0] == "class":
                scan_block(original, text, place + 1, after - 1, space, inner[1], source)
            elif inner[0] == "function":
                add(original, head_start, place, after, text, space, owner, source)
            head_start = place = after
            continue
        place += 1


def kind_of(head):
    if match := re.search(r"\bnamespace\b\s*([\w:]*)", head):
        return ("space", match[1].rsplit("::", 1)[-1])
    if (match := re.search(r"\b(?:class|struct)\s+(\w+)[^()]*$", head)) and "enum" not in head:
        return ("class", match[1])
    first = re.match(r"[#\s]*(\w*)", head)[1]
    return ("function", "") if "(" in head and first not in STATEMENTS else ("other", "")


def add(original, start, brace, after, text, space, owner, source):
    head, body = text[start:brace], text[start:after]
    if match := TEST.match(head):
        ids, says = re.findall(r'"([^"]*)"', original[start + match.end():brace])[:2]
        confidence = re.search(r"(\w+)\s*\)\s*$", head)[1]
        line = original.count("\n", 0, start + len(head) - len(head.lstrip())) + 1
        words = [word.strip() for word in ids.split(",")]
        remarks = " ".join(re.findall(r"//[^\n]*", original[start:after]))
        source.tests.append(
            Test(f"{match[1]}.{match[2]}", words, remarks, says, confidence, line, body[match.end():]))
        return
    match = re.search(r"(?:(\w+)::)*(\w+|operator\s*\S+?)\s*\(", head)
    if match:
        source.functions.append(Function(space + match[2], owner or match[1] or "", body))


def used_names(text):
    """All names; those that are called with parentheses too. "Type name(...)" declares and does not call."""
    names = set()
    for match in NAME.finditer(text):
        names.add(match[0])
        if CALL.match(text, match.end()):
            before = TYPE_BEFORE.search(text, max(0, match.start() - 60), match.start())
            if not before or before[1] in STATEMENTS:
                names.add(match[0] + "()")
    return names


class Graph:
    """What names mean: those of the file itself first, then those of the harness."""

    def __init__(self, sources, harness):
        self.shared = {}
        for source in sources:
            if source.path in harness:
                self.enter(self.shared, source)

    @staticmethod
    def enter(table, source):
        """A class stands for all its members. What must be called stands under its name with parentheses."""
        for function in source.functions:
            if function.owner:
                space = "lpc::" if function.name.startswith("lpc::") else ""
                table.setdefault(space + function.owner, []).append(function)
            else:
                table.setdefault(function.name + ("" if function.is_value else "()"), []).append(function)

    def local_table(self, source):
        table = {}
        self.enter(table, source)
        return table

    def names_of(self, text, local, inside_lpc=False):
        """All names in the text and in what it calls; and every text that was reached."""
        seen, names, texts = set(), set(), []
        waiting = [(text, inside_lpc)]
        while waiting:
            piece, in_lpc = waiting.pop()
            texts.append(piece)
            for name in sorted(used_names(piece)):
                names.add(name.removeprefix("lpc::").removesuffix("()"))
                candidates = ["lpc::" + name, name] if in_lpc and not name.startswith("lpc::") else [name]
                for table, candidate in ((table, c) for c in candidates for table in (local, self.shared)):
                    if candidate in table:
                        for function in table[candidate]:
                            if id(function) not in seen:
                                seen.add(id(function))
                                waiting.append((function.text, function.name.startswith("lpc::")))
                        break
        return names, texts
