"""One part of a bundle, rewritten: placeholders to parameters, Jinja's tests to conditions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.proton_export.parameters import Parameters, camel, condition_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.model import Body, Json, ProtonBundle, Template

_ORDER = ("AWSTemplateFormatVersion", "Description", "Transform", "Metadata", "Parameters", "Mappings", "Conditions")
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+|\[[^\]]*\])*")
_SUBSTITUTED = re.compile(r"\$\{(\w+)")
_POLICIES = "proton_cfn_iam_policy_arns"
_JINJA = "jinja:"


class Rewrite:
    """Rewrites one template; `notes` then say what is left to do by hand."""

    def __init__(self, bundle: ProtonBundle, template: Template) -> None:
        self.notes: list[str] = []
        self._template = template
        data = template.document.data
        self._data: Body = data if isinstance(data, dict) else {}
        self._expressions = template.proton.expressions if template.proton is not None else {}
        self._paths = template.proton.paths if template.proton is not None else {}
        self._word = re.compile("|".join(map(re.escape, self._expressions)) or r"(?!)")
        sections = (template.section(name) for name in ("Resources", "Parameters", "Conditions"))
        self._parameters = Parameters(bundle, [key for section in sections for key in section])
        self._conditions: dict[str, str] = {}
        self._given: dict[str, str] = {}
        self._moved = dict(self._filled_in_mappings())

    def run(self) -> Body:
        """The whole template as plain CloudFormation."""
        conditions = self._new_conditions()
        rewritten = {name: self._section(name, body) for name, body in self._data.items() if name != "Conditions"}
        for parameter, name in self._given.items():
            conditions[name] = {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
        self._note_loops()
        self._drop_unused(rewritten, conditions)
        parameters = {**_mapping(rewritten.get("Parameters")), **self._parameters.declared}
        rewritten.update({"Parameters": parameters, "Conditions": conditions})
        first = [name for name in _ORDER if rewritten.get(name)]
        rest = [name for name in rewritten if name not in _ORDER]
        return {name: rewritten[name] for name in (*first, *rest)}

    def _drop_unused(self, rewritten: Body, conditions: Body) -> None:
        """Takes out the conditions made here whose list is left to be done by hand, and parameters like that."""
        made = {*self._conditions.values(), *self._given.values()}
        while True:
            named = set(_names_in([*rewritten.values(), *conditions.values()]))
            unused = [name for name in conditions if name in made and name not in named]
            if not unused:
                break
            for name in unused:
                del conditions[name]
        for name in [name for name in self._parameters.declared if name not in named]:
            del self._parameters.declared[name]

    def _new_conditions(self) -> Body:
        """The conditions under names that CloudFormation takes; the template's own first."""
        section = self._template.section("Conditions")
        for name in section:
            if name.startswith(_JINJA):
                test = re.sub(r"\b\w+(?:\[\])?\.(?:inputs\.)?", "", name.split(":", 2)[2])
                self._conditions[name] = self._parameters.free_name(camel(test)[:100])
        return {
            self._conditions.get(name, name): self._value(condition_body(body, self._parameters))
            if isinstance(body, dict)
            else body
            for name, body in section.items()
        }

    def _section(self, name: str, body: Json) -> Json:
        """A section; descriptions take no function, so expressions stay in them as words."""
        if name == "Description" and isinstance(body, str):
            return self._word.sub(lambda match: self._expressions[match[0]], body)
        if name == "Mappings":
            return self._without_moved(_mapping(body))
        if name == "Parameters":
            return {key: self._own_parameter(declared) for key, declared in _mapping(body).items()}
        found = self._value(body)
        if name == "Outputs" and isinstance(body, dict) and isinstance(found, dict):
            for key, output in body.items():
                rewritten = found.get(self._name(key))
                if isinstance(output, dict) and isinstance(rewritten, dict) and "Description" in output:
                    rewritten["Description"] = self._section("Description", output["Description"])
        return found

    def _filled_in_mappings(self) -> Iterator[tuple[str, str]]:
        """The values of `Mappings` that Jinja fills in, which CloudFormation does not allow there."""
        for name, first in self._template.section("Mappings").items():
            for key, second in _mapping(first).items():
                for attribute, value in _mapping(second).items():
                    if isinstance(value, str) and self._word.search(value):
                        yield f"{name}.{key}.{attribute}", value

    def _without_moved(self, mappings: Body) -> Body:
        kept = {
            name: {
                key: {
                    attribute: value
                    for attribute, value in second.items()
                    if f"{name}.{key}.{attribute}" not in self._moved
                }
                for key, second in _mapping(first).items()
                if isinstance(second, dict)
            }
            for name, first in mappings.items()
        }
        pruned = {name: {key: second for key, second in first.items() if second} for name, first in kept.items()}
        return {name: first for name, first in pruned.items() if first}

    def _own_parameter(self, declared: Json) -> Json:
        """A parameter of the template itself: its default must be plain, so an input's own default takes its place."""
        if not isinstance(declared, dict):
            return declared
        default = declared.get("Default")
        if isinstance(default, str) and self._word.search(default):
            paths = self._paths.get(default, ())
            known = self._parameters.default_of(paths[0]) if len(paths) == 1 else None
            others = {key: value for key, value in declared.items() if key != "Default"}
            return others if known is None else {**others, "Default": known}
        return declared

    def _value(self, value: Json) -> Json:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [found for item in value for found in self._item(item)]
        if isinstance(value, dict):
            return self._mapping(value)
        return value

    def _item(self, item: Json) -> list[Json]:
        """A list item; one that a filter made several is one optional parameter, or left out with a note."""
        word = _several(item)
        expression = self._expressions.get(word, "") if word is not None else ""
        if word is None or "proton_cfn_" not in expression:
            return [self._value(item)]
        if _POLICIES not in expression:
            self._note(f"the list of {expression}")
            return []
        name = self._parameters.optional(next(iter(self._paths.get(word, ())), expression))
        if name not in self._given:
            self._given[name] = self._parameters.free_name(f"Has{name}")
        return [{"Fn::If": [self._given[name], {"Ref": name}, {"Ref": "AWS::NoValue"}]}]

    def _mapping(self, value: Body) -> Json:
        if len(value) == 1:
            [(key, child)] = value.items()
            if key == "Ref" and isinstance(child, str):
                return {key: self._name(child)}
            if key == "Fn::GetAtt" and isinstance(child, list):
                return {key: [self._name(part) if isinstance(part, str) else self._value(part) for part in child]}
            if key == "Fn::FindInMap" and isinstance(child, list):
                moved = self._moved.get(".".join(map(str, child[:3])))
                return self._text(moved) if moved is not None else {key: self._value(child)}
            if key == "Fn::Sub":
                return {key: self._substitution(child)}
            if key == "Fn::If" and isinstance(child, list) and child:
                return {key: [self._condition(child[0]), *(self._value(branch) for branch in child[1:])]}
            if key == "Condition":
                return {key: self._condition(child)}
        return {found[0]: found[1] for key, child in value.items() if (found := self._entry(key, child)) is not None}

    def _entry(self, key: str, child: Json) -> tuple[str, Json] | None:
        expression = self._expressions.get(key, "")
        if "proton_cfn_" in expression:
            self._note(f"the entries of {expression}")
            return None
        if key == "Condition" and isinstance(child, str):
            return key, self._condition(child)
        if key == "DependsOn":
            names = child if isinstance(child, list) else [child]
            return key, [self._name(name) if isinstance(name, str) else name for name in names]
        return self._name(key), self._value(child)

    def _condition(self, name: Json) -> Json:
        return self._conditions.get(name, name) if isinstance(name, str) else self._value(name)

    def _text(self, text: str) -> Json:
        """A scalar: the parameter itself, or a text with parameters in it."""
        if text in self._expressions:
            return {"Ref": self._parameter(text)}
        if self._word.search(text) is None:
            return text
        return {"Fn::Sub": self._filled(text.replace("${", "${!"))}

    def _substitution(self, child: Json) -> Json:
        if isinstance(child, str):
            return self._filled(child)
        if isinstance(child, list) and child and isinstance(child[0], str):
            return [self._filled(child[0]), *(self._value(part) for part in child[1:])]
        return child

    def _filled(self, text: str) -> str:
        return self._word.sub(lambda match: "${" + self._parameter(match[0]) + "}", text)

    def _parameter(self, word: str) -> str:
        expression = self._expressions[word]
        paths = self._paths.get(word, ())
        if len(paths) == 1 and _PLAIN_NAME.fullmatch(expression):
            return self._parameters.of_path(paths[0])
        return self._parameters.of_expression(expression, paths)

    def _name(self, text: str) -> str:
        """A logical ID or key: an expression in it becomes letters, since no parameter may stand there."""
        return self._word.sub(lambda match: self._letters(match[0]), text)

    def _letters(self, word: str) -> str:
        expression = self._expressions[word]
        return "1" if expression.startswith("loop.") else camel(expression.rpartition(".")[2])

    def _note_loops(self) -> None:
        part = self._template.proton
        for path, guards in part.loops.items() if part is not None else ():
            loops = [guard.removeprefix("for ") for guard in guards if guard.startswith("for ")]
            if loops:
                where = self._name(".".join(map(str, path)))
                self._note(f"{where}, written once: repeat it for each of {', '.join(loops)}")

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _names_in(value: Json) -> Iterator[str]:
    """Whatever may name a parameter or a condition: texts, and `${Name}` inside them."""
    if isinstance(value, str):
        yield value
        yield from _SUBSTITUTED.findall(value)
    elif isinstance(value, list | dict):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _names_in(child)


def _several(item: Json) -> str | None:
    """The one word of a list item, also of one that an `{% if %}` adds."""
    if isinstance(item, dict):
        branches = item.get("Fn::If")
        item = branches[1] if isinstance(branches, list) and len(branches) > 1 else None
    return item if isinstance(item, str) else None


def _mapping(value: Json) -> Body:
    return value if isinstance(value, dict) else {}
