"""The script that the front runs for each visit."""

from greenroom_portal.router import route

route()
