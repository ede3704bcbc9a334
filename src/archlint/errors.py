"""The errors a user can repair; everything else that is raised is a bug."""


class ArchlintError(Exception):
    """Something outside archlint is wrong; `hint` says what to do, `where` is `path:line:col` when known."""

    def __init__(self, message: str, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}; {self.hint}" if self.hint else text


class UsageError(ArchlintError):
    """The command line asks for something that cannot be done."""


class ConfigError(ArchlintError):
    """The configuration file is wrong."""


class RulePackError(ArchlintError):
    """A rule pack or one of its rules is wrong."""


class BaselineError(ArchlintError):
    """The baseline file is wrong."""


class TemplateError(ArchlintError):
    """A file that is meant to be a template cannot be read.

    `line` and `column` are 1-based; they point at the place where reading stopped making sense.
    """

    def __init__(self, message: str, line: int = 1, column: int = 1, hint: str | None = None) -> None:
        super().__init__(message, None, hint)
        self.line = line
        self.column = column
