"""The scaler over Auto Scaling groups, with the rights it needs and no more."""

import json
from pathlib import Path

POLICY = json.loads((Path(__file__).parents[2] / "deploy/aws/scaler-policy.json").read_text())
NEEDED = [action for statement in POLICY["Statement"] for action in statement["Action"]]


def filled_in(**words):
    """The policy's statements, for these in the place of REGION, ACCOUNT, GROUP, TABLE, SECRET."""
    text = json.dumps(POLICY["Statement"])
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return json.loads(text)


def in_yaml(group):
    """One group by its name, or several."""
    if isinstance(group, str):
        return {"name": group}
    return {"groups": [each if isinstance(each, dict) else {"name": each} for each in group]}


class Scaler:
    """`aws`: Moto or StrictAws. `groups`: resource class to the group of its instances, or to several
    in order of preference.

    `queue`: our server is read as if it were CircleCI, or as what it is ("server").
    """

    def __init__(self, world, server, aws, allowed=NEEDED, groups=None, name="scaler",
                 queue="circleci", **policy):
        self.world = world
        self.keys = aws.create_user(name, [
            {"Effect": "Allow", "Action": allowed, "Resource": "*"}])
        self.secret = self.keys["aws_secret_access_key"]
        self.environment = {**{k.upper(): v for k, v in self.keys.items()},
                            "AWS_ENDPOINT_URL": aws.url}
        self.file = world.place / "scaler.yaml"
        self.file.write_text(json.dumps({
            queue: {"url": server.url, "token_file": str(server.data / "token"),
                    **({"poll_interval": "1s"} if queue == "circleci" else {})},
            "state_directory": str(world.place / "scaler-state"),
            "resource_classes": {
                name: {"max": 6, **policy,
                       "auto_scaling_group": {**in_yaml(group), "region": aws.region}}
                for name, group in (groups or {"local/small": "runners"}).items()}}))

    def start(self):
        return self.world.start("scaler", "scale", "--config", self.file,
                                environment=self.environment)

    def once(self):
        return self.world.run("scale", "--config", self.file, "--once",
                              environment=self.environment)
