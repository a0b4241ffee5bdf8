"""The schema, and how an operation is run on it. `python -m api.schema` writes api/schema.graphql anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import strawberry
from graphql import GraphQLError, MaxIntrospectionDepthRule
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from api.context import ApiContext
from api.errors import record
from api.event_types import Event
from api.graph_types import Node
from api.guard import action_of, check, check_aliases, operation_of, read_document
from api.mutations import Mutation
from api.queries import Query
from api.rows import value_of
from api.scalars import DATE_TIME, DateTime
from api.settings import ApiSettings

SDL = Path(__file__).parent / "schema.graphql"


class ApiSchema(strawberry.Schema):
    """A schema that logs errors without their words: those may quote what a client sent."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Called by Strawberry for the errors of each operation."""
        del execution_context
        for error in errors:
            record(error)


class Guard(SchemaExtension):
    """Checks an operation before anything of it runs."""

    def on_execute(self) -> Iterator[None]:
        """Raises ApiError, which becomes the operation's only error."""
        execution = self.execution_context
        context: ApiContext = execution.context
        document = execution.graphql_document
        settings = context.services.settings
        if document is not None:
            check_aliases(document, settings)
            operation = operation_of(document, execution.operation_name)
            schema = execution.schema._schema
            read = operation and read_document(schema, document, operation, execution.variables or {})
            if operation is not None and read:
                context.action = action_of(read, operation)
                check(read, operation, context.caller, settings)
                context.document = read
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
    config = StrawberryConfig(default_resolver=value_of, scalar_map={DateTime: DATE_TIME})
    return ApiSchema(Query, Mutation, types=[Node, Event], extensions=extensions, config=config)


if __name__ == "__main__":
    SDL.write_text(build_schema(ApiSettings()).as_str() + "\n")
