"""Shows one order."""

import json
import os

import boto3

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def handler(event, _context):
    item = orders.get_item(Key={"orderId": event["pathParameters"]["orderId"]}).get("Item")
    if not item:
        return {"statusCode": 404, "body": json.dumps({"message": "no such order"})}
    return {"statusCode": 200, "body": json.dumps(item, default=str)}
