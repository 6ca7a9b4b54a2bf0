#!/usr/bin/python3
"""Executes notebooks from scratch. Writes nothing into them: they are kept without outputs.

    notebooks/execute.py --figures docs/notebooks notebooks/*.ipynb    # the pictures in docs
    notebooks/execute.py --small notebooks/*.ipynb                     # what the tests do

Needs python3-nbclient, python3-ipykernel, python3-pandas and python3-matplotlib.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

root = Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--wanlab", type=Path, default=root / "build/release/wanlab", help="the program")
    parser.add_argument("--run", type=Path, help="the run folder that is looked at; default: a small run is made")
    parser.add_argument("--figures", type=Path, help="a folder that keeps the pictures")
    parser.add_argument("--small", action="store_true", help="small inputs")
    options = parser.parse_args()
    try:
        import nbclient
        import nbformat
    except ImportError as error:
        sys.exit(f"{error}: apt-get install python3-nbclient python3-ipykernel python3-pandas python3-matplotlib")

    with tempfile.TemporaryDirectory() as folder:
        environment = {"WANLAB": str(options.wanlab.resolve()), "MPLBACKEND": "agg", "IPYTHONDIR": folder,
                       "MPLCONFIGDIR": folder}
        if options.small:
            environment["WANLAB_SMALL"] = "1"
        if options.figures:
            options.figures.mkdir(parents=True, exist_ok=True)
            environment["WANLAB_FIGURES"] = str(options.figures.resolve())
        run = options.run
        if run is None:
            scenario = root / "scenarios/smoke/small-ramp.json"
            subprocess.run([options.wanlab.resolve(), "run", scenario, "--quiet", "--out", folder], check=True)
            run = Path(folder) / "small-ramp/1"
        environment["WANLAB_RUN"] = str(run.resolve())
        os.environ.update(environment)
        for path in options.notebooks:
            notebook = nbformat.read(path, as_version=4)
            for cell in notebook.cells:
                if cell.get("outputs") or cell.get("execution_count"):
                    sys.exit(f"{path} holds outputs: commit it without")
            client = nbclient.NotebookClient(notebook, timeout=280 if options.small else 3600, kernel_name="python3",
                                             resources={"metadata": {"path": str(path.resolve().parent)}})
            try:
                client.execute()
            except nbclient.exceptions.CellExecutionError as error:
                sys.exit(f"{path}: {error}")
            print(f"{path.name}: {len(notebook.cells)} cells")


if __name__ == "__main__":
    main()
