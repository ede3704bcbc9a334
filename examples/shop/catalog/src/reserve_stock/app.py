"""Sets the goods of an order aside and tells orders whether that worked."""

import json
import os

import boto3

database = boto3.client("rds-data")
sqs = boto3.client("sqs")

RESERVE = "UPDATE stock SET reserved = reserved + 1 WHERE order_id = :order AND reserved < available"


def handler(event, _context):
    failed = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            result = database.execute_statement(
                resourceArn=os.environ["STOCK_CLUSTER"],
                secretArn=os.environ["STOCK_SECRET"],
                database="stock",
                sql=RESERVE,
                parameters=[{"name": "order", "value": {"stringValue": order["orderId"]}}],
            )
            stock = "RESERVED" if result["numberOfRecordsUpdated"] else "MISSING"
            reply = json.dumps({"orderId": order["orderId"], "stock": stock})
            sqs.send_message(QueueUrl=os.environ["REPLY_QUEUE_URL"], MessageBody=reply)
        except database.exceptions.ClientError:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
