"""`vlmkg graph browser-settings`."""

import click

from graph.browser.settings import server_settings


@click.command()
@click.option("--guide", metavar="ADDRESS", help="Address of the guide, as the browsers of users reach it.")
@click.option("--docker", is_flag=True, help="Print variables for `docker run --env-file` instead.")
def browser_settings(guide: str | None, *, docker: bool) -> None:
    """Print the settings by which a Neo4j shows words, colours and the guide in Neo4j Browser to whoever connects.

    They are lines for neo4j.conf.
    """
    for name, value in server_settings(guide).items():
        click.echo(f"{variable(name) if docker else name}={value}")


def variable(setting: str) -> str:
    """The environment variable by which Neo4j's image takes a setting: `.` is `_`, and `_` is `__`."""
    return "NEO4J_" + setting.replace("_", "__").replace(".", "_")
