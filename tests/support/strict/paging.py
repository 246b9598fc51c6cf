"""Pages of a long list, each with a token for the next."""

import base64
import json

from support.strict.refusal import Refusal, constraint


def page(items, key, given, action, usual, most, largest):
    """`items` in the order of `key`, which says where the next page goes on. AWS may give fewer
    than it was asked for: `largest` is what this server gives."""
    wanted = given.get("MaxRecords", usual)
    if wanted > most:
        raise constraint(wanted, "MaxRecords", f"have value less than or equal to {most}")
    if wanted < 1:
        raise constraint(wanted, "MaxRecords", "have value greater than or equal to 1")
    token = given.get("NextToken")
    if token is not None:
        after = read_token(token, action)
        items = [item for item in items if key(item) > after]
    shown = items[:min(wanted, largest)]
    more = len(shown) < len(items)
    return shown, {"NextToken": write_token(action, key(shown[-1]))} if more else {}


def write_token(action, last):
    return base64.b64encode(json.dumps([action, last]).encode()).decode()


def read_token(token, action):
    try:
        its_action, last = json.loads(base64.b64decode(token, validate=True))
    except ValueError:
        its_action = None
    if its_action != action:
        raise Refusal("InvalidNextToken", f"The token '{token}' is invalid.")
    return last
