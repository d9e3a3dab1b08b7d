"""What a forkserver imports once, so that no preview does: it loads no model and starts no thread."""

from __future__ import annotations

import gc
import io
import sys
from contextlib import suppress
from importlib import import_module

# Importing makes much that stays and little that goes; looking for that over and over takes long.
gc.disable()

SERVING = (
    "_bentoml_impl.client",
    "_bentoml_impl.loader",
    "_bentoml_impl.serde",
    "_bentoml_impl.server.app",
    "anyio.from_thread",
    "asgiref.sync",
    "bentoml.container",
    "bentoml._internal.configuration.v2",
    "bentoml._internal.runner.container",
    "bentoml._internal.server.http.access",
    "bentoml._internal.server.http.instruments",
    "bentoml._internal.server.http.traffic",
    "bentoml._internal.server.metrics.prometheus",
    "bentoml._internal.utils.telemetry",
    "encodings.cp437",
    "encodings.idna",
    "mlflow.pyfunc",
    "narwhals._interchange.dataframe",
    "narwhals._pandas_like.dataframe",
    "narwhals._pandas_like.expr",
    "narwhals._pandas_like.group_by",
    "narwhals._pandas_like.namespace",
    "narwhals.stable.v2._namespace",
    "opentelemetry.instrumentation.asgi",
    "pandas",
    "prometheus_client.multiprocess",
    "prometheus_client.parser",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.protocols.websockets.wsproto_impl",
)
DESCRIPTION = """
service: service:Rehearsal
name: rehearsal
version: v1
bentoml_version: 1.4.39
creation_time: '2026-01-01T00:00:00+00:00'
labels: {a: b}
models: []
entry_service: Rehearsal
services:
- {name: Rehearsal, service: '', models: [], dependencies: [], config: {traffic: {timeout: 60}}}
envs: []
schema: {name: Rehearsal, type: service, routes: []}
python: {packages: [a], lock_packages: false}
image: {python_version: '3.11', python_requirements: a}
"""
SIGNATURE = {"inputs": '[{"type": "double", "name": "number", "required": true}]', "outputs": None}
# Where the environment has them: the flavours that models of tables come in.
FLAVOURS = (
    "lightgbm",
    "mlflow.lightgbm",
    "mlflow.sklearn",
    "mlflow.xgboost",
    "skops.io",
    "sklearn.calibration",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.feature_extraction.text",
    "sklearn.linear_model",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "sklearn.tree",
    "xgboost",
)


def preload(names: tuple[str, ...]) -> None:
    for name in names:
        # What cannot be imported here fails again where it is missed, with a log that its reader looks at.
        try:
            import_module(name)
        except Exception as error:
            if name in SERVING:
                sys.stderr.write(f"not preloaded: {name} ({type(error).__name__}: {error})\n")


def rehearse() -> None:
    """Do once what every preview does before it knows its model: what libraries prepare for it is shared then."""
    import mlflow.models
    import pandas
    from bentoml._internal.bento.bento import BaseBentoInfo

    BaseBentoInfo.from_yaml_file(io.StringIO(DESCRIPTION))
    frame = pandas.DataFrame({"number": [1.0, None], "text": ["a", None], "whole": [1, 2]})
    for column, kind in (("text", "str"), ("whole", "float64")):
        frame.astype({column: kind}).isna().any()
    frame.to_numpy()
    mlflow.models.Model.from_dict({"flavors": {}, "signature": SIGNATURE})


def rehearse_checks() -> None:
    """Likewise for what scikit-learn does to every table before an estimator sees it."""
    import pandas
    from sklearn.utils.validation import check_array

    frame = pandas.DataFrame({f"column {number}": [0.5, 1.5] for number in range(40)})
    check_array(frame, dtype="float64")
    check_array(frame.astype("float32").astype(object), dtype=None)


preload(SERVING)
preload(FLAVOURS)
for each in (rehearse, rehearse_checks):
    # Another version of a library does without.
    with suppress(Exception):
        each()
gc.collect()
# What is here now stays: no fork looks through it for garbage, which would copy the pages that forks share.
gc.freeze()
