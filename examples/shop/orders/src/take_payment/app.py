"""Charges the customer, then starts fulfilment and asks for the receipt."""

import json
import os
import urllib.request

import boto3

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
sqs = boto3.client("sqs")
stepfunctions = boto3.client("stepfunctions")


def charge(order_id):
    request = urllib.request.Request(
        "https://payments.example/v2/charges", data=json.dumps({"reference": order_id}).encode()
    )
    with urllib.request.urlopen(request, timeout=40) as response:
        return json.load(response)["id"]


def handler(event, _context):
    order_id = json.loads(event["Records"][0]["body"])["orderId"]
    payment = charge(order_id)
    orders.update_item(
        Key={"orderId": order_id},
        UpdateExpression="SET #status = :paid, payment = :payment",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":paid": "PAID", ":payment": payment},
    )
    sqs.send_message(QueueUrl=os.environ["MAIL_QUEUE_URL"], MessageBody=json.dumps({"orderId": order_id}))
    stepfunctions.start_execution(
        stateMachineArn=os.environ["FULFILMENT_ARN"], name=order_id, input=json.dumps({"orderId": order_id})
    )
