"""Mails receipts."""

import json
import os

import boto3

ses = boto3.client("ses")


def handler(event, _context):
    failed = []
    for record in event["Records"]:
        mail = json.loads(record["body"])
        try:
            ses.send_email(
                Source=os.environ["SENDER"],
                Destination={"ToAddresses": [mail["to"]]},
                Message={
                    "Subject": {"Data": f"Your order {mail['orderId']}"},
                    "Body": {"Text": {"Data": "Thank you! We are packing it now."}},
                },
            )
        except ses.exceptions.ClientError:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
