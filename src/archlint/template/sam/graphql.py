"""`AWS::Serverless::GraphQLApi`: AppSync with its schema, data sources, functions, resolvers and roles.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-graphqlapi.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.template.model import Body, Json, Place
from archlint.template.sam.connectors import connect, end_of
from archlint.template.sam.intrinsics import get_att, listed, mapping, ref, sub, without_none
from archlint.template.sam.policies import Role, service_role
from archlint.template.sam.tags import plain_tag_list

if TYPE_CHECKING:
    from archlint.template.sam.globals import Origins
    from archlint.template.sam.lowering import Lowering
    from archlint.template.sam.resource import SamResource

_APPSYNC = "appsync.amazonaws.com"
_PASSED = (
    "IntrospectionConfig", "OwnerContact", "QueryDepthLimit", "ResolverCountLimit", "Visibility", "XrayEnabled",
)  # fmt: skip
_AUTHORIZERS = {
    "AWS_LAMBDA": ("LambdaAuthorizer", "LambdaAuthorizerConfig"),
    "OPENID_CONNECT": ("OpenIDConnect", "OpenIDConnectConfig"),
    "AMAZON_COGNITO_USER_POOLS": ("UserPool", "UserPoolConfig"),
}
_TABLE_ARN = "arn:${AWS::Partition}:dynamodb:${__Region__}:${AWS::AccountId}:table/${__TableName__}"


def lower_graphql_api(lowering: Lowering, sam: SamResource) -> None:
    """Adds the API and everything that belongs to it."""
    given = sam.properties
    auth = mapping(given.get("Auth"))
    properties = {name: given[name] for name in _PASSED if given.get(name) is not None}
    properties["Name"] = given.get("Name") or sam.logical_id
    properties["AuthenticationType"] = auth.get("Type")
    properties |= _authorizer(auth)
    additional = [item for item in listed(auth.get("Additional")) if isinstance(item, dict)]
    if additional:
        properties["AdditionalAuthenticationProviders"] = [
            {"AuthenticationType": item.get("Type"), **_authorizer(item)} for item in additional
        ]
    properties["Tags"] = [*plain_tag_list(given.get("Tags")), {"Key": "graphqlapi:createdBy", "Value": "SAM"}]
    lowering.lowered(sam, "AWS::AppSync::GraphQLApi", properties, _api_origins(sam))
    _add_schema(lowering, sam)
    _add_authorizer_permissions(lowering, sam, [auth, *additional])
    if given.get("Logging") is not False:
        properties["LogConfig"] = _logging(lowering, sam)
    _add_keys_cache_and_domain(lowering, sam)
    _Resolvers(lowering, sam).add()


def _api_origins(sam: SamResource) -> Origins:
    origins: Origins = {("LogConfig",): sam.place("Logging"), ("AuthenticationType",): sam.place("Auth", "Type")}
    for name, config in _AUTHORIZERS.values():
        origins[(config,)] = sam.place("Auth", name)
    return origins


def _authorizer(auth: Body) -> Body:
    kind = auth.get("Type")
    names = _AUTHORIZERS.get(kind) if isinstance(kind, str) else None
    if names is None or not isinstance(auth.get(names[0]), dict):
        return {}
    return {names[1]: auth[names[0]]}


def _add_schema(lowering: Lowering, sam: SamResource) -> None:
    given = sam.properties
    properties = without_none(
        {
            "ApiId": _api_id(sam),
            "Definition": given.get("SchemaInline"),
            "DefinitionS3Location": given.get("SchemaUri"),
        }
    )
    at = sam.place("SchemaInline" if "SchemaInline" in given else "SchemaUri")
    lowering.generated(sam, sam.logical_id + "Schema", "AWS::AppSync::GraphQLSchema", properties, at)


def _api_id(sam: SamResource) -> Body:
    return get_att(sam.logical_id, "ApiId")


def _add_authorizer_permissions(lowering: Lowering, sam: SamResource, auths: list[Body]) -> None:
    configs = [mapping(auth.get("LambdaAuthorizer")) for auth in auths if auth.get("Type") == "AWS_LAMBDA"]
    functions = [config["AuthorizerUri"] for config in configs if config.get("AuthorizerUri") is not None]
    source = {
        "Type": "AWS::AppSync::GraphQLApi",
        "Arn": ref(sam.logical_id),
        "ResourceId": _api_id(sam),
    }
    for number, function in enumerate(functions, 1):
        destination = {"Type": "AWS::Lambda::Function", "Arn": function}
        ends = (end_of(lowering, source, destination), end_of(lowering, destination, source))
        stem = f"{sam.logical_id}ToLambdaAuthConnector{number}"
        connect(lowering, sam, stem, ends, ["Write"], sam.place("Auth"))


def _logging(lowering: Lowering, sam: SamResource) -> Body:
    given = mapping(sam.properties.get("Logging"))
    role_arn: Json = given.get("CloudWatchLogsRoleArn")
    if not role_arn:
        at = sam.place("Logging") if given else sam.place()
        role = service_role(lowering, sam, sam.logical_id + "CloudWatchRole", _APPSYNC, at)
        role.attach_managed("service-role/AWSAppSyncPushToCloudWatchLogs", at)
        role_arn = role.arn
    level = given.get("FieldLogLevel") or "ALL"
    verbose = given.get("ExcludeVerboseContent")
    return without_none({"FieldLogLevel": level, "CloudWatchLogsRoleArn": role_arn, "ExcludeVerboseContent": verbose})


def _add_keys_cache_and_domain(lowering: Lowering, sam: SamResource) -> None:
    given = sam.properties
    for name, key in mapping(given.get("ApiKeys")).items():
        body = mapping(key)
        properties = {"ApiKeyId": body.get("ApiKeyId"), "Description": body.get("Description")}
        properties |= {"ApiId": _api_id(sam), "Expires": body.get("ExpiresOn")}
        at = sam.place("ApiKeys", name)
        lowering.generated(sam, sam.logical_id + name, "AWS::AppSync::ApiKey", without_none(properties), at)
    cache = given.get("Cache")
    if isinstance(cache, dict):
        at = sam.place("Cache")
        properties = {"ApiId": _api_id(sam), **cache}
        lowering.generated(sam, sam.logical_id + "ApiCache", "AWS::AppSync::ApiCache", properties, at, origins={(): at})
    domain = given.get("DomainName")
    if isinstance(domain, dict):
        at = sam.place("DomainName")
        logical_id = sam.logical_id + "DomainName"
        lowering.generated(sam, logical_id, "AWS::AppSync::DomainName", domain, at, origins={(): at})
        joined = {"ApiId": _api_id(sam), "DomainName": ref(logical_id)}
        lowering.generated(sam, logical_id + "ApiAssociation", "AWS::AppSync::DomainNameApiAssociation", joined, at)


class _Resolvers:
    """Data sources, functions and resolvers; each names the ones before by the names in the template."""

    def __init__(self, lowering: Lowering, sam: SamResource) -> None:
        self.lowering = lowering
        self.sam = sam
        self.sources: dict[str, Json] = {}
        self.functions: dict[str, Json] = {}

    def add(self) -> None:
        given = self.sam.properties
        sources = mapping(given.get("DataSources"))
        for name, body in mapping(sources.get("DynamoDb")).items():
            self._add_table(name, mapping(body))
        for name, body in mapping(sources.get("Lambda")).items():
            self._add_function_source(name, mapping(body))
        for name, body in mapping(given.get("Functions")).items():
            self._add_function(name, mapping(body))
        for kind, resolvers in mapping(given.get("Resolvers")).items():
            for name, body in mapping(resolvers).items():
                self._add_resolver(kind, name, mapping(body))

    def _add_table(self, name: str, given: Body) -> None:
        at = self.sam.place("DataSources", "DynamoDb", name)
        region: Json = given.get("Region") or ref("AWS::Region")
        config = without_none(
            {
                "AwsRegion": region,
                "TableName": given.get("TableName"),
                "UseCallerCredentials": given.get("UseCallerCredentials"),
                "Versioned": given.get("Versioned"),
                "DeltaSyncConfig": given.get("DeltaSync"),
            }
        )
        variables = {"__TableName__": given.get("TableName"), "__Region__": region}
        table: Body = {
            "Type": "AWS::DynamoDB::Table",
            "Arn": given.get("TableArn") or sub(_TABLE_ARN, variables),
        }
        permissions = [str(item) for item in listed(given.get("Permissions"))] or ["Read", "Write"]
        properties = {"Type": "AMAZON_DYNAMODB", "DynamoDBConfig": config}
        self._add_source(name, given, f"{name}DynamoDBDataSource", properties, at)
        self._allow(f"{name}DynamoDBDataSource", given, "ToTableConnector", table, permissions, at)

    def _add_function_source(self, name: str, given: Body) -> None:
        at = self.sam.place("DataSources", "Lambda", name)
        function: Json = given.get("FunctionArn")
        properties = {"Type": "AWS_LAMBDA", "LambdaConfig": {"LambdaFunctionArn": function}}
        self._add_source(name, given, f"{name}LambdaDataSource", properties, at)
        destination: Body = {"Type": "AWS::Lambda::Function", "Arn": function}
        self._allow(f"{name}LambdaDataSource", given, "ToLambdaConnector", destination, ["Write"], at)

    def _add_source(self, name: str, given: Body, stem: str, properties: Body, at: Place) -> None:
        logical_id = self.sam.logical_id + stem
        role: Json = given.get("ServiceRoleArn") or get_att(logical_id + "Role", "Arn")
        named = {"ApiId": _api_id(self.sam), "Name": given.get("Name") or name, "ServiceRoleArn": role}
        if given.get("Description") is not None:
            named["Description"] = given["Description"]
        kind = "AWS::AppSync::DataSource"
        self.lowering.generated(self.sam, logical_id, kind, {**named, **properties}, at, origins={(): at})
        self.sources[name] = get_att(logical_id, "Name")

    def _allow(
        self, stem: str, given: Body, connector: str, destination: Body, permissions: list[str], at: Place
    ) -> None:
        if given.get("ServiceRoleArn"):
            return
        logical_id = self.sam.logical_id + stem
        role: Role = service_role(self.lowering, self.sam, logical_id + "Role", _APPSYNC, at)
        source = {
            "Type": "AWS::AppSync::DataSource",
            "Arn": get_att(logical_id, "DataSourceArn"),
            "RoleName": ref(role.logical_id),
        }
        ends = (end_of(self.lowering, source, destination), end_of(self.lowering, destination, source))
        connect(self.lowering, self.sam, logical_id + connector, ends, permissions, at)

    def _add_function(self, name: str, given: Body) -> None:
        if given.get("Id"):
            self.functions[name] = given["Id"]
            return
        logical_id = self.sam.logical_id + name
        at = self.sam.place("Functions", name)
        properties = without_none(
            {
                "ApiId": _api_id(self.sam),
                "Name": given.get("Name") or name,
                "Code": given.get("InlineCode"),
                "CodeS3Location": given.get("CodeUri"),
                "DataSourceName": self._source(given.get("DataSource")),
                "MaxBatchSize": given.get("MaxBatchSize"),
                "Description": given.get("Description"),
                "Runtime": _runtime(given),
                "SyncConfig": given.get("Sync"),
            }
        )
        kind = "AWS::AppSync::FunctionConfiguration"
        self.lowering.generated(self.sam, logical_id, kind, properties, at, origins={(): at})
        self.functions[name] = get_att(logical_id, "FunctionId")

    def _source(self, name: Any) -> Json:
        """The name of the data source in AppSync; `NONE` makes one that does nothing."""
        if not isinstance(name, str):
            found: Json = name
            return found
        if name.lower() != "none":
            return self.sources.get(name, name)
        logical_id = self.sam.logical_id + "NoneDataSource"
        if logical_id not in self.lowering.made:
            properties = {"ApiId": _api_id(self.sam), "Name": logical_id, "Type": "NONE"}
            self.lowering.generated(
                self.sam, logical_id, "AWS::AppSync::DataSource", properties, self.sam.place("Functions")
            )
        return get_att(logical_id, "Name")

    def _add_resolver(self, kind: str, name: str, given: Body) -> None:
        at = self.sam.place("Resolvers", kind, name)
        pipeline = [item for item in listed(given.get("Pipeline")) if isinstance(item, str)]
        properties = without_none(
            {
                "ApiId": _api_id(self.sam),
                "TypeName": kind,
                "FieldName": given.get("FieldName") or name,
                "Code": given.get("InlineCode"),
                "CodeS3Location": given.get("CodeUri"),
                "Runtime": _runtime(given),
                "Kind": "PIPELINE",
                "PipelineConfig": {"Functions": [self.functions.get(item, item) for item in pipeline]},
                "CachingConfig": given.get("Caching"),
                "MaxBatchSize": given.get("MaxBatchSize"),
            }
        )
        self.lowering.generated(
            self.sam,
            self.sam.logical_id + kind + name,
            "AWS::AppSync::Resolver",
            properties,
            at,
            origins={(): at, ("PipelineConfig", "Functions"): Place(at.document, (*at.path, "Pipeline"))},
            depends_on=(self.sam.logical_id + "Schema",),
        )


def _runtime(given: Body) -> Json:
    runtime = given.get("Runtime")
    if not isinstance(runtime, dict):
        return None
    return without_none({"Name": runtime.get("Name"), "RuntimeVersion": runtime.get("Version")})
