"""Tells everybody who wants to know that an order is new or has changed."""

import json
import os

import boto3

sns = boto3.client("sns")


def handler(event, _context):
    for record in event["Records"]:
        order = record["dynamodb"].get("NewImage")
        if not order:
            continue
        try:
            sns.publish(
                TopicArn=os.environ["ORDER_CHANGES_TOPIC"],
                Message=json.dumps({"orderId": order["orderId"]["S"], "status": order["status"]["S"]}),
            )
        except sns.exceptions.ClientError:
            # The stream goes on from the first record that failed.
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}
