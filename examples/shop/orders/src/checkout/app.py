"""Turns a cart into an order and asks for its payment."""

import json
import os
import uuid

import boto3

dynamodb = boto3.resource("dynamodb")
sqs = boto3.client("sqs")


def handler(event, _context):
    request = json.loads(event["body"])
    carts = dynamodb.Table(os.environ["CARTS_TABLE"])
    cart = carts.get_item(Key={"cartId": request["cartId"]}).get("Item")
    if not cart:
        return {"statusCode": 404, "body": json.dumps({"message": "this cart is gone"})}
    order = {"orderId": str(uuid.uuid4()), "status": "PLACED", "items": cart["items"], "mail": request["mail"]}
    dynamodb.Table(os.environ["ORDERS_TABLE"]).put_item(Item=order)
    sqs.send_message(QueueUrl=os.environ["PAYMENT_QUEUE_URL"], MessageBody=json.dumps({"orderId": order["orderId"]}))
    carts.delete_item(Key={"cartId": request["cartId"]})
    return {"statusCode": 202, "body": json.dumps({"orderId": order["orderId"]})}
