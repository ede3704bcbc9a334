"""The rules of a run: those of its packs, selected by prefix, set up as configured."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Protocol

import msgspec

from archlint.errors import ConfigError, RulePackError, UsageError
from archlint.findings import Notification, Severity
from archlint.ruleset.own import OWN_RULES, UNREADABLE
from archlint.ruleset.packs import EVERYTHING, Pack, RuleFile, builtin_pack, read_pack
from archlint.ruleset.params import resolve_params
from archlint.ruleset.rule_file import display
from archlint.ruleset.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from archlint.ruleset.rule import Rule, RuleMeta
    from archlint.template.model import Json


class PackSource(Protocol):
    """A pack of the configuration: `path` None is the built-in one."""

    @property
    def path(self) -> Path | None:
        """The folder; None for the built-in pack."""

    @property
    def python(self) -> bool:
        """Whether its Python rules may run."""


class Settings(Protocol):
    """What the configuration says about one rule."""

    @property
    def severity(self) -> Severity | None:
        """What findings of the rule are instead."""

    @property
    def params(self) -> Mapping[str, Json]:
        """Values of parameters by name."""


class RunSettings(Protocol):
    """The part of the configuration that chooses rules."""

    @property
    def packs(self) -> Sequence[PackSource]:
        """The rule packs."""

    @property
    def select(self) -> tuple[str, ...]:
        """Prefixes of the rules to run; none means all that are on by default."""

    @property
    def ignore(self) -> tuple[str, ...]:
        """Prefixes of the rules not to run."""

    @property
    def extend_select(self) -> tuple[str, ...]:
        """Prefixes of rules to run besides."""

    @property
    def rules(self) -> Mapping[str, Settings]:
        """Settings by rule ID."""

    @property
    def per_file_ignores(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Globs and the prefixes of the rules that are not reported there."""

    def source(self, key: str) -> str:
        """Where a key was set, for error messages."""


class Registry(msgspec.Struct, frozen=True, dict=True):
    """All rules of the configured packs, and which of them this run uses."""

    packs: tuple[Pack, ...]
    settings: RunSettings
    files: Mapping[str, RuleFile]
    notifications: tuple[Notification, ...] = ()

    @classmethod
    def load(cls, settings: RunSettings) -> Registry:
        """The packs and the selection of a configuration; raises RulePackError and ConfigError."""
        packs = tuple(
            builtin_pack() if source.path is None else read_pack(source.path, python=source.python)
            for source in settings.packs
        )
        files: dict[str, RuleFile] = {}
        for pack in packs:
            for file in pack.files:
                other = files.setdefault(file.id, file)
                if other is not file:
                    raise RulePackError(f"rule {file.id} is also in {display(other.path)}", display(file.path))
        registry = cls(packs, settings, dict(sorted(files.items())), tuple(_notes(packs)))
        registry._check_settings()
        return registry

    @functools.cached_property
    def selected(self) -> tuple[Rule, ...]:
        """The rules of this run by ID, with their configured parameters and severity."""
        return tuple(self.configured(file) for file in self.files.values() if self._is_chosen(file))

    def own_severity(self, rule_id: str) -> Severity:
        """The severity of one of archlint's own rules as configured."""
        settings = self.settings.rules.get(rule_id)
        configured = settings.severity if settings is not None else None
        return configured or OWN_RULES[rule_id].severity

    @functools.cached_property
    def selected_metas(self) -> tuple[RuleMeta, ...]:
        """What the rules of this run and archlint's own selected ones say about themselves, by ID."""
        own = [meta for meta in OWN_RULES.values() if self.is_selected(meta.id)]
        return tuple(sorted([*own, *(rule.meta for rule in self.selected)], key=lambda meta: meta.id))

    @property
    def metas(self) -> tuple[RuleMeta, ...]:
        """Every rule's description, selected or not, archlint's own among them, by ID."""
        found = [*OWN_RULES.values(), *(file.rule.meta for file in self.files.values())]
        return tuple(sorted(found, key=lambda meta: meta.id))

    @functools.cached_property
    def known_ids(self) -> frozenset[str]:
        """Every rule ID there is; those of Python rules that may not run too, as far as their text shows them."""
        skipped = (rule_id for pack in self.packs for rule_id in pack.skipped_ids)
        return frozenset([*self.files, *OWN_RULES, *skipped])

    def is_selected(self, rule_id: str) -> bool:
        """Whether a rule, or one of archlint's own, is part of this run."""
        if rule_id in self.files:
            return self._is_chosen(self.files[rule_id])
        own = OWN_RULES.get(rule_id)
        if own is None:
            return False
        if rule_id == UNREADABLE:
            return not {rule_id, own.name} & set(self.settings.ignore)
        return self._is_on(own.id, own.name, enabled=True)

    def find(self, id_or_name: str) -> RuleFile | RuleMeta:
        """The rule with this ID or name, or one of archlint's own; raises UsageError with a suggestion."""
        wanted = id_or_name.strip()
        for own in OWN_RULES.values():
            if wanted.upper() == own.id or wanted == own.name:
                return own
        for file in self.files.values():
            if wanted.upper() == file.id or wanted == file.name:
                return file
        names = [*self.known_ids, *(file.name for file in self.files.values())]
        raise UsageError(f'there is no rule "{id_or_name}"', hint=did_you_mean(wanted, names))

    def configured(self, file: RuleFile) -> Rule:
        """The rule as the configuration sets it up; raises ConfigError for parameters that do not fit."""
        rule = file.rule
        settings = self.settings.rules.get(rule.meta.id)
        params = resolve_params(
            rule.meta, settings.params if settings is not None else None, self._where(f"rules.{rule.meta.id}")
        )
        return msgspec.structs.replace(
            rule, params=params, severity=settings.severity if settings is not None else None
        )

    def _is_chosen(self, file: RuleFile) -> bool:
        return self._is_on(file.id, file.name, enabled=file.enabled)

    def _is_on(self, rule_id: str, name: str, *, enabled: bool) -> bool:
        """The longest prefix decides; `ignore` wins a tie. A rule that is off by default must be selected."""
        settings = self.settings
        chosen = _longest((*settings.select, *settings.extend_select), rule_id, name)
        if chosen < 0 and enabled and not settings.select:
            chosen = 0
        return chosen > _longest(settings.ignore, rule_id, name) if chosen >= 0 else False

    def _where(self, key: str) -> str | None:
        source = self.settings.source(key)
        return None if source == "default" else source

    def _check_settings(self) -> None:
        """A prefix or a table that means no rule is a misspelling."""
        names = {file.name for file in self.files.values()} | {meta.name for meta in OWN_RULES.values()}
        chosen = {"select": self.settings.select, "ignore": self.settings.ignore}
        for key, wanted in {**chosen, "extend-select": self.settings.extend_select}.items():
            for prefix in wanted:
                if prefix in names or prefix == EVERYTHING or any(known.startswith(prefix) for known in self.known_ids):
                    continue
                prefixes = {known.rstrip("0123456789") for known in self.known_ids}
                hint = did_you_mean(prefix, [*prefixes, *self.known_ids, *names])
                raise ConfigError(f'no rule begins with "{prefix}"', self._where(key) or key, hint)
        for glob, prefixes_of_glob in self.settings.per_file_ignores:
            for prefix in prefixes_of_glob:
                if not any(known.startswith(prefix) for known in self.known_ids):
                    hint = did_you_mean(prefix, self.known_ids)
                    key = "per-file-ignores"
                    where = self._where(f"{key}.{glob}") or key
                    raise ConfigError(f'{key}, {glob}: no rule begins with "{prefix}"', where, hint)
        for rule_id in self.settings.rules:
            if rule_id not in self.known_ids:
                hint = did_you_mean(rule_id, self.known_ids)
                raise ConfigError(f"rules.{rule_id}: there is no such rule", self._where(f"rules.{rule_id}"), hint)
            if rule_id in OWN_RULES:
                resolve_params(OWN_RULES[rule_id], self.settings.rules[rule_id].params, self._where(f"rules.{rule_id}"))


def _longest(prefixes: Iterable[str], rule_id: str, name: str) -> int:
    """The length of the longest prefix of a rule; a name counts as its whole ID, ALL as nothing; -1 for none."""
    lengths = [-1]
    for prefix in prefixes:
        if prefix == EVERYTHING:
            lengths.append(0)
        elif prefix == name:
            lengths.append(len(rule_id))
        elif prefix and rule_id.startswith(prefix):
            lengths.append(len(prefix))
    return max(lengths)


def _notes(packs: Iterable[Pack]) -> Iterable[Notification]:
    for pack in packs:
        if pack.skipped:
            yield Notification(
                f"{len(pack.skipped)} Python rules of pack {pack.name} did not run: Python packs are not allowed here"
            )
