"""The portal's script; `greenroom_portal/views/app.py` is the same one inside the installed package."""

from greenroom_portal.router import route

route()
