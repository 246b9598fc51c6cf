"""AWS as the scaler needs it: groups as strict as AWS's own, and moto for all else.

Both check signatures. A user is known to both, with the same keys and the same rights.
"""

import json

from support.moto import Moto
from support.strict import REGION, StrictAws


class Cloud:
    region = REGION

    def __init__(self, directory, **delays):
        self.moto, self.groups = Moto(directory), StrictAws(**delays)

    def environment(self, keys):
        return {**self.moto.environment(keys), "AWS_ENDPOINT_URL_AUTO_SCALING": self.groups.url}

    def assume_role(self, name, statements):
        """Keys that end. moto looks at actions only, and refuses whatever names a resource."""
        keys = self.moto.assume_role(name, [
            {"Effect": "Allow", "Action": each["Action"], "Resource": "*"} for each in statements])
        self.groups.adopt(f"assumed-role/{name}/test", keys, statements)
        return keys

    def keep_token(self, name, token):
        """As the tutorial keeps it."""
        self.moto.client("secretsmanager").create_secret(
            Name=name, SecretString=json.dumps({"circle_token": token}))

    def scaling(self):
        return self.groups.client("autoscaling")

    def close(self):
        self.moto.close()
        self.groups.close()
