"""`make bench-features`: measure the parts that are asked for and write docs/benchmarks/features.md."""

import argparse
from pathlib import Path

from benchmarks.features.parts import PARTS
from benchmarks.features.report import report_text
from benchmarks.features.results import add_results, read_results
from benchmarks.features.systems import ROOT

PAGE = ROOT / "docs" / "benchmarks" / "features.md"


def main() -> None:
    found = _arguments()
    found.work.mkdir(parents=True, exist_ok=True)
    for part in found.part:
        run, events = PARTS[part]
        try:
            add_results(found.work, part, run(found.work, int(found.events or events)))
        except NotImplementedError as missing:
            print(f"{part}: not there yet: {missing}")
    found.page.write_text(report_text(read_results(found.work)))
    print(f"wrote {found.page.name}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features")
    parser.add_argument("--work", type=Path, default=Path(".bench"), help="folder for worlds and results")
    parser.add_argument("--part", nargs="*", choices=PARTS, default=list(PARTS), help="default: all")
    parser.add_argument("--events", type=float, help="such as 1e6, for a quick look; default: what the part needs")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
