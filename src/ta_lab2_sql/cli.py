"""The command ta-lab2: finds the commands, and turns every failure into one line and an exit code."""

from __future__ import annotations

import gc
import importlib
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from ta_lab2_sql import commands, errors
from ta_lab2_sql._version import __version__
from ta_lab2_sql.pipes import bear_leaving_readers
from ta_lab2_sql.settings import Settings


class Commands(click.Group):
    """A group whose commands are the modules of `ta_lab2_sql.commands`, imported only when one runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        modules = (path.stem for path in Path(commands.__path__[0]).glob("*.py"))
        return sorted(name.replace("_", "-") for name in modules if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, known, n=3)
            todo = f"did you mean {' or '.join(near)}?" if near else "ta-lab2 --help lists the commands"
            raise errors.WrongUsage(f"no such command '{name}'", "the command line", todo)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self._short_help(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _short_help(self, ctx: click.Context, name: str) -> str:
        """The first line of the module's docstring, read without importing the module."""
        import ast

        path = Path(commands.__path__[0]) / f"{name.replace('-', '_')}.py"
        documentation = ast.get_docstring(ast.parse(path.read_bytes()))
        if documentation:
            return documentation.splitlines()[0]
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit=100) if command else ""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            settings = ctx.find_object(Settings)
            if settings is not None and settings.verbose:
                import traceback

                click.echo(errors.mask(traceback.format_exc()), err=True, nl=False)
            failure = errors.describe(error)
            if failure is None:
                failure = errors.TaLabError(
                    f"{type(error).__name__}: {error}", "inside ta-lab2", "run again with -v and report it"
                )
            raise failure from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--db-url",
    "db_urls",
    metavar="URL",
    multiple=True,
    help="PostgreSQL to use; default: TA_LAB2_DATABASE_URL, DATABASE_URL, "
    "the PG* variables, else the embedded server. refresh spreads over several nodes of a cluster.",
)
@click.option(
    "--schema", metavar="S", help="Schema of the installation; default: the connection's first, public."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document (streams: one object a line).")
@click.option("-v", "--verbose", is_flag=True, help="Say more; errors with their traceback.")
@click.option("-q", "--quiet", is_flag=True, help="Print results only.")
@click.version_option(__version__, prog_name="ta-lab2")
@click.pass_context
def cli(
    ctx: click.Context,
    db_urls: tuple[str, ...],
    schema: str | None,
    as_json: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Validated price bars and EMAs, computed and stored inside PostgreSQL."""
    if verbose and quiet:
        raise errors.WrongUsage("-v and -q contradict each other", "the command line", "give one of them")
    if schema is not None and (not schema or schema.startswith("pg_") or len(schema.encode()) > 63):
        raise errors.WrongUsage(
            f"'{schema}' can't be a schema",
            "--schema",
            "give a name of 1 to 63 bytes that doesn't start with pg_",
        )
    if len(db_urls) > 1 and ctx.invoked_subcommand != "refresh":
        raise errors.WrongUsage(
            f"{ctx.invoked_subcommand} works on one database",
            "--db-url",
            "give it once; refresh takes several",
        )
    ctx.obj = Settings(
        db_url=db_urls[0] if db_urls else None,
        schema=schema,
        json=as_json,
        verbose=verbose,
        quiet=quiet,
        other_urls=db_urls[1:],
    )


def _of_all(context: click.Context | None) -> set[str]:
    """The options of the whole program, for a command that was given one of them."""
    if context is None or context.parent is None:
        return set()
    return {name for option in cli.params for name in option.opts}


def report(failure: click.ClickException) -> int:
    """Print a failure as one line; return its exit code."""
    message = failure.format_message()
    if isinstance(failure, click.UsageError):
        path = failure.ctx.command_path if failure.ctx else "ta-lab2"
        path = path.replace("python -m ta_lab2_sql", "ta-lab2")
        if isinstance(failure, click.NoSuchOption) and failure.option_name in _of_all(failure.ctx):
            message = f"{failure.option_name} stands before the command, after ta-lab2"
        message = f"{message.rstrip('.')}; {path}; {path} --help tells more"
    for detail in getattr(failure, "details", ()):
        click.echo(errors.one_line(detail), err=True)
    click.echo(f"error: {errors.one_line(message)}", err=True)
    return failure.exit_code


def main(args: list[str] | None = None) -> NoReturn:
    """Run the program and end the process."""
    bear_leaving_readers()
    # Most of what a command makes are modules, which stay: they needn't be looked through again and again.
    gc.set_threshold(50_000, 20, 100)
    try:
        code = cli.main(args, prog_name="ta-lab2", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        click.echo(help_wanted.format_message(), err=True)
        code = 2
    except click.ClickException as failure:
        code = report(failure)
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "error: interrupted; ta-lab2; what was committed stays, run it again for the rest", err=True
        )
        code = 130
    # Nor at the end of the process.
    gc.freeze()
    sys.exit(code if isinstance(code, int) else 0)
