"""Writes catalog's answer about the stock into the order."""

import json
import os

import boto3

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def handler(event, _context):
    failed = []
    for record in event["Records"]:
        reply = json.loads(record["body"])
        try:
            orders.update_item(
                Key={"orderId": reply["orderId"]},
                UpdateExpression="SET stock = :stock",
                ExpressionAttributeValues={":stock": reply["stock"]},
            )
        except orders.meta.client.exceptions.ClientError:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
