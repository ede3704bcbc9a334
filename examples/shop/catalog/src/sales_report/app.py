"""Last week's sales, for the board."""

import os

import boto3

database = boto3.client("rds-data")


def handler(_event, _context):
    answer = database.execute_statement(
        resourceArn=os.environ["CLUSTER"],
        secretArn=os.environ["SECRET"],
        database="reporting",
        sql="SELECT week, SUM(total) FROM sales GROUP BY week ORDER BY week DESC LIMIT 1",
    )
    print(answer["records"])
