# SPDX-License-Identifier: BSD-3-Clause
"""The dump of the IPv4 routes by the kernel's Python library for netlink specs (tools/net/ynl/pyynl).

usage: pyynl_dump.py PYYNL SPEC RUNS

Prints a line per run: nanoseconds to have the list, routes. Reading the spec is not counted.
"""

import sys
import time

pyynl, spec, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path.insert(0, pyynl)

from lib import YnlFamily  # noqa: E402

family = YnlFamily(spec, "")
for _ in range(runs):
    start = time.monotonic_ns()
    routes = family.dump("getroute", {"rtm-family": 2})
    print(time.monotonic_ns() - start, len(routes))
