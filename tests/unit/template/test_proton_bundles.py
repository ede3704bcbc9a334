"""Bundles by layout and content: what is found, how it is linked, and what does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archlint.template.discover import discover
from archlint.template.proton import environment_output, find_bundles, link_bundles, load_bundles
from archlint.template.proton.contract import contract_drift

from .proton_parts import MANIFEST, QUEUE, environment, load, schema, service, write

if TYPE_CHECKING:
    from pathlib import Path

    from archlint.template.model import ProtonBundle

SHOP = "Resources:\n  Table: {Type: AWS::DynamoDB::Table}\nOutputs:\n  TableName: {Value: !Ref Table}\n"
READS = (
    "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: '{{ environment.outputs.TableName }}'}\n"
)
CODEBUILD = "infrastructure:\n  templates:\n    - rendering_engine: codebuild\n      settings: {provision: [npm ci]}\n"
TERRAFORM = 'infrastructure:\n  templates:\n    - file: "*"\n      rendering_engine: hcl\n'


def _drift(bundles: dict[str, ProtonBundle]) -> list[tuple[str, str]]:
    return [(drift.kind.value, drift.name) for drift in contract_drift(bundles.values())]


def test_bundle_has_name_version_parts_and_documents(tmp_path: Path) -> None:
    bundles = load(
        tmp_path,
        {
            **environment(),
            **service(pipeline=QUEUE, pipeline_properties="branch: {type: string}\n", registration=(
                "compatible_environments: ['shop:1', 'shop:2.3']\nsupported_component_sources: [DIRECTLY_DEFINED]\n"
            )),
        },
    )  # fmt: skip
    orders = bundles["orders"]
    assert (orders.kind, orders.major, orders.directory) == ("service", "1", "orders/v1")
    assert orders.compatible == (("shop", "1"), ("shop", "2"))
    assert orders.component_sources == ("DIRECTLY_DEFINED",)
    assert {role: list(part.resources) for role, part in orders.parts.items()} == {
        "instance": ["Inbox"],
        "pipeline": ["Inbox"],
    }
    assert [document.name for document in orders.documents()] == [
        "orders/v1/schema/schema.yaml",
        "orders/v1/.template-registration.yaml",
        "orders/v1/instance_infrastructure/manifest.yaml",
        "orders/v1/pipeline_infrastructure/manifest.yaml",
    ]
    assert bundles["shop"].parts["environment"].name == "shop/v1/infrastructure/cloudformation.yaml"


def test_folder_without_version_names_the_template_itself(tmp_path: Path) -> None:
    files = {name.replace("/v1/", "/"): text for name, text in service().items()}
    assert load(tmp_path, files)["orders"].major is None


def test_file_named_otherwise_is_found_through_the_manifest(tmp_path: Path) -> None:
    files = service()
    files["orders/v1/instance_infrastructure/manifest.yaml"] = MANIFEST.replace("cloudformation.yaml", "instance.yaml")
    files["orders/v1/instance_infrastructure/instance.yaml"] = "Resources:\n  Own: {Type: AWS::SQS::Queue}\n"
    assert list(load(tmp_path, files)["orders"].parts["instance"].resources) == ["Own"]


def test_component_is_a_manifest_with_its_file_outside_every_bundle(tmp_path: Path) -> None:
    bundles = load(
        tmp_path,
        {
            **service(),
            "extra/manifest.yaml": MANIFEST,
            "extra/cloudformation.yaml": QUEUE,
            "orders/v1/notes/manifest.yaml": MANIFEST,
            "orders/v1/notes/cloudformation.yaml": QUEUE,
            "empty/manifest.yaml": MANIFEST,
            "tools/manifest.yaml": CODEBUILD,
            "web/manifest.yaml": "name: a web app\n",
        },
    )
    assert {name: bundle.kind for name, bundle in bundles.items()} == {"orders": "service", "extra": "component"}
    assert bundles["extra"].parts["component"].proton is not None


def test_nothing_is_read_when_no_file_has_the_name(tmp_path: Path) -> None:
    assert find_bundles([tmp_path / "gone" / "template.yaml", tmp_path / "schema.yaml"], tmp_path) == []


def test_other_schemas_and_manifests_are_not_bundles(tmp_path: Path) -> None:
    write(tmp_path, {"api/schema/schema.yaml": "type: object\n", "infrastructure/manifest.yaml": "kind: List\n"})
    assert find_bundles(discover([tmp_path]).files, tmp_path) == []


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (MANIFEST.replace("cloudformation.yaml", "gone.yaml"), "file gone.yaml is not here"),
        (MANIFEST.replace("cloudformation.yaml", "../../other.yaml"), "file must be the name of one file"),
        ("infrastructure: {}\n", "no entry in infrastructure.templates"),
        ("infrastructure: [\n", "cannot be read"),
    ],
)
def test_manifest_that_leads_nowhere(tmp_path: Path, manifest: str, message: str) -> None:
    files = service()
    files["orders/v1/instance_infrastructure/manifest.yaml"] = manifest
    orders = load(tmp_path, files)["orders"]
    assert "instance" not in orders.parts
    assert [diagnostic.rule_id for diagnostic in orders.diagnostics][:1] == ["TPL001"]
    assert message in orders.diagnostics[0].message
    assert orders.unparsed_parts


def test_codebuild_part_is_opaque(tmp_path: Path) -> None:
    files = environment()
    files["shop/v1/infrastructure/manifest.yaml"] = CODEBUILD
    shop = load(tmp_path, files)["shop"]
    part = shop.parts["environment"]
    assert part.resources == {}
    [diagnostic] = part.diagnostics
    assert (diagnostic.rule_id, diagnostic.message) == (
        "TPL003",
        "CodeBuild is not expanded: the resources of this environment part are not checked",
    )
    assert diagnostic.place.location().region.start_line == 3
    assert _drift({"shop": shop}) == []


def test_terraform_is_scanned_for_what_it_reads_and_gives(tmp_path: Path) -> None:
    shop, orders = environment(), service(properties="size: {type: string}\n", compatible="shop:1\n")
    shop["shop/v1/infrastructure/manifest.yaml"] = TERRAFORM
    shop["shop/v1/infrastructure/main.tf"] = (
        '# var.environment.inputs.no\noutput "vpc_id" {\n  value = 1\n}\noutput "b" {}\n'
    )
    orders["orders/v1/instance_infrastructure/manifest.yaml"] = TERRAFORM
    orders["orders/v1/instance_infrastructure/main.tf"] = (
        'name = "${var.service.name}-${var.service_instance.inputs.size}"\nvpc = var.environment.outputs["vpc_id"]\n'
    )
    bundles = load(tmp_path, {**shop, **orders})
    part = bundles["orders"].parts["instance"]
    assert part.proton is not None
    assert [(path, place.region.start_line) for path, place in part.proton.reads] == [
        ("service.name", 1),
        ("service_instance.inputs.size", 1),
        ("environment.outputs.vpc_id", 2),
    ]
    [drift] = contract_drift(bundles.values())
    assert (drift.kind, drift.name) == ("unused-output", "b")
    assert (drift.at.file, drift.at.region.start_line) == ("shop/v1/infrastructure/main.tf", 5)


def test_link_that_the_registration_declares(tmp_path: Path) -> None:
    bundles = load(tmp_path, {**environment("shop", SHOP), **environment("shop2", SHOP), **service(
        instance=READS, compatible="# which ones\n\n  shop:1\n"
    )})  # fmt: skip
    orders = bundles["orders"]
    links = link_bundles(bundles.values())
    assert [(link.environment.template_name, link.inferred) for link in links.environments(orders)] == [("shop", False)]
    assert links.services(bundles["shop"]) == [orders]
    assert orders.registration is not None
    region = orders.registration.region((0,))
    assert (region.start_line, region.start_column) == (3, 3)
    for path in (
        "environment.outputs.TableName",
        "service_instance.environment.outputs.TableName",
        "service_instances[].environment.outputs.TableName",
    ):
        found = environment_output(list(bundles.values()), orders.parts["instance"], path)
        assert found == (bundles["shop"].parts["environment"], "TableName", False)
    assert environment_output(list(bundles.values()), orders.parts["instance"], "environment.outputs.Other") is None
    assert environment_output(list(bundles.values()), orders.parts["instance"], "environment.name") is None


@pytest.mark.parametrize(("version", "linked"), [("1", True), ("2", False), ("", True)])
def test_major_version_must_fit(tmp_path: Path, version: str, linked: bool) -> None:
    bundles = load(tmp_path, {**environment("shop", SHOP), **service(compatible=f"shop:{version}\n")})
    assert bool(link_bundles(bundles.values()).environments(bundles["orders"])) is linked


def test_nearest_of_two_environments_with_one_name(tmp_path: Path) -> None:
    near = {
        f"team/{name}": text for name, text in {**environment("shop", SHOP), **service(compatible="shop:1\n")}.items()
    }
    far = {f"other/{name}": text for name, text in environment("shop", SHOP).items()}
    write(tmp_path, {**near, **far})
    bundles = find_bundles(discover([tmp_path]).files, tmp_path)
    orders = next(bundle for bundle in bundles if bundle.kind == "service")
    [link] = link_bundles(bundles).environments(orders)
    assert link.environment.directory == "team/shop/v1"


def test_without_registration_the_outputs_tell(tmp_path: Path) -> None:
    bundles = load(tmp_path, {**environment("shop", SHOP), **environment("bare"), **service(instance=READS)})
    [link] = link_bundles(bundles.values()).environments(bundles["orders"])
    assert (link.environment.template_name, link.inferred) == ("shop", True)
    assert _drift(bundles) == []


def test_two_environments_that_fit_equally_are_no_answer(tmp_path: Path) -> None:
    bundles = load(tmp_path, {**environment("a", SHOP), **environment("b", SHOP), **service(instance=READS)})
    assert link_bundles(bundles.values()).environments(bundles["orders"]) == ()


def test_typo_in_the_registration_loses_the_link(tmp_path: Path) -> None:
    bundles = load(
        tmp_path,
        {**environment("shop", SHOP), **service(instance=READS, registration="compatible_environment: [shop:1]\n")},
    )
    assert bundles["orders"].compatible == ()
    [drift] = contract_drift(bundles.values())
    assert "(meant compatible_environments?)" in drift.message


def test_customer_managed_environment_gives_what_its_schema_lists(tmp_path: Path) -> None:
    files = {"shop/v1/schema/schema.yaml": schema("environment", "TableName: {type: string}\n")}
    bundles = load(tmp_path, {**files, **service(instance=READS, compatible="shop:1\n")})
    assert bundles["shop"].parts == {}
    assert _drift(bundles) == []


def test_output_that_no_declared_environment_has(tmp_path: Path) -> None:
    bundles = load(tmp_path, {**environment(), **service(instance=READS, compatible="shop:1\n")})
    assert _drift(bundles) == [("missing-output", "TableName")]


def test_spec_belongs_to_the_nearest_templates_that_know_its_keys(tmp_path: Path) -> None:
    spec = "proton: ServiceSpec\npipeline: {branch: main}\ninstances:\n  - name: dev\n    spec: {size: 1}\n"
    knows = service("orders", properties="size: {type: string}\n", pipeline=QUEUE,
                    pipeline_properties="branch: {type: string}\n")  # fmt: skip
    bundles = load(
        tmp_path, {**knows, **service("reports"), "team/specs/dev.yaml": spec, "orders/spec/spec.yaml": spec}
    )
    assert [document.name for document in bundles["orders"].specs] == ["orders/spec/spec.yaml", "team/specs/dev.yaml"]
    assert bundles["reports"].specs == []


def test_environment_spec_and_other_files_are_no_service_specs(tmp_path: Path) -> None:
    bundles = load(
        tmp_path,
        {
            **environment(properties="cidr: {type: string}\n"),
            **service(),
            "shop/spec.yaml": "proton: EnvironmentSpec\nspec: {cidr: 10.0.0.0/16}\n",
            "orders/notes.yaml": "text: about proton\nproton: NothingSpec\n",
            "orders/broken.yaml": "proton: ServiceSpec\n  - : {\n",
        },
    )
    assert [document.name for document in bundles["shop"].specs] == ["shop/spec.yaml"]
    assert bundles["orders"].specs == []


@pytest.mark.parametrize(
    "text", ["[]", "schema: 5", "schema: {service_input_type: [1], types: 3}", "schema: {service_input_type: A}"]
)
def test_odd_schemas_do_no_harm(tmp_path: Path, text: str) -> None:
    files = service(instance=READS)
    files["orders/v1/schema/schema.yaml"] = text
    assert load(tmp_path, files)["orders"].kind == "service"


@pytest.mark.parametrize(
    "text", ["- 1", "compatible_environments: {a: b}", "compatible_environments: [1, null, '']", "5"]
)
def test_odd_registrations_do_no_harm(tmp_path: Path, text: str) -> None:
    bundles = load(tmp_path, service(instance=READS, registration=text))
    assert list(contract_drift(bundles.values())) is not None


def test_part_outside_the_folder_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {**service(), "secret.yaml": QUEUE})
    inside = tmp_path / "orders/v1/instance_infrastructure/cloudformation.yaml"
    inside.unlink()
    inside.symlink_to(tmp_path / "secret.yaml")
    assert load(tmp_path, {})["orders"].parts == {}


def test_one_file_of_a_part_is_read_as_such_and_nothing_outside_its_folder(tmp_path: Path) -> None:
    write(tmp_path, service(instance=READS, compatible="shop:1\n"))
    folder = tmp_path / "orders/v1/instance_infrastructure"
    [bundle] = find_bundles([folder / "cloudformation.yaml"], folder)
    assert (bundle.kind, bundle.schema, bundle.registration) == ("service", None, None)
    [loaded] = load_bundles([bundle], folder)
    assert list(loaded.parts["instance"].resources) == ["Q"]
    assert loaded.parts["instance"].name == "cloudformation.yaml"
