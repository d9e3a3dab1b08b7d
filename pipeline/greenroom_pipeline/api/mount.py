"""Where the API stands in the application that serves it: at every path below /api."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import BaseRoute, Mount, Route, compile_path

PATH = "/api"


class Rest(Convertor[str]):
    """What is left of a path. Starlette's own ends at a line break, and lets others answer what has one."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("rest", Rest())


class ApiMount(Mount):
    def __init__(self, api: Starlette) -> None:
        super().__init__(PATH, app=api)
        self.path_regex, self.path_format, self.param_convertors = compile_path(f"{PATH}/{{path:rest}}")


def mount_api(api: Starlette) -> list[BaseRoute]:
    return [ApiMount(api), Route(PATH, endpoint=api)]


def is_api(path: str) -> bool:
    """Say whether the API answers a path, be it that there is nothing."""
    return path == PATH or path.startswith(f"{PATH}/")
