"""Takes libtensorflow, its headers and NVIDIA's libraries out of wheels; nothing is installed as a Python package.

usage: unpack.py WHEEL_FOLDER DEPS_FOLDER INCLUDE_FOLDER
"""

import pathlib
import shutil
import sys
import zipfile

wheels, deps, include = map(pathlib.Path, sys.argv[1:])
LIBRARIES = ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2")
HEADERS = "tensorflow/include/"


def target(name):
    """Where a file of a wheel goes, or None for what is not needed."""
    if name in LIBRARIES:
        return deps / "lib" / pathlib.PurePosixPath(name).name
    if name.startswith(HEADERS):
        return include / name[len(HEADERS):]
    if name.startswith("nvidia/") and "/lib/" in name and ".so" in name:
        return deps / name
    return None


for wheel in sorted(wheels.glob("*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            path = None if item.is_dir() else target(item.filename)
            if path is None:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(item) as source, open(path, "wb") as destination:
                shutil.copyfileobj(source, destination, 1 << 20)
