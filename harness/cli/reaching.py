"""The options that say which bus is meant, the same wherever they stand: `--bus` and `--bus-config`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

config: Final = click.option(
    "--bus-config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Kafka client properties for HOST:PORT: certificates, and a prefix of topics and groups.",
)

options: Final = (
    click.option(
        "--bus",
        default="memory",
        show_default=True,
        metavar="BUS",
        help="memory, local, container, or HOST:PORT of a running broker.",
    ),
    config,
)
