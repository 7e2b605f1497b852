"""Is the answer JSON, and does it hold to its schema?"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from osler.core.block import block, canonical
from osler.core.errors import SpecError
from osler.core.types import Example, Prediction
from osler.evaluation.metrics.kinds import MeanOfCases, said
from osler.evaluation.metrics.structure.reading import json_of


@functools.lru_cache(maxsize=256)
def validator(schema: bytes) -> Any:
    """A validator of the jsonschema package for a schema in canonical JSON; SpecError where that is no schema."""
    import jsonschema

    content = orjson.loads(schema)
    kind = jsonschema.validators.validator_for(content, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(content)
    except jsonschema.SchemaError as problem:
        raise SpecError(
            f"the schema of the answer is no JSON schema: {problem.message}", hint="see json-schema.org"
        ) from None
    return kind(content)


@block
class JsonParses(MeanOfCases):
    """Share of answers that are JSON. ``strict``: the model's last reply must be JSON and nothing else."""

    title: ClassVar[str] = "JSON read"
    definition: ClassVar[str] = (
        "Answers from which a JSON object or list could be read / cases; with strict, replies that are JSON as a whole."
    )
    binary: ClassVar[bool] = True
    strict: bool = False

    def of_case(self, example: Example, prediction: Prediction) -> float | str:
        if not self.strict:
            return float(json_of(said(prediction)) is not None)
        if prediction.failure or not prediction.replies:
            return 0.0 if prediction.failure else "the reply was not kept"
        try:
            value = orjson.loads(prediction.replies[-1].text)
        except orjson.JSONDecodeError:
            return 0.0
        return float(isinstance(value, (dict, list)))


@block
class SchemaValid(MeanOfCases):
    """Share of answers that hold to the JSON schema: the field ``schema``, else ``meta["schema"]`` of the case."""

    title: ClassVar[str] = "Valid against the schema"
    definition: ClassVar[str] = (
        "Answers valid against the task's JSON schema / cases; one that is no JSON is not valid."
    )
    binary: ClassVar[bool] = True
    schema: Mapping[str, Any] = {}

    def of_case(self, example: Example, prediction: Prediction) -> float | str:
        schema = self.schema or example.meta.get("schema")
        if not schema:
            return "the case has no schema"
        holds = validator(canonical(schema))
        value = json_of(said(prediction))
        return float(value is not None and holds.is_valid(value))
