"""boto3 against moto's server, which runs in this process: buckets, objects, uploads in parts, SQS, DynamoDB."""

import io
import logging

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").disabled = True


def exchange(peer):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        base = "http://{}:{}".format(*server.get_host_and_port())
        options = {
            "endpoint_url": base,
            "region_name": "us-east-1",
            "aws_access_key_id": "key",
            "aws_secret_access_key": "secret",
            "config": Config(retries={"max_attempts": 0}),
        }
        s3 = boto3.client("s3", **options)
        s3.create_bucket(Bucket="things")
        s3.put_object(Bucket="things", Key="small", Body=b"content", Metadata={"a": "b"})
        s3.upload_fileobj(io.BytesIO(b"0123456789" * 900_000), "things", "large")  # in parts, by threads
        got = s3.get_object(Bucket="things", Key="small", Range="bytes=2-4")
        seen = [got["Body"].read(), got["Metadata"], got["ContentRange"], got["ResponseMetadata"]["HTTPStatusCode"]]
        large = io.BytesIO()
        s3.download_fileobj("things", "large", large)
        seen += [len(large.getvalue()), s3.head_object(Bucket="things", Key="large")["ContentLength"]]
        seen.append([item["Key"] for item in s3.list_objects_v2(Bucket="things")["Contents"]])
        try:
            s3.get_object(Bucket="things", Key="missing")
        except s3.exceptions.NoSuchKey as error:
            seen.append(error.response["Error"]["Code"])
        sqs = boto3.client("sqs", **options)
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="hello")
        seen.append([message["Body"] for message in sqs.receive_message(QueueUrl=queue)["Messages"]])
        return seen
    finally:
        server.stop()
