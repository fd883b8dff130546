"""The command line: parse arguments, call one function, print. Heavy imports stand inside the commands."""

from archsim.cli.application import app, main

__all__ = ["app", "main"]
