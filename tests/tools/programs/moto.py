"""boto3 under moto's mock_aws, in which ``responses`` mocks what requests asks besides."""

import asking
import boto3
from moto import mock_aws


def exchange(peer):
    keys = {"region_name": "us-east-1", "aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    with mock_aws():
        s3 = boto3.client("s3", **keys)
        s3.create_bucket(Bucket="things")
        s3.put_object(Bucket="things", Key="small", Body=b"content")
        seen = [s3.get_object(Bucket="things", Key="small")["Body"].read()]
        link = s3.generate_presigned_url("get_object", {"Bucket": "things", "Key": "small"})
        import requests

        seen.append([requests.get(link).content, requests.get(link).status_code])
    return [seen, asking.by_requests(peer.http)]
