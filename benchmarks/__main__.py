"""Run all benchmarks, or those that are named: ``python -m benchmarks compose send``."""

import sys

from benchmarks import compose, send, start, template

ALL = {"start": start, "compose": compose, "template": template, "send": send}

for name in sys.argv[1:] or ALL:
    ALL[name].run()
