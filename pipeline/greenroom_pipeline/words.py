"""How people call what a model is about, from `[words]`; a part of the report."""

from __future__ import annotations

from pydantic import Field

from greenroom_pipeline.observations import Document


class Words(Document):
    """Names for sentences and forms; where one is missing, the data's own name stands."""

    row: str = Field("row", description="What one row is, such as `flight`.")
    rows: str = Field("rows", description="The plural, such as `flights`.")
    classes: dict[str, str] = Field({}, description="By class, such as `late` for `1`.")
    columns: dict[str, str] = Field({}, description="By column.")
    units: dict[str, str] = Field({}, description="By column, such as `miles`.")
