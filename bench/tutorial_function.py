"""A function that makes the calls of CircleCI's autoscaling tutorial, with boto3 and urllib3.

Written anew. Like the tutorial's it makes its clients in each invocation, and reads its secret.
A loop in the place of AWS's own Python runtime hands it its invocations.
"""

import json
import os

import boto3
import urllib3

CIRCLECI = os.environ["CIRCLECI_URL"]
GROUP = os.environ["GROUP"]
MAXIMUM = 40


def secret():
    client = boto3.session.Session().client("secretsmanager")
    return json.loads(client.get_secret_value(SecretId="circleci")["SecretString"])


def ask(path, kept):
    url = f"{CIRCLECI}/api/v2/{path}?resource-class={kept['resource_class']}"
    answer = urllib3.PoolManager().request(
        "GET", url, headers={"Circle-Token": kept["circle_token"]})
    return json.loads(answer.data)


def scale():
    kept = secret()
    waiting = ask("tasks", kept)["unclaimed_task_count"]
    running = ask("tasks/running", kept)["running_runner_tasks"]
    desired = min(waiting + running, MAXIMUM)
    boto3.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=GROUP, MinSize=0, MaxSize=MAXIMUM, DesiredCapacity=desired)
    return desired


def serve():
    runtime = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
    lambda_ = urllib3.PoolManager()
    while True:
        invocation = lambda_.request("GET", f"{runtime}/next", timeout=None, retries=False)
        answer = json.dumps({"desired": scale()})
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        lambda_.request("POST", f"{runtime}/{request_id}/response", body=answer)


serve()
