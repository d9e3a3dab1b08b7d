"""Entry point of the host's process: `python -m greenroom_services.host --state DIR --cache DIR`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import get_args

from greenroom_services.errors import ServiceError
from greenroom_services.host.limits import HostLimits, from_option
from greenroom_services.host.logs import configure_logging
from greenroom_services.host.names import LOOPBACK, Entrance
from greenroom_services.host.server import serve
from greenroom_services.runtimes.choice import RuntimeChoice, RuntimeName


def main() -> int:
    parser = argparse.ArgumentParser(prog="greenroom_services.host", description="Run previews.")
    parser.add_argument("--state", type=Path, required=True, help="folder of this host")
    parser.add_argument("--cache", type=Path, required=True, help="folder of the models' environments")
    parser.add_argument("--gateway-host", default=LOOPBACK, help="address that the gateway listens on")
    parser.add_argument("--gateway-port", type=int, default=0, help="its port; 0 takes a free one")
    parser.add_argument("--gateway-name", help="its public name, such as models.example.com")
    parser.add_argument("--preview-domain", help="domain below which each preview has a name")
    parser.add_argument("--limits", type=from_option, default=HostLimits(), help="limits, as JSON")
    parser.add_argument(
        "--runtime", choices=get_args(RuntimeName), default="process", help="what runs previews"
    )
    parser.add_argument("--image", default="", help="image of previews' containers")
    parser.add_argument("--attached", action="store_true", help="stop when standard input ends")
    parser.add_argument(
        "--transient", action="store_true", help="wake nothing by itself: this host soon ends"
    )
    options = parser.parse_args()
    configure_logging()
    serving = serve(
        options.state,
        cache=options.cache,
        entrance=Entrance(
            options.gateway_host, options.gateway_port, options.gateway_name, options.preview_domain
        ),
        limits=options.limits,
        runtime=RuntimeChoice(options.runtime, options.image),
        attached=options.attached,
        transient=options.transient,
    )
    try:
        asyncio.run(serving)
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
