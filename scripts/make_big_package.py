"""Makes what `sam build` would leave behind for two functions of the example shop, without the downloads.

The files have the real names and the measured unpacked sizes of these wheels, but hold only holes, so that
600 MB of packages take no room on the disk and no time. The folder is ignored by git.
"""

import sys
from pathlib import Path

SHOP = Path(__file__).parents[1] / "examples" / "shop"
MEGABYTE = 1_000_000

# Unpacked cp313 manylinux wheels, in bytes.
PYARROW = {
    "pyarrow/libarrow.so.2200": 62 * MEGABYTE,
    "pyarrow/libarrow_flight.so.2200": 31 * MEGABYTE,
    "pyarrow/libparquet.so.2200": 14 * MEGABYTE,
    "pyarrow/libarrow_compute.so.2200": 48 * MEGABYTE,
    "pyarrow/lib.cpython-313-aarch64-linux-gnu.so": 16 * MEGABYTE,
}
NUMPY = {
    "numpy.libs/libscipy_openblas64_.so": 30 * MEGABYTE,
    "numpy/_core/_multiarray_umath.cpython-313-aarch64-linux-gnu.so": 23 * MEGABYTE,
}
LEARNING = {
    "scipy.libs/libscipy_openblas.so": 24 * MEGABYTE,
    "scipy/special/_ufuncs.cpython-313-aarch64-linux-gnu.so": 88 * MEGABYTE,
    "pandas/_libs/algos.cpython-313-aarch64-linux-gnu.so": 43 * MEGABYTE,
    "sklearn/ensemble/_hist_gradient_boosting/histogram.cpython-313-aarch64-linux-gnu.so": 31 * MEGABYTE,
    "model.joblib": 2 * MEGABYTE,
}
BUILDS = {
    "ScoreFraud": ("score_fraud", {**PYARROW, **NUMPY, **LEARNING}),
    "ExportOrders": ("export_orders", {**PYARROW, **NUMPY}),
}


def build(shop: Path) -> None:
    """Writes `orders/.aws-sam/build` of the shop: one folder for each function and the built template."""
    target = shop / "orders" / ".aws-sam" / "build"
    for logical_id, (source, files) in BUILDS.items():
        for name, size in files.items():
            path = target / logical_id / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as hollow:
                hollow.truncate(size)
        handler = shop / "orders" / "src" / source / "app.py"
        (target / logical_id / "app.py").write_bytes(handler.read_bytes())
    (target / "template.yaml").write_text(built_template(), encoding="utf-8")


def built_template() -> str:
    """The part of the built template that says which folder belongs to which function."""
    lines = ["Transform: AWS::Serverless-2016-10-31", "Resources:"]
    for logical_id in BUILDS:
        lines += [
            f"  {logical_id}:",
            "    Type: AWS::Serverless::Function",
            "    Properties:",
            f"      CodeUri: {logical_id}",
            "      Handler: app.handler",
            "      Runtime: python3.13",
            "    Metadata:",
            f"      SamResourceId: {logical_id}",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else SHOP)
