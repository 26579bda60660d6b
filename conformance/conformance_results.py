# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results of the conformance program, as doc/conformance-results.md describes them: reading them, and putting what
they say into words."""

import json

FORMAT = "ntalpc conformance result"
VERSION = 1


class ResultError(Exception):
    """Something is wrong with a file; the text says what, and what to do."""


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
    except OSError as error:
        raise ResultError(f"{path} cannot be read: {error.strerror}; give the path of a result file") from error
    except ValueError as error:
        raise ResultError(f"{path} is not JSON ({error}); was the run that wrote it ended early?") from error
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        raise ResultError(f"{path} is not a result of alpc_conformance; write one with alpc_conformance --output=FILE")
    if result.get("format_version") != VERSION:
        raise ResultError(f"{path} has version {result.get('format_version')} of the format, this tool knows {VERSION}; "
                          "use the tool that came with the program")
    return result


def system_name(result):
    """"Windows 10.0.19045.4412 x86_64" """
    system = result["system"]
    words = [system["kind"], system["wine_version"] or system["version"], system["machine"]]
    if system["layer"] != "ntdll":
        words.append(f"with {system['layer']}")
    return " ".join(words)


def is_windows(result):
    return result["system"]["kind"] == "Windows"


def by_name(result):
    return {test["test"]: test for test in result["tests"]}


def title(test):
    return f"{test['test']} ({test['id']}, {test['confidence']})"


# ---- Rows ----

def argument_text(argument):
    if isinstance(argument, dict):
        return "{" + ", ".join(f"{name} {argument_text(value)}" for name, value in argument.items()) + "}"
    if isinstance(argument, bool):
        return "yes" if argument else "no"
    if isinstance(argument, int):
        return f"{argument:#x}" if argument >= 0x1000 else str(argument)
    return "null" if argument is None else str(argument)


def row_text(row):
    if "call" in row:
        text = f"{row['call']}({', '.join(map(argument_text, row['arguments']))}) = {argument_text(row['result'])}"
    elif "expression" in row:
        text = f"{row['expression']}: {row['status']}"
        if row["expected"] != row["status"]:
            text += f", expected {row['expected']}"
    else:
        text = f"{row['name']}: {argument_text(row['value'])}"
    # How often something was seen in a row may be a matter of time; whether more than once is not.
    return text + (" (several times)" if row.get("times", 1) > 1 else "")


def is_polling(row, following):
    """A call that times out and is made again at once: how often is a matter of time."""
    return (following is not None and row.get("call") is not None and row["call"] == following.get("call")
            and str(row["result"]).startswith("STATUS_TIMEOUT "))


def rows_by_thread(test):
    threads = {}
    for row in test["observations"]:
        threads.setdefault(row["thread"], []).append(row)
    return {thread: [row_text(row) for row, following in zip(rows, [*rows[1:], None]) if not is_polling(row, following)]
            for thread, rows in threads.items()}


def same_rows(one, other):
    """Threads that do the same are not told apart: which of them a message reaches is chance."""
    first, second = rows_by_thread(one), rows_by_thread(other)
    return first.pop(0, []) == second.pop(0, []) and sorted(first.values()) == sorted(second.values())
