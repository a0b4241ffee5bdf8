"""The schema and its guard. `python -m api.schema` rewrites api/schema.graphql."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import strawberry
from graphql import GraphQLError, MaxIntrospectionDepthRule
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from api.errors import ApiError, Code, record
from api.event_types import Event
from api.graph_types import Node
from api.guard import admit, ready_of
from api.mutations import Mutation
from api.queries import Query
from api.resolvers import READS_ARGUMENTS
from api.scalars import DATE_TIME, DateTime
from api.settings import ApiSettings
from api.strawberry_parts import ShapedExecution, call_directly, core_schema
from api.subscriptions import Subscription

SDL = Path(__file__).parent / "schema.graphql"


class ApiSchema(strawberry.Schema):
    """A schema that logs errors without their messages, which may quote a client's data."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Called by Strawberry for the errors of each operation."""
        del execution_context
        for error in errors:
            record(error)


class Guard(SchemaExtension):
    """Checks a subscription before anything of it runs. See api.operations for POST requests."""

    def on_execute(self) -> Iterator[None]:
        """Raises ApiError or GraphQLError, which becomes the operation's only error."""
        execution = self.execution_context
        # Every operation was parsed and checked before this point.
        if execution.graphql_document is None:
            raise ApiError(Code.BAD_REQUEST, "the document has no operation: send a query, mutation or subscription")
        schema = core_schema(execution.schema)
        admit(execution.context, schema, ready_of(execution.graphql_document), execution.variables or {})
        yield


def build_schema(settings: ApiSettings) -> strawberry.Schema:
    """The schema with the limits of these settings."""
    extensions: list[Any] = [
        lambda: MaxTokensLimiter(max_token_count=settings.max_tokens),
        ParserCache,
        lambda: AddValidationRules([MaxIntrospectionDepthRule]),
        ValidationCache,
        Guard,
    ]
    schema = ApiSchema(
        Query,
        Mutation,
        Subscription,
        types=[Node, Event],
        extensions=extensions,
        execution_context_class=ShapedExecution,
        config=StrawberryConfig(scalar_map={DateTime: DATE_TIME}),
    )
    call_directly(schema, _reads_arguments)
    return schema


def _reads_arguments(resolver: Callable[..., Any]) -> bool:
    return bool(getattr(resolver, READS_ARGUMENTS, False))


if __name__ == "__main__":
    SDL.write_text(build_schema(ApiSettings()).as_str() + "\n")
