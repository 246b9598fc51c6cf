"""The query protocol, from a form to an action and its parameters, by the service's model."""

from urllib.parse import parse_qsl

from botocore.exceptions import ParamValidationError
from botocore.utils import parse_timestamp
from botocore.validate import ParamValidator

from support.strict.refusal import Refusal, constraint, invalid


def read_form(body):
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body))
    except ValueError as error:
        raise malformed(error) from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise malformed("a parameter was given twice")
    return form


def find_operation(model, form):
    action, version = form.pop("Action", None), form.pop("Version", None)
    if not action:
        raise Refusal("MissingAction", "The request must contain an Action.")
    if action not in model.operation_names or version != model.api_version:
        raise Refusal("InvalidAction",
                      f"Could not find operation {action} for version {version}")
    return model.operation_model(action)


def read_parameters(operation, form):
    """The parameters as boto3 takes them. Stricter than AWS: what the model does not have is
    refused, so that a misspelt name does not go unnoticed."""
    shape = operation.input_shape
    parameters = convert(shape, as_tree(form), "")
    check(shape, parameters)
    return parameters


def as_tree(form):
    """`A.member.1=x` as {"A": {"member": {"1": "x"}}}."""
    tree = {}
    for name, value in form.items():
        *path, last = name.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise malformed(f"{name} is both a value and a structure")
        if isinstance(node.get(last), dict):
            raise malformed(f"{name} is both a value and a structure")
        node[last] = value
    return tree


def convert(shape, node, name):
    kind = shape.type_name
    if kind == "structure":
        return convert_structure(shape, expect_tree(node, name), name)
    if kind == "list":
        return convert_list(shape, node, name)
    if isinstance(node, dict):
        raise malformed(f"{name} has no members")
    return convert_scalar(shape, kind, node, name)


def convert_structure(shape, tree, name):
    wire_names = {member.serialization.get("name", key): key
                  for key, member in shape.members.items()}
    if unknown := tree.keys() - wire_names.keys():
        raise malformed(f"{shape.name} has no {', '.join(sorted(unknown))}")
    return {wire_names[key]: convert(shape.members[wire_names[key]], child, key)
            for key, child in tree.items()}


def convert_list(shape, node, name):
    if node == "":  # so is an empty list written
        return []
    items = expect_tree(node, name).get("member")
    if items is None or len(node) > 1:
        raise malformed(f"{name} must have members called {name}.member.N")
    wanted = [str(number) for number in range(1, len(items) + 1)]
    if sorted(items) != sorted(wanted):
        raise malformed(f"{name} must be numbered from 1 on")
    return [convert(shape.member, items[number], name) for number in wanted]


def convert_scalar(shape, kind, text, name):
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text]
        if kind == "timestamp":
            return parse_timestamp(text)
    except (ValueError, KeyError) as error:
        raise malformed(f"{text!r} is no {kind}, as {name} must be") from error
    return check_text(shape, text, name)


def check_text(shape, text, name):
    most, values = shape.metadata.get("max"), shape.metadata.get("enum")
    if most is not None and len(text) > most:
        raise constraint(text, name, f"have length less than or equal to {most}")
    if values and text not in values:
        raise constraint(text, name, f"satisfy enum value set: [{', '.join(values)}]")
    return text


def check(shape, parameters):
    """What botocore itself would refuse to send."""
    report = ParamValidator().validate(parameters, shape)
    for member in shape.required_members:
        if member not in parameters:
            raise constraint(None, member, "not be null")
    for name, member in shape.members.items():
        least = member.metadata.get("min")
        value = parameters.get(name)
        if least is not None and isinstance(value, (str, list)) and len(value) < least:
            raise constraint(value, name, f"have length greater than or equal to {least}")
    if report.has_errors():
        raise invalid(str(ParamValidationError(report=report.generate_report())))


def expect_tree(node, name):
    if not isinstance(node, dict):
        raise malformed(f"{name or 'the request'} must have members")
    return node


def malformed(why):
    return Refusal("MalformedQueryString", f"The query string is malformed: {why}.")
