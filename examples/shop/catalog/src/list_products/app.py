"""The products of the shop, each with what is left of it."""

import json
import os

import boto3

database = boto3.client("rds-data")
products = boto3.resource("dynamodb").Table(os.environ["PRODUCTS_TABLE"])


def handler(_event, _context):
    answer = database.execute_statement(
        resourceArn=os.environ["STOCK_CLUSTER"],
        secretArn=os.environ["STOCK_SECRET"],
        database="stock",
        sql="SELECT sku, available - reserved FROM stock",
    )
    left = {row[0]["stringValue"]: row[1]["longValue"] for row in answer["records"]}
    items = [{**item, "left": left.get(item["sku"], 0)} for item in products.scan()["Items"]]
    return {"statusCode": 200, "body": json.dumps(items, default=str)}
