"""`vlmkg train`: data, and the stages."""

import click

from training.data_cli import data


@click.group()
def train() -> None:
    """Make training data, train a model in stages."""


train.add_command(data)
