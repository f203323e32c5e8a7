"""Run all benchmarks, or those that are named: ``python -m benchmarks compose send``. Some have parts, which may follow:
``python -m benchmarks bulk campaign journal``."""

import sys

from benchmarks import bulk, compose, inbox, send, start, template

ALL = {"start": start, "compose": compose, "template": template, "send": send, "bulk": bulk, "inbox": inbox}

wanted: list[tuple[str, list[str]]] = []
for word in sys.argv[1:] or ALL:
    if word in ALL:
        wanted.append((word, []))
    elif wanted:
        wanted[-1][1].append(word)
    else:
        sys.exit(f"there is no benchmark {word}; there are {', '.join(ALL)}")
for name, parts in wanted:
    ALL[name].run(*parts)
