"""Commands in comments where there is no server: a job answers what it can, and says what it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from greenroom_pipeline.answering import Comments, Doers, Outcome, answer_comment
from greenroom_pipeline.app_server import GitHub
from greenroom_pipeline.commands import Command
from greenroom_pipeline.configuration import FILE, load_settings
from greenroom_pipeline.errors import ForgeError
from greenroom_pipeline.forge import Forge, PullRequest
from greenroom_pipeline.forge.choice import open_comments
from greenroom_pipeline.forge.registration import DEFAULT_WORKFLOW
from greenroom_pipeline.hints import CommandHint, read_hint
