"""The schema, and how an operation is run on it. `python -m api.schema` writes api/schema.graphql anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import strawberry
from graphql import GraphQLError, MaxIntrospectionDepthRule
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionContext

from api.answers import Shaped
from api.context import ApiContext
from api.errors import ApiError, Code, record
from api.event_types import Event
from api.graph_types import Node
from api.guard import action_of, check, check_aliases, operation_of, read_document
from api.mutations import Mutation
from api.queries import Query
from api.scalars import DATE_TIME, DateTime
from api.settings import ApiSettings
from api.subscriptions import Subscription

SDL = Path(__file__).parent / "schema.graphql"


class ApiSchema(strawberry.Schema):
    """A schema that logs errors without their words: those may quote what a client sent."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Called by Strawberry for the errors of each operation."""
        del execution_context
        for error in errors:
            record(error)


class ShapedExecution(StrawberryGraphQLCoreExecutionContext):
    """Execution that leaves finished values as they are: see api.answers."""

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        """GraphQL's CompleteValue, for what is not finished."""
        if isinstance(result, Shaped):
            return result.value
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)


class Guard(SchemaExtension):
    """Checks an operation before anything of it runs."""

    def on_execute(self) -> Iterator[None]:
        """Raises ApiError or GraphQLError, which becomes the operation's only error."""
        execution = self.execution_context
        context: ApiContext = execution.context
        document = execution.graphql_document
        settings = context.services.settings
        # Nothing gets past this without having been read and checked.
        if document is None:
            raise ApiError(Code.BAD_REQUEST, "there is nothing to run")
        check_aliases(document, settings)
        operation = operation_of(document, context.operation_name)
        context.document = read_document(execution.schema._schema, document, operation, execution.variables or {})
        context.action = action_of(context.document, operation)
        check(context.document, operation, context.caller, settings)
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
    return ApiSchema(
        Query,
        Mutation,
        Subscription,
        types=[Node, Event],
        extensions=extensions,
        execution_context_class=ShapedExecution,
        config=StrawberryConfig(scalar_map={DateTime: DATE_TIME}),
    )


if __name__ == "__main__":
    SDL.write_text(build_schema(ApiSettings()).as_str() + "\n")
