"""The platform's template holds all the code a service may run, and offers no place to add anything to it.

A service template is the administrators' file. When a team needs one more function, one more queue or one more
permission, it asks; the administrators change the template, register a new version, and every instance is updated to
it. Proton's own answer to that was the component: a template of the team, attached to a running instance, whose outputs
the service template reads. It works only if the template reads `service_instance.components.default.outputs` *and* its
registration file lists `DIRECTLY_DEFINED` under `supported_component_sources`.

## How to fix it

Now that Proton has ended: export the bundle (`archlint proton export`), give each team its own stack with its functions
and roles, and keep in the platform's stack what is truly shared (network, cluster, boundary policies). While bundles
are still in use: read the component outputs where roles and environment variables are declared, and list
`DIRECTLY_DEFINED` in `.template-registration.yaml`; `.compatible-envs` cannot say it.

## Known exceptions

Service bundles that their own service team owns (CODEOWNERS or configuration name another owner than that of the
environments), and bundles without functions, tasks or App Runner services. Component sources that were set through the
API cannot be seen here.
"""

from collections.abc import Iterator

from archlint.api import Finding, Location, Place, ProtonBundle, RuleContext, RuleMeta, Severity, Template, proton

META = RuleMeta(
    id="PRO001",
    name="closed-service-template",
    severity=Severity.WARNING,
    summary="Service template has compute and no way for its developers to extend it",
    help_uri="https://docs.aws.amazon.com/proton/latest/userguide/ag-components.html",
    pillar="operational-excellence",
)


def check(context: RuleContext) -> Iterator[Finding]:
    if not context.graph.bundles:
        return
    for bundle, template in proton.parts(context.graph, "service", "instance"):
        compute = list(proton.written_resources(template, *proton.FUNCTIONS, *proton.CONTAINERS))
        reads, enabled = proton.is_extensible(bundle)
        if not compute or (reads and enabled) or proton.is_own_service(context.graph, bundle):
            continue
        functions = sum(body["Type"] in proton.FUNCTIONS for _, body in compute)
        roles = len(proton.execution_roles(template))
        yield context.finding(
            _anchor(bundle, template),
            f"{bundle.template_name} is closed: {_counted(functions, len(compute) - functions, roles)} can change only "
            f"with the platform's template; {_reason(bundle, reads=reads)}",
            related=[
                (
                    proton.location(template, "Resources", logical_id),
                    f"{proton.readable(template, logical_id)} is fixed here",
                )
                for logical_id, _ in compute
            ],
            severity=None if functions else Severity.NOTE,
            key=(bundle.template_name,),
            owner_of=proton.stack_node(context.graph, template),
        )


def _anchor(bundle: ProtonBundle, template: Template) -> Location | Place:
    registration = bundle.registration
    if registration is None:
        return proton.location(template, "Resources")
    lines = registration.data if isinstance(registration.data, list) else []
    return Place(registration, (0,) if lines else ("compatible_environments",))


def _reason(bundle: ProtonBundle, *, reads: bool) -> str:
    if not reads:
        return (
            "components may attach, but no part reads service_instance.components.default.outputs"
            if bundle.component_sources
            else "no component can attach to it"
        )
    if bundle.registration is not None and bundle.registration.name.endswith(".compatible-envs"):
        return "it reads component outputs, but .compatible-envs cannot let components attach"
    return "it reads component outputs, but no registration file lists DIRECTLY_DEFINED"


def _counted(functions: int, containers: int, roles: int) -> str:
    counts = ((functions, "function"), (containers, "container"), (roles, "execution role"))
    return ", ".join(f"{count} {name}{'s' if count > 1 else ''}" for count, name in counts if count)
