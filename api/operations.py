"""Queries and mutations: parsed and validated once per text, checked at each request, run by graphql-core's executor.

Strawberry builds the schema and runs subscriptions. POST requests bypass its extensions, which cost a part of each
request.
"""

import asyncio
from collections import OrderedDict
from functools import partial
from inspect import isawaitable
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    MaxIntrospectionDepthRule,
    OperationType,
    execute,
    parse,
    specified_rules,
    validate,
)
from strawberry.types import ExecutionResult

from api.arguments import check_arguments, check_repeats, check_variables, introspections
from api.context import ApiContext
from api.errors import ApiError, record
from api.guard import Ready, admit, operation_of, ready_of
from api.strawberry_parts import (
    InvalidOperationTypeError,
    OneOfInputValidationRule,
    PreExecutionError,
    ShapedExecution,
)
from api.strawberry_parts import OperationType as Kind

MOST_REMEMBERED = 256
LONGEST_REMEMBERED = 16_384
"""Most valid documents in the cache, and most characters of each: some tens of MB in total."""

SHORT = 1_024
"""Signs of a text that is read at once: that takes some milliseconds."""

RULES = (*specified_rules, MaxIntrospectionDepthRule, OneOfInputValidationRule)


class _InvalidError(Exception):
    """The document is not valid GraphQL."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors


class Operations:
    """Runs operations of one schema. A document may have `max_tokens` tokens."""

    def __init__(self, schema: GraphQLSchema, max_tokens: int) -> None:
        self._schema = schema
        self._max_tokens = max_tokens
        self._remembered: OrderedDict[str, Ready] = OrderedDict()

    @property
    def remembered(self) -> list[str]:
        """The cached texts, the most recently used last."""
        return list(self._remembered)

    async def run(self, query: str, variables: dict[str, Any], context: ApiContext) -> ExecutionResult:
        """The result, including errors; a PreExecutionError if nothing was run."""
        try:
            check_variables(variables)
            ready = await self._ready_soon(query, context.operation_name)
            _require_by_post(ready, context.operation_name)
            looks = introspections(ready.document, context.services.settings.max_cost)
            admit(context, self._schema, ready, variables)
            check_arguments(context.document)
        except _InvalidError as invalid:
            return _refused(invalid.errors)
        except GraphQLError as error:
            return _refused([error])
        except Exception as error:  # noqa: BLE001 - masked, and recorded where it is none of ours
            return _refused([GraphQLError(str(error), original_error=error)])
        run = partial(
            execute,
            self._schema,
            ready.document,
            context_value=context,
            variable_values=variables,
            operation_name=context.operation_name,
            executor_class=ShapedExecution,
        )
        # Telling of the schema takes a tenth of a second, which the other requests must not wait for.
        result = await asyncio.to_thread(run) if looks else run()
        done = await result if isawaitable(result) else result
        _record_all(done.errors)
        return ExecutionResult(data=done.data, errors=done.errors)

    async def faults(self, query: str, name: str | None) -> list[GraphQLError]:
        """The errors of a document, which is read beside the event loop. For subscriptions, which Strawberry runs."""
        try:
            await self._ready_soon(query, name)
        except _InvalidError as invalid:
            return invalid.errors
        except GraphQLError as error:
            return [error]
        except ApiError as error:
            return [GraphQLError(str(error), original_error=error)]
        return []

    async def _ready_soon(self, query: str, name: str | None) -> Ready:
        """The document, parsed and validated; in a thread if it is long."""
        known = self._remembered.get(query)
        if known is not None:
            self._remembered.move_to_end(query)
            return known
        ready = await asyncio.to_thread(self._read, query, name) if len(query) > SHORT else self._read(query, name)
        if len(query) <= LONGEST_REMEMBERED:
            self._remembered[query] = ready
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return ready

    def _read(self, query: str, name: str | None) -> Ready:
        document = parse(query, max_tokens=self._max_tokens)
        operation_of(document, name)
        check_repeats(document)
        errors = validate(self._schema, document, RULES)
        if errors:
            raise _InvalidError(errors)
        return ready_of(document)


def _require_by_post(ready: Ready, name: str | None) -> None:
    if operation_of(ready.document, name).operation is OperationType.SUBSCRIPTION:
        raise InvalidOperationTypeError(Kind.SUBSCRIPTION)


def _refused(errors: list[GraphQLError]) -> PreExecutionError:
    _record_all(errors)
    return PreExecutionError(data=None, errors=errors)


def _record_all(errors: list[GraphQLError] | None) -> None:
    for error in errors or ():
        record(error)
