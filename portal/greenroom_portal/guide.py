"""Whether somebody has read the guide of a first visit: a cookie that no script reads and that says nothing else."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ADDRESS = "/guide/read"
COOKIE, READ = "greenroom-guide", "read"
_YEAR = 365 * 86400
# The page cannot set a cookie by itself: it shows this picture of one clear pixel, and the cookie comes with it.
_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


async def _remember(_request: Request) -> Response:
    answer = Response(_PICTURE, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})
    answer.set_cookie(COOKIE, READ, max_age=_YEAR, httponly=True, samesite="lax")
    return answer


ROUTE = Route(ADDRESS, _remember, methods=["GET"])
