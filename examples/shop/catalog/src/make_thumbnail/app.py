"""Makes the small picture for the product list."""

import io
import os

import boto3
from PIL import Image

s3 = boto3.client("s3")


def handler(event, _context):
    for record in event["Records"]:
        key = record["s3"]["object"]["key"]
        original = s3.get_object(Bucket=record["s3"]["bucket"]["name"], Key=key)["Body"].read()
        picture = Image.open(io.BytesIO(original))
        picture.thumbnail((320, 320))
        small = io.BytesIO()
        picture.save(small, "WEBP")
        s3.put_object(Bucket=os.environ["THUMBNAILS_BUCKET"], Key=f"{key}.webp", Body=small.getvalue())
