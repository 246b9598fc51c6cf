"""Which actions are called on which resources, and what of a policy they need.

moto compares actions alone. Here a call's resource is told as AWS names it, so that statements can
be held against what was called: each call must be allowed by one, and each must be needed by a call.
"""

import json
from urllib.parse import urlsplit

from support.strict.keys import ACCOUNT, REGION, allows, arn_of

LOGS = "logs", "log-group:{logGroupName}:log-stream:{logStreamName}"
RESOURCES = {"secretsmanager:GetSecretValue": (None, "{SecretId}"),
             "dynamodb:GetItem": ("dynamodb", "table/{TableName}"),
             "dynamodb:PutItem": ("dynamodb", "table/{TableName}"),
             "logs:CreateLogStream": LOGS, "logs:PutLogEvents": LOGS}


def called_at_moto(moto, keys):
    """(action, resource) of what was recorded of these keys."""
    found = set()
    for action, url, body in moto.recorded_calls(keys["aws_access_key_id"]):
        if action == "lambda:GetLayerVersion":
            _, _, _, name, _, version = urlsplit(url).path.split("/")
            found.add((action, f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{name}:{version}"))
            continue
        assert action in RESOURCES, (
            f"{action} was called, and it is not known on which resource: tell RESOURCES of "
            "tests/support/policies.py, as AWS's Service Authorization Reference names it")
        service, resource = RESOURCES[action]
        named = resource.format(**json.loads(body))
        found.add((action, f"arn:aws:{service}:{REGION}:{ACCOUNT}:{named}" if service else named))
    return found


def called_at_groups(groups, keys, group):
    """Likewise, of a strict server's calls that it did not refuse; a Describe has no resource."""
    return {(f"autoscaling:{call.action}",
             "*" if call.action.startswith("Describe") else arn_of(group))
            for call in groups.calls
            if call.access_key == keys["aws_access_key_id"] and not call.code}


def parts(statements):
    """Each action alone, with the statement that allows it."""
    for statement in statements:
        assert {"Sid", "Action", "Resource"} <= statement.keys(), (
            f"{statement} cannot be compared: say its Sid, Action and Resource in the template")
        named = statement["Action"]
        for action in [named] if isinstance(named, str) else named:
            yield {**statement, "Action": action}


def compare(statements, called):
    """What was called and is not allowed; what is allowed and was not called."""
    needless = {(part["Sid"], part["Action"]) for part in parts(statements)
                if not any(allows(part, *call) for call in called)}
    missing = {call for call in called if not any(allows(s, *call) for s in statements)}
    return missing, needless
