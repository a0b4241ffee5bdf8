"""The schema, and how an operation is run on it. `python -m api.schema` writes api/schema.graphql anew."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLResolveInfo, MaxIntrospectionDepthRule
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types import ExecutionContext

from api.errors import ApiError, Code, record
from api.event_types import Event
from api.graph_types import Node
from api.guard import admit, ready_of
from api.mutations import Mutation
from api.queries import Query
from api.resolvers import READS_ARGUMENTS, Info
from api.response_plans import Shaped
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
    """Execution that leaves finished values as they are: see api.response_plans."""

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        """GraphQL's CompleteValue, for what is not finished."""
        if isinstance(result, Shaped):
            return result.value
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)


class Guard(SchemaExtension):
    """Checks a subscription before anything of it runs. See api.operations for what comes by POST."""

    def on_execute(self) -> Iterator[None]:
        """Raises ApiError or GraphQLError, which becomes the operation's only error."""
        execution = self.execution_context
        # Nothing gets past this without having been read and checked.
        if execution.graphql_document is None:
            raise ApiError(Code.BAD_REQUEST, "there is nothing to run")
        admit(
            execution.context, execution.schema._schema, ready_of(execution.graphql_document), execution.variables or {}
        )
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
    _answer_directly(schema)
    return schema


def _answer_directly(schema: strawberry.Schema) -> None:
    """Call resolvers that read their arguments themselves (api.resolvers.reads_arguments) as they are: converting a
    where-tree into instances that nobody looks at takes a tenth of a request."""
    for type_ in (schema._schema.query_type, schema._schema.mutation_type):
        for field in type_.fields.values() if type_ else ():
            definition = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
            resolver = definition.base_resolver.wrapped_func
            if getattr(resolver, READS_ARGUMENTS, False):
                field.resolve = _direct(resolver, definition)


def _direct(resolver: Callable[..., Awaitable[Any]], definition: Any) -> Callable[..., Awaitable[Any]]:
    absent = dict.fromkeys(argument.python_name for argument in definition.arguments)

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **_arguments: Any) -> Awaitable[Any]:
        return resolver(source, Info(_raw_info=info, _field=definition), **absent)

    return resolve


if __name__ == "__main__":
    SDL.write_text(build_schema(ApiSettings()).as_str() + "\n")
