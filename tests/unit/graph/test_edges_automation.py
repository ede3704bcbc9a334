from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.graph.drawing import drawn

if TYPE_CHECKING:
    from tests.unit.graph.conftest import GraphOf


def test_the_steps_of_an_automation_call_functions_machines_documents_and_operations(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Repair:
            Type: AWS::SSM::Document
            Properties:
              DocumentType: Automation
              Content:
                parameters:
                  Queue: {type: String, default: !Ref Jobs}
                  Bucket: {type: String}
                mainSteps:
                  - {action: "aws:invokeLambdaFunction", inputs: {FunctionName: !Ref Check}}
                  - {action: "aws:invokeLambdaFunction", inputs: {FunctionName: tell, InvocationType: Event}}
                  - {action: "aws:executeStateMachine", inputs: {stateMachineArn: !Ref Machine}}
                  - {action: "aws:executeAutomation", inputs: {DocumentName: AWS-RestartEC2Instance}}
                  - {action: "aws:runCommand", inputs: {DocumentName: !Ref Command}}
                  - {action: "aws:executeAwsApi", inputs: {Service: sqs, Api: SendMessage, QueueUrl: "{{ Queue }}"}}
                  - {action: "aws:executeAwsApi", inputs: {Service: s3, Api: GetObject, Bucket: "{{ Bucket }}"}}
                  - {action: "aws:sleep", inputs: {Duration: PT1M}}
                  - oops
          Check: {Type: AWS::Lambda::Function}
          Tell: {Type: AWS::Lambda::Function, Properties: {FunctionName: tell}}
          Machine: {Type: AWS::StepFunctions::StateMachine}
          Command: {Type: AWS::SSM::Document}
          Jobs: {Type: AWS::SQS::Queue}
        """
    )
    assert drawn(graph) == [
        "Repair -invokes:async-> Machine",
        "Repair -invokes:async-> Tell",
        "Repair -invokes:sync-> Check",
        "Repair -invokes:sync-> Command",
        "Repair -invokes:sync-> Document AWS-RestartEC2Instance",
        "Repair -publishes-> Jobs",
    ]


def test_a_document_may_be_text_that_is_put_together(graph_of: GraphOf) -> None:
    graph = graph_of(
        """
        Resources:
          Repair:
            Type: AWS::SSM::Document
            Properties:
              Content: !Sub >-
                {"mainSteps": [{"action": "aws:invokeLambdaFunction", "inputs": {"FunctionName": "${Check.Arn}"}}]}
          Odd: {Type: AWS::SSM::Document, Properties: {Content: {mainSteps: {a: 1}}}}
          Check: {Type: AWS::Lambda::Function}
        """
    )
    assert drawn(graph) == ["Repair -invokes:sync-> Check"]
