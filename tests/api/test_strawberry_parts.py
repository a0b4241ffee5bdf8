"""What api/strawberry_parts.py relies upon in Strawberry and graphql-core: a new version of either has to pass this."""

import ast
import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_origin

import pytest
import strawberry
from graphql import GraphQLSchema, execute, parse, validate
from graphql.execution import Executor
from strawberry.asgi import GraphQL

from api.strawberry_parts import (
    BaseGraphQLTransportWSHandler,
    CannotGetOperationTypeError,
    InvalidOperationTypeError,
    MissingQueryError,
    OneOfInputValidationRule,
    Operation,
    OperationType,
    PreExecutionError,
    Shaped,
    ShapedExecution,
    UnsetType,
    WebSocketDisconnected,
    call_directly,
    core_info,
    core_schema,
)

ROOT = Path(__file__).parents[2]
DOCUMENTED = {
    "strawberry",
    "strawberry.asgi",
    "strawberry.exceptions",
    "strawberry.extensions",
    "strawberry.schema.config",
    "strawberry.subscriptions",
    "strawberry.tools",
    "strawberry.types",
}


@strawberry.input
class Wanted:
    word: str


@strawberry.type
class Answer:
    word: str
    other: str


@strawberry.input(one_of=True)
class OneOf:
    a: strawberry.Maybe[int]
    b: strawberry.Maybe[int]


SEEN: list[Any] = []


@strawberry.type
class Query:
    @strawberry.field(graphql_type=Answer)
    def finished(self) -> Shaped:
        return Shaped({"anything": [1, None]})

    @strawberry.field
    def asked(self, info: strawberry.Info[Any, None], wanted: Wanted | None = None, two_words: int = 2) -> str:
        SEEN.append((wanted, two_words))
        return core_info(info).field_name

    @strawberry.field
    def chosen(self, given: OneOf) -> int:
        del given
        return 1


@pytest.fixture
def schema() -> strawberry.Schema:
    SEEN.clear()
    return strawberry.Schema(Query)


def run(schema: strawberry.Schema, query: str) -> Any:
    done = execute(core_schema(schema), parse(query), executor_class=ShapedExecution)
    assert done.errors is None
    return done.data


def test_the_schema_of_graphql_core_is_behind_strawberrys(schema: strawberry.Schema) -> None:
    assert isinstance(core_schema(schema), GraphQLSchema)
    assert core_schema(schema).query_type is not None


def test_graphql_core_completes_each_value_by_one_method(schema: strawberry.Schema) -> None:
    names = ["self", "return_type", "field_details_list", "info", "path", "result", "position_context"]
    assert list(inspect.signature(Executor.complete_value).parameters) == names
    assert run(schema, "{ finished { word } }") == {"finished": {"anything": [1, None]}}


def test_resolvers_are_found_behind_fields_and_called_directly(schema: strawberry.Schema) -> None:
    query = '{ asked(wanted: {word: "x"}, twoWords: 3) }'
    assert run(schema, query) == {"asked": "asked"}
    call_directly(schema, lambda resolver: resolver.__name__ == "asked")
    assert run(schema, query) == {"asked": "asked"}
    assert [(Wanted(word="x"), 3), (None, None)] == SEEN


def test_one_of_is_validated_by_a_rule_that_stands_by_itself(schema: strawberry.Schema) -> None:
    document = parse("{ chosen(given: {a: 1, b: 2}) }")
    assert len(validate(core_schema(schema), document, [OneOfInputValidationRule])) == 1
    assert validate(core_schema(schema), parse("{ chosen(given: {a: 1}) }"), [OneOfInputValidationRule]) == []


async def test_what_did_not_run_is_told_from_what_ran(schema: strawberry.Schema) -> None:
    assert isinstance(await schema.execute("{"), PreExecutionError)
    assert not isinstance(await schema.execute("{ asked }"), PreExecutionError)
    for query, error in (("", MissingQueryError), ("fragment f on Query { asked }", CannotGetOperationTypeError)):
        with pytest.raises(error):
            await schema.execute(query)
    with pytest.raises(InvalidOperationTypeError):
        await schema.execute("{ asked }", allowed_operation_types={OperationType.SUBSCRIPTION})


def test_the_handler_of_subscriptions_has_the_hooks_that_we_use() -> None:
    """How they work together is held by tests/api/test_subscriptions.py, on real sockets."""
    assert get_origin(GraphQL.graphql_transport_ws_handler_class) is BaseGraphQLTransportWSHandler
    for hook, parameters in (("handle", ["self"]), ("shutdown", ["self"]), ("run_operation", ["self", "operation"])):
        method = getattr(BaseGraphQLTransportWSHandler, hook)
        assert inspect.iscoroutinefunction(method), hook
        assert list(inspect.signature(method).parameters) == parameters, hook
    source = inspect.getsource(BaseGraphQLTransportWSHandler)
    for used in ("self.view", "self.context", "self.websocket", "self.operations", "self.connection_acknowledged"):
        assert f"{used} = " in source or f"{used}: " in source, used
    assert {"id", "query", "variables", "operation_name"} <= set(Operation.__slots__)
    assert issubclass(WebSocketDisconnected, Exception)
    assert isinstance(strawberry.UNSET, UnsetType)
    assert UnsetType() is strawberry.UNSET


def test_undocumented_parts_are_used_in_one_module_alone() -> None:
    found = {
        (path.name, module)
        for path in (ROOT / "api").rglob("*.py")
        for module in _modules(ast.parse(path.read_text()))
        if module.partition(".")[0] == "strawberry" and module not in DOCUMENTED
    }
    assert {name for name, _ in found} == {"strawberry_parts.py"}
    private = {
        (path.name, node.attr)
        for path in (ROOT / "api").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"_schema", "_raw_info", "_field"}
        if not (isinstance(node.value, ast.Name) and node.value.id == "self")
    }
    assert private == {("strawberry_parts.py", "_schema"), ("strawberry_parts.py", "_raw_info")}


@pytest.mark.parametrize("package", ["strawberry-graphql", "graphql-core"])
def test_the_next_minor_version_is_not_installed_unseen(package: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (bound,) = [text.partition("<")[2] for text in extras["api"] if text.startswith(package)]
    major, minor, *_ = version(package).split(".")
    assert bound == f"{major}.{int(minor) + 1}"


def _modules(tree: ast.AST) -> list[str]:
    nodes = list(ast.walk(tree))
    named = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return named + [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
