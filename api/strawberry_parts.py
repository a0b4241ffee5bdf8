"""The undocumented parts of Strawberry and graphql-core that this package uses, in one place.

tests/api/test_strawberry_parts.py tests each part. Both packages have an upper bound in
pyproject.toml: raise it once those tests pass with the new version.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLResolveInfo, GraphQLSchema
from strawberry.exceptions import MissingQueryError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UnsetType

__all__ = [
    "BaseGraphQLTransportWSHandler",
    "CannotGetOperationTypeError",
    "InvalidOperationTypeError",
    "MissingQueryError",
    "OneOfInputValidationRule",
    "Operation",
    "OperationType",
    "PreExecutionError",
    "Shaped",
    "ShapedExecution",
    "UnsetType",
    "WebSocketDisconnected",
    "call_directly",
    "core_info",
    "core_schema",
]

Resolver = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Shaped:
    """A finished value, which GraphQL's execution does not change. See api.response_plans."""

    value: Any


class ShapedExecution(StrawberryGraphQLCoreExecutionContext):
    """Execution that does not complete finished values again."""

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        """GraphQL's CompleteValue, for what is not finished."""
        if isinstance(result, Shaped):
            return result.value
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """The schema of graphql-core behind Strawberry's."""
    return schema._schema


def core_info(info: strawberry.Info[Any, Any]) -> GraphQLResolveInfo[Any]:
    """The info that graphql-core passes to a resolver."""
    return info._raw_info


def call_directly(schema: strawberry.Schema, chosen: Callable[[Resolver], bool]) -> None:
    """Let the chosen root fields call their resolver without converted arguments: it gets None for each.

    Converting a where-tree into unused instances takes a tenth of a request.
    """
    core = core_schema(schema)
    for type_ in (core.query_type, core.mutation_type):
        for field in type_.fields.values() if type_ else ():
            definition = _definition_of(field)
            if chosen(resolver := definition.base_resolver.wrapped_func):
                field.resolve = _direct(resolver, definition)


def _definition_of(field: GraphQLField) -> Any:
    return field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]


def _direct(resolver: Resolver, definition: Any) -> Resolver:
    absent = dict.fromkeys(argument.python_name for argument in definition.arguments)

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **_arguments: Any) -> Awaitable[Any]:
        return resolver(source, strawberry.Info(_raw_info=info, _field=definition), **absent)

    return resolve
