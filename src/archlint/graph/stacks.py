"""Stack instances: one per deployment of a template, so a template nested ten times is ten stacks."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

import msgspec

from archlint.graph.model import Evidence, Node, ResourceGraph
from archlint.template.cdk import STACK_SUFFIX, staged_template
from archlint.template.model import Body, Resource, Template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from archlint.graph.pieces import Whole

NESTED_STACK = "AWS::CloudFormation::Stack"
# A template that nests itself, directly or not, cannot be deployed; deeper real nesting was not seen.
MAX_NESTING = 12
MAX_STACKS = 50_000


class Stack(msgspec.Struct, eq=False):
    """One instance of a template. `arguments` are what the parent passes to its parameters, in the parent's terms."""

    id: str
    template: Template
    parent: Stack | None = None
    nested_id: str | None = None
    """Logical ID of the nested stack resource in the parent."""
    evidence: Evidence = Evidence.DECLARED
    """`reference` when the parent names the template by URL."""
    nodes: dict[str, Node] = msgspec.field(default_factory=dict)
    children: dict[str, list[Stack]] = msgspec.field(default_factory=dict)
    arguments: Body = msgspec.field(default_factory=dict)
    given: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Parameter values that the user gave for this (root) stack."""
    node: Node | None = None
    owner: str | None = None
    service: str = ""
    _derived: Mapping[str, str] | None = None
    non_production: bool = False
    whole: Whole | None = None
    """What this template is a piece of, if it is one."""
    scope: str = ""
    """Whose stack name this is: the stack's own `id`, unless it is a piece of a whole."""

    def __post_init__(self) -> None:
        self.scope = self.scope or self.id

    @property
    def root(self) -> Stack:
        """The stack that is deployed by itself."""
        stack = self
        while stack.parent is not None:
            stack = stack.parent
        return stack

    @property
    def instance(self) -> str | None:
        """The path of nested stacks that leads here, None for a root."""
        return self.id.partition("@")[2] or None

    def derived_names(self) -> Mapping[str, str]:
        """Logical IDs of generated resources by the name that SAM lets templates use: `Function.Alias`, `Api.Stage`."""
        if self._derived is None:
            from archlint.template.sam.references import derived_references

            self._derived = derived_references(self.template.resources)
        return self._derived

    @property
    def folder(self) -> str:
        """Folder of the template, relative to the root of the run."""
        return posixpath.dirname(self.template.name)

    def lineage(self) -> Iterator[Stack]:
        """The stack itself and its parents, innermost first."""
        stack: Stack | None = self
        while stack is not None:
            yield stack
            stack = stack.parent

    def __repr__(self) -> str:
        return f"Stack({self.id!r})"


def build_stacks(templates: Sequence[Template], graph: ResourceGraph) -> list[Stack]:
    """All stack instances with their nodes, in the order of `templates`, each parent before its children.

    A template that another one of the run nests exists only through its parents.
    """
    children = _nesting(templates)
    nested = {id(child) for links in children.values() for _, child, _ in links}
    stacks: list[Stack] = []
    for template in templates:
        if id(template) not in nested:
            _instantiate(template, None, None, Evidence.DECLARED, children, stacks, graph)
    reached = {id(stack.template) for stack in stacks}
    for template in templates:  # a ring of templates that nest each other has no root
        if id(template) not in reached:
            _instantiate(template, None, None, Evidence.DECLARED, {}, stacks, graph)
    return stacks


_Links = dict[int, list[tuple[str, Template, Evidence]]]


def _instantiate(
    template: Template,
    parent: Stack | None,
    nested_id: str | None,
    evidence: Evidence,
    children: _Links,
    stacks: list[Stack],
    graph: ResourceGraph,
) -> None:
    suffix = (
        f"@{parent.template.name}#{nested_id}" + (f"@{parent.instance}" if parent.instance else "") if parent else ""
    )
    stack_id = template.name + suffix
    if parent is not None and nested_id is not None and parent.children.get(nested_id):
        stack_id += f"~{len(parent.children[nested_id])}"  # one nested stack, several templates by condition
        suffix += f"~{len(parent.children[nested_id])}"
    stack = Stack(stack_id, template, parent, nested_id, evidence)
    stacks.append(stack)
    if parent is not None and nested_id is not None:
        parent.children.setdefault(nested_id, []).append(stack)
        given = parent.template.resources[nested_id].properties.get("Parameters")
        if isinstance(given, dict):
            stack.arguments = given
    name = template.name
    add_node, nodes = graph.add_node, stack.nodes
    for logical_id, resource in template.resources.items():
        written = resource.logical_id  # differs from the key where Jinja makes a part of it
        nodes[logical_id] = add_node(Node(f"{name}#{written}{suffix}", resource.type, written, stack, resource))
    ancestors = {id(above.template) for above in stack.lineage()}
    for child_id, child, found in children.get(id(template), ()):
        if id(child) not in ancestors and len(ancestors) <= MAX_NESTING and len(stacks) < MAX_STACKS:
            _instantiate(child, stack, child_id, found, children, stacks, graph)


def _nesting(templates: Sequence[Template]) -> _Links:
    by_name: dict[str, Template] = {template.name: template for template in templates}
    by_file: dict[str, list[Template]] = {}
    links: _Links = {}
    for template in templates:
        for logical_id, resource in template.resources.items():
            if resource.type != NESTED_STACK:
                continue
            if not by_file:
                for other in templates:
                    by_file.setdefault(posixpath.basename(other.name), []).append(other)
            seen = set()
            for location in _locations(template, resource):
                found = _nested_template(template, location, by_name, by_file)
                if found is not None and found[0] is not template and id(found[0]) not in seen:
                    seen.add(id(found[0]))
                    links.setdefault(id(template), []).append((logical_id, *found))
    return links


_HOLE = "\0"
_SUB_VARIABLE = re.compile(r"\$\{[^}{]*\}")


def _locations(template: Template, resource: Resource) -> list[str]:
    """The possible spellings of a nested stack's template, unknown parts as NUL."""
    value = resource.properties.get("TemplateURL")
    body = resource.body.get("Metadata")
    asset = body.get("aws:asset:path") if isinstance(body, dict) else None
    spelled = _spellings(value, template, 0)
    path = resource.declared_at.document.path
    if asset is None and path.name.endswith(STACK_SUFFIX):  # the context of the synthesis may leave it out
        asset = next(filter(None, (staged_template(path.parent, url) for url in spelled)), None)
    return [asset, *spelled] if isinstance(asset, str) else spelled


def _spellings(value: Any, template: Template, depth: int) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, dict) or len(value) != 1 or depth > 20:
        return [_HOLE]
    [(function, argument)] = value.items()
    if function == "Ref":
        return [_file_given(argument, template)]
    if function == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
        return _spellings(argument[1], template, depth + 1) + _spellings(argument[2], template, depth + 1)
    if function == "Fn::Sub":
        text, own = (*argument, {})[:2] if isinstance(argument, list) and argument else (argument, {})
        if not isinstance(text, str):
            return [_HOLE]

        def filled(variable: re.Match[str]) -> str:
            name = variable[0][2:-1]
            if isinstance(own, dict) and name in own:
                found = _spellings(own[name], template, depth + 1)[0]
                return found if found.endswith(_ENDINGS) else _HOLE
            return _file_given(name, template)

        return [_SUB_VARIABLE.sub(filled, text)]
    if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list):
        pieces = [_spellings(item, template, depth + 1)[0] for item in argument[1]]
        return [str(argument[0]).join(pieces)]
    return [_HOLE]


def _file_given(parameter: Any, template: Template) -> str:
    """The file that is this parameter's default; what else a default says is of one deployment."""
    declared = template.section("Parameters").get(parameter) if isinstance(parameter, str) else None
    default = declared.get("Default") if isinstance(declared, dict) else None
    return default if isinstance(default, str) and default.endswith(_ENDINGS) else _HOLE


def _nested_template(
    template: Template, location: str, by_name: dict[str, Template], by_file: dict[str, list[Template]]
) -> tuple[Template, Evidence] | None:
    remote = "://" in location or _HOLE in location
    if not remote:
        local = posixpath.normpath(posixpath.join(posixpath.dirname(template.name), location.replace("\\", "/")))
        if local in by_name:
            return by_name[local], Evidence.DECLARED
        built, folder, _ = local.partition(".aws-sam/")
        for name in ("template.yaml", "template.yml", "template.json") if folder else ():
            if built + name in by_name:  # `sam package` writes below the folder of its source
                return by_name[built + name], Evidence.REFERENCE
    if remote and (found := _versioned(template, location, by_name)) is not None:
        return found, Evidence.REFERENCE
    tail = location.split("?", maxsplit=1)[0].rpartition(_HOLE)[2] if remote else location
    steps = [step for step in tail.split("/") if step not in ("", ".", "..")]
    if not steps or "." not in steps[-1]:
        return None
    found = _closest_by_path(template, steps, by_file.get(steps[-1], []))
    if found is None and steps[-1] not in by_file:
        found = _renamed(template, steps, by_file)
    if found is None and remote:
        found = _published(template, steps, by_name)
    # A relative path that leads elsewhere from here is one from the build folder: the same file, less surely.
    return (found, Evidence.REFERENCE) if found is not None else None


_SEPARATORS = "-_."


def _versioned(template: Template, location: str, by_name: dict[str, Template]) -> Template | None:
    """The file beside `template` whose name has no version where the URL puts one in: `cluster-${Branch}.yaml`."""
    file = location.split("?", maxsplit=1)[0].rpartition("/")[2]
    stem, dot, extension = file.rpartition(".")
    lead, hole, rest = stem.partition(_HOLE)
    if not (hole and dot) or _HOLE in rest + extension or bool(lead) is bool(rest):
        return None
    word = (lead or rest).strip(_SEPARATORS)
    if not word or word == (lead or rest):  # nothing sets the version apart
        return None
    found = by_name.get(posixpath.join(posixpath.dirname(template.name), f"{word}.{extension}"))
    return found if found is not template else None


def _renamed(template: Template, steps: list[str], by_file: dict[str, list[Template]]) -> Template | None:
    """The one file here, or in the folder of the URL, that a build copied under this ending: `api.yaml`."""
    ending = next((each for each in _ENDINGS if steps[-1].endswith(each)), None)
    if ending is None:
        return None
    stem = steps[-1].removesuffix(ending)
    folder, last = posixpath.dirname(template.name), steps[-2:-1]
    found = [
        candidate
        for each in _ENDINGS
        for candidate in by_file.get(stem + each, ())
        if (beside := posixpath.dirname(candidate.name)) == folder or [posixpath.basename(beside)] == last
    ]
    return found[0] if len(found) == 1 else None


_PUBLISHED_AS = frozenset({"template", "packaged"})


def _published(template: Template, steps: list[str], by_name: dict[str, Template]) -> Template | None:
    """The one template that a build can have put as `…/api/template.yaml`, maybe below a version: `…/api/v1/…`.

    It has the name of that folder, or it is all that the folder of this name has; both below the folder of `template`.
    """
    if steps[-1].partition(".")[0] not in _PUBLISHED_AS:
        return None
    beside = posixpath.dirname(template.name)
    below = [
        each for name, each in by_name.items() if each is not template and (not beside or name.startswith(beside + "/"))
    ]
    for folder in steps[-2:-4:-1]:
        named = [each for each in below if posixpath.basename(each.name).partition(".")[0] == folder]
        inside = [each for each in below if folder in posixpath.dirname(each.name)[len(beside) :].split("/")]
        if named or inside:
            found = named or inside
            return found[0] if len(found) == 1 else None
    return None


_ENDINGS = (".template.yaml", ".template.yml", ".template.json", ".template", ".yaml", ".yml", ".json")


def _closest_by_path(template: Template, steps: list[str], candidates: list[Template]) -> Template | None:
    """Of the candidates whose path ends like `steps`, folder included, the one nearest to `template`; else none.

    A file name alone says less than one with its folder: every service has its `service.yaml`.
    """
    scored = []
    here = template.name.split("/")
    for candidate in candidates:
        if candidate is template:
            continue
        path = candidate.name.split("/")
        same_end = 0
        while same_end < min(len(path), len(steps)) and path[-1 - same_end] == steps[-1 - same_end]:
            same_end += 1
        scored.append(((same_end > 1, shared_folders(here, path), same_end), candidate))
    if not scored:
        return None
    best = max(score for score, _ in scored)
    winners = [candidate for score, candidate in scored if score == best]
    if len(winners) != 1 or (not any(best[:2]) and len(candidates) > 1):
        return None
    return winners[0]


def shared_folders(one: Sequence[str], other: Sequence[str]) -> int:
    """How many leading folders two split paths share."""
    count = 0
    for left, right in zip(one[:-1], other[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count


def closest(stack: Stack, candidates: Sequence[Any], stack_of: Callable[[Any], Stack | None]) -> Any | None:
    """The one candidate; of several the one in this stack, this application or the nearest folder; else None."""
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    for chosen in (
        [c for c in candidates if stack_of(c) is stack],
        [c for c in candidates if (s := stack_of(c)) and s.root is stack.root],
    ):
        if len(chosen) == 1:
            return chosen[0]
    here = stack.template.name.split("/")
    scored = []
    for candidate in candidates:
        other = stack_of(candidate)
        scored.append((shared_folders(here, other.template.name.split("/")) if other is not None else 0, candidate))
    best = max(score for score, _ in scored)
    winners = [candidate for score, candidate in scored if score == best]
    return winners[0] if len(winners) == 1 and best > 0 else None
