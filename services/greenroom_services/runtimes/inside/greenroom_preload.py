"""What a forkserver imports once, so that no preview does: it loads no model and starts no thread."""

from __future__ import annotations

import gc
import sys
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


preload(SERVING)
preload(FLAVOURS)
gc.collect()
# What is here now stays: no fork looks through it for garbage, which would copy the pages that forks share.
gc.freeze()
