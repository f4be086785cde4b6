"""Reads a JUnit report of ctest and prints "passed failed skipped". Exit code 1 when it holds no test."""

import sys
import xml.etree.ElementTree as tree


def main() -> int:
    try:
        cases = tree.parse(sys.argv[1]).getroot().findall("testcase")
    except (OSError, tree.ParseError) as error:
        print(f"junit_sums: {error}", file=sys.stderr)
        return 1
    passed = sum(case.get("status") == "run" for case in cases)
    skipped = sum(case.get("status") in ("notrun", "disabled") and case.find("skipped") is not None for case in cases)
    print(passed, len(cases) - passed - skipped, skipped)
    return 0 if cases else 1


sys.exit(main())
