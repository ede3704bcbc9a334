"""SAM APIs: implied by events or written, with the OpenAPI document that the graph reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from archlint.template.sam.references import derived_references

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.template.conftest import Lowered

Lower: TypeAlias = "Callable[[str], Lowered]"
INTEGRATION = "x-amazon-apigateway-integration"
ANY = "x-amazon-apigateway-any-method"


def uri(function: str) -> dict[str, str]:
    path = f"lambda:path/2015-03-31/functions/${{{function}}}/invocations"
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:{path}"}


def scopes(body: Any, path: str, method: str) -> Any:
    return body["paths"][path][method].get("security")


IMPLICIT = """
Globals:
  Api:
    TracingEnabled: true
    Auth:
      DefaultAuthorizer: Own
      Authorizers:
        Own: {FunctionArn: !GetAtt Check.Arn}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        List: {Type: Api, Properties: {Path: /orders, Method: GET}}
        Open:
          Type: Api
          Properties: {Path: "/orders/{id}", Method: any, Auth: {Authorizer: NONE}, TimeoutInMillis: 5000}
  After: {Type: AWS::SQS::Queue}
"""


def test_api_events_imply_an_api(lowered: Lower) -> None:
    found = lowered(IMPLICIT)
    assert list(found.resources) == [
        "F", "FRole", "FListPermissionProd", "FOpenPermissionProd", "ServerlessRestApi", "ServerlessRestApiDeployment",
        "ServerlessRestApiProdStage", "ServerlessRestApiOwnAuthorizerPermission", "After",
    ]  # fmt: skip
    body = found["ServerlessRestApi"]["Body"]
    assert body["openapi"] == "3.0.1"
    listing = body["paths"]["/orders"]["get"][INTEGRATION]
    assert (listing["type"], listing["httpMethod"], listing["uri"]) == ("aws_proxy", "POST", uri("F.Arn"))
    assert body["paths"]["/orders/{id}"][ANY][INTEGRATION]["timeoutInMillis"] == 5000
    assert scopes(body, "/orders", "get") == [{"Own": []}]
    assert scopes(body, "/orders/{id}", ANY) is None
    authorizer = body["components"]["securitySchemes"]["Own"]["x-amazon-apigateway-authorizer"]
    assert authorizer["authorizerUri"]["Fn::Sub"][1] == {"__FunctionArn__": {"Fn::GetAtt": ["Check", "Arn"]}}


def test_an_implicit_api_points_at_events_and_globals(lowered: Lower) -> None:
    found = lowered(IMPLICIT)
    assert found.resources["ServerlessRestApi"].generated_by == "F"
    assert found.resources["ServerlessRestApiProdStage"].generated_by == "ServerlessRestApi"
    assert found.line("ServerlessRestApi").startswith("List: {Type: Api")
    assert found.line("ServerlessRestApi", "Body", "paths", "/orders/{id}", ANY, INTEGRATION) == "Open:"
    assert found.line("ServerlessRestApiProdStage", "TracingEnabled") == "TracingEnabled: true"
    assert found.line("ServerlessRestApiOwnAuthorizerPermission") == "Own: {FunctionArn: !GetAtt Check.Arn}"
    scheme = ("Body", "components", "securitySchemes", "Own")
    assert found.line("ServerlessRestApi", *scheme) == "Own: {FunctionArn: !GetAtt Check.Arn}"
    assert derived_references(found.resources)["ServerlessRestApi.Stage"] == "ServerlessRestApiProdStage"


def test_permissions_name_the_method_and_the_path(lowered: Lower) -> None:
    found = lowered(IMPLICIT)
    text, variables = found["FOpenPermissionProd"]["SourceArn"]["Fn::Sub"]
    assert text.endswith(":execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/${__Stage__}/*/orders/*")
    assert variables == {"__ApiId__": {"Ref": "ServerlessRestApi"}, "__Stage__": "*"}


@pytest.mark.parametrize(
    ("first", "second", "condition"),
    [("A", "A", "A"), ("A", None, None), ("A", "B", "ServerlessRestApiCondition")],
)
def test_an_implicit_api_exists_when_one_of_its_functions_does(
    lowered: Lower, first: str, second: str | None, condition: str | None
) -> None:
    event = "Events: {E: {Type: Api, Properties: {Path: /%s, Method: get}}}"
    text = "Resources:\n"
    for name, given in (("One", first), ("Two", second)):
        text += f"  {name}:\n    Type: AWS::Serverless::Function\n"
        text += f"    Condition: {given}\n" if given else ""
        text += f"    Properties: {{{event % name}}}\n"
    found = lowered(text)
    assert found.resources["ServerlessRestApi"].condition == condition
    assert bool(found.conditions) == (condition == "ServerlessRestApiCondition")


EXPLICIT = """
Parameters:
  Plan: {Type: String, Default: PER_API}
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Name: orders
      EndpointConfiguration: {Type: PRIVATE, VPCEndpointIds: [vpce-1]}
      AccessLogSetting: {DestinationArn: !GetAtt Logs.Arn}
      Domain:
        DomainName: orders.example.com
        CertificateArn: !Ref Certificate
        BasePath: [v1, old-v1]
        Route53: {HostedZoneId: Z1, IpV6: true}
      Auth:
        DefaultAuthorizer: Pool
        ApiKeyRequired: true
        ResourcePolicy: {IpRangeWhitelist: [10.0.0.0/8]}
        UsagePlan: {CreateUsagePlan: !Ref Plan}
        Authorizers:
          Pool: {UserPoolArn: !GetAtt Pool.Arn, AuthorizationScopes: [read]}
          Quiet: {FunctionArn: !GetAtt Check.Arn, DisableFunctionDefaultPermissions: true}
  F:
    Type: AWS::Serverless::Function
    Properties:
      AutoPublishAlias: live
      Events:
        Get: {Type: Api, Properties: {Path: /, Method: get, RestApiId: !Ref Api}}
        Put:
          Type: Api
          Properties:
            Path: /
            Method: put
            RestApiId: !Ref Api
            Auth: {Authorizer: AWS_IAM, InvokeRole: !Ref Role}
"""


def test_a_written_api_takes_the_routes_of_events(lowered: Lower) -> None:
    found = lowered(EXPLICIT)
    api = found["Api"]
    assert api["Name"] == "orders"
    assert api["EndpointConfiguration"] == {"Types": ["PRIVATE"], "VpcEndpointIds": ["vpce-1"]}
    root = api["Body"]["paths"]["/"]
    assert root["get"][INTEGRATION]["uri"] == uri("FAliaslive")
    assert root["get"]["security"] == [{"Pool": ["read"]}, {"api_key": []}]
    assert root["put"][INTEGRATION]["credentials"] == {"Ref": "Role"}
    assert root["put"]["security"][0] == {"AWS_IAM": []}
    assert {"Pool", "Quiet", "AWS_IAM", "api_key"} == set(api["Body"]["components"]["securitySchemes"])
    statements = api["Body"]["x-amazon-apigateway-policy"]["Statement"]
    assert statements[1]["Condition"] == {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}


def test_stage_domain_and_usage_plan_of_a_written_api(lowered: Lower) -> None:
    found = lowered(EXPLICIT)
    kinds: dict[str, list[str]] = {}
    for logical_id, kind in found.types().items():
        kinds.setdefault(kind.removeprefix("AWS::"), []).append(logical_id)
    assert found["Apiv1Stage"]["DeploymentId"] == {"Ref": "ApiDeployment"}
    assert found.line("Apiv1Stage", "AccessLogSetting", "DestinationArn").startswith("AccessLogSetting:")
    (domain,) = kinds["ApiGateway::DomainName"]
    assert found.line(domain, "CertificateArn") == "CertificateArn: !Ref Certificate"
    assert found["Apioldv1BasePathMapping"] == {
        "DomainName": {"Ref": domain},
        "RestApiId": {"Ref": "Api"},
        "Stage": {"Ref": "Apiv1Stage"},
        "BasePath": "oldv1",
    }
    (records,) = kinds["Route53::RecordSetGroup"]
    assert [record["Type"] for record in found[records]["RecordSets"]] == ["A", "AAAA"]
    assert found["ApiUsagePlan"]["ApiStages"] == [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Apiv1Stage"}}]
    assert found["ApiUsagePlanKey"]["UsagePlanId"] == {"Ref": "ApiUsagePlan"}
    assert "Lambda::Permission" in kinds
    assert not any(logical_id.endswith("AuthorizerPermission") for logical_id in kinds["Lambda::Permission"])


def test_apis_share_a_usage_plan(lowered: Lower) -> None:
    text = "Resources:\n"
    for name, condition in (("One", "A"), ("Two", "B")):
        text += f"  {name}: {{Type: 'AWS::Serverless::Api', Condition: {condition}, Properties: {{StageName: s,"
        text += " Auth: {UsagePlan: {CreateUsagePlan: SHARED}}}}\n"
    found = lowered(text)
    assert len(found["ServerlessUsagePlan"]["ApiStages"]) == 2
    assert len(found["ServerlessApiKey"]["StageKeys"]) == 2
    assert found.resources["ServerlessUsagePlan"].condition == "SharedUsagePlanCondition"
    assert found.resources["ServerlessUsagePlan"].depends_on == ("One", "Two")


def test_a_definition_that_is_written_keeps_its_routes(lowered: Lower) -> None:
    text = """
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: !Ref Stage
      Auth: {DefaultAuthorizer: Own, Authorizers: {Own: {FunctionArn: !GetAtt Check.Arn}}}
      DefinitionBody:
        swagger: "2.0"
        paths:
          /old:
            get:
              x-amazon-apigateway-integration: {type: aws_proxy, uri: !Sub "${F.Arn}"}
          /maybe:
            Fn::If:
              - C
              - post: {x-amazon-apigateway-integration: {type: http, uri: "https://example.com"}}
              - !Ref AWS::NoValue
  F:
    Type: AWS::Serverless::Function
    Properties:
      Events: {New: {Type: Api, Properties: {Path: /new, Method: get, RestApiId: !Ref Api}}}
"""
    found = lowered(text)
    body = found["Api"]["Body"]
    assert set(body["paths"]) == {"/old", "/maybe"}
    assert scopes(body, "/old", "get") == [{"Own": []}]
    assert body["paths"]["/maybe"]["Fn::If"][1]["post"]["security"] == [{"Own": []}]
    assert "Own" in body["securityDefinitions"]
    assert {"ApiStage", "FNewPermissionStage"} <= set(found.resources)
    assert found.line("Api", "Body", "paths", "/old", "get") == "get:"
    source: Any = found.document.data
    assert "security" not in source["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]["/old"]["get"]


@pytest.mark.parametrize(
    ("properties", "name", "expected"),
    [
        ("DefinitionUri: ./api.yaml", "BodyS3Location", "./api.yaml"),
        ("DefinitionUri: 's3://b/k'", "BodyS3Location", {"Bucket": "b", "Key": "k"}),
        ("DefinitionBody: {'Fn::Transform': {Name: x}}", "Body", {"Fn::Transform": {"Name": "x"}}),
    ],
)
@pytest.mark.parametrize("kind", ["Api", "HttpApi"])
def test_a_definition_elsewhere_is_named(lowered: Lower, kind: str, properties: str, name: str, expected: Any) -> None:
    found = lowered(
        f"Resources: {{A: {{Type: 'AWS::Serverless::{kind}', Properties: {{StageName: s, {properties}}}}}}}"
    )
    assert found["A"][name] == expected


HTTP = """
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: true
      Auth:
        DefaultAuthorizer: Tokens
        Authorizers:
          Tokens:
            JwtConfiguration: {Issuer: !Ref Issuer, Audience: [a]}
            IdentitySource: $request.header.Authorization
          Code:
            FunctionArn: !GetAtt Check.Arn
            AuthorizerPayloadFormatVersion: "2.0"
            EnableFunctionDefaultPermissions: true
  F:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        All: {Type: HttpApi, Properties: {ApiId: !Ref Api}}
        One:
          Type: HttpApi
          Properties:
            ApiId: !Ref Api
            Path: /one
            Method: POST
            Auth: {Authorizer: Code}
            PayloadFormatVersion: "1.0"
  G:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Slow:
          Type: HttpApi
          Properties: {Path: /slow, Method: get, TimeoutInMillis: 9000, RouteSettings: {ThrottlingBurstLimit: 5}}
"""


def test_http_apis_written_and_implied(lowered: Lower) -> None:
    found = lowered(HTTP)
    assert set(found.resources) == {
        "Api", "ApiApiGatewayDefaultStage", "ApiCodeAuthorizerPermission", "F", "FRole", "FAllPermission",
        "G", "GRole", "GSlowPermission", "ServerlessHttpApi", "ServerlessHttpApiApiGatewayDefaultStage",
    }  # fmt: skip
    body = found["Api"]["Body"]
    assert found["Api"]["ProtocolType"] == "HTTP"
    assert found["Api"]["CorsConfiguration"] == {"AllowOrigins": ["*"]}
    assert body["paths"]["$default"][ANY][INTEGRATION]["payloadFormatVersion"] == "2.0"
    assert body["paths"]["/one"]["post"][INTEGRATION]["payloadFormatVersion"] == "1.0"
    assert scopes(body, "$default", ANY) == [{"Tokens": []}]
    assert scopes(body, "/one", "post") == [{"Code": []}]
    jwt = body["components"]["securitySchemes"]["Tokens"]["x-amazon-apigateway-authorizer"]
    assert jwt["jwtConfiguration"]["issuer"] == {"Ref": "Issuer"}
    implied = found["ServerlessHttpApi"]["Body"]["paths"]["/slow"]["get"][INTEGRATION]
    assert implied["timeoutInMillis"] == 9000
    stage = found["ServerlessHttpApiApiGatewayDefaultStage"]
    assert stage["RouteSettings"] == {"GET /slow": {"ThrottlingBurstLimit": 5}}
    assert found.line("Api", "Body", "paths", "/one", "post") == "One:"


def test_http_events_complete_a_written_definition(lowered: Lower) -> None:
    text = """
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      StageName: v2
      DefinitionBody:
        openapi: 3.0.1
        paths: {/a: {get: {x-amazon-apigateway-integration: {type: http_proxy, uri: "https://example.com"}}}}
      Domain: {DomainName: !Ref Name, CertificateArn: c, BasePath: /v2/}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        A: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /a, Method: get, TimeoutInMillis: 700}}
        B: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /b, Method: any}}
"""
    found = lowered(text)
    paths = found["Api"]["Body"]["paths"]
    expected = {"type": "http_proxy", "uri": "https://example.com", "timeoutInMillis": 700}
    assert paths["/a"]["get"][INTEGRATION] == expected
    assert paths["/b"][ANY][INTEGRATION]["uri"] == uri("F.Arn")
    assert {"Apiv2Stage", "Apiv2ApiMapping", "FAPermission", "FBPermission"} <= set(found.resources)
    assert found["Apiv2ApiMapping"]["ApiMappingKey"] == "v2"


def test_a_websocket_api_is_routes_integrations_and_permissions(lowered: Lower) -> None:
    text = """
Resources:
  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Auth: {AuthType: CUSTOM, AuthArn: !GetAtt Check.Arn}
      Routes:
        $connect: {FunctionArn: !GetAtt Connect.Arn}
        send:
          FunctionArn: !GetAtt Send.Arn
          IntegrationTimeout: 5000
"""
    found = lowered(text)
    assert list(found.types()) == [
        "Chat", "ChatConnectRoute", "ChatConnectIntegration", "ChatConnectPermission", "ChatSendRoute",
        "ChatSendIntegration", "ChatSendPermission", "ChatDefaultStage", "ChatConnectAuthorizer",
        "ChatAuthorizerPermission",
    ]  # fmt: skip
    assert found["Chat"]["ProtocolType"] == "WEBSOCKET"
    assert found["ChatConnectRoute"]["AuthorizerId"] == {"Ref": "ChatConnectAuthorizer"}
    assert "AuthorizationType" not in found["ChatSendRoute"]
    assert found["ChatSendIntegration"]["TimeoutInMillis"] == 5000
    assert found.line("ChatSendIntegration", "TimeoutInMillis") == "IntegrationTimeout: 5000"
    assert found.line("ChatSendRoute") == "send:"
