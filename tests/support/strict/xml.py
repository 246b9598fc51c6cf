"""The query protocol, from an answer or a refusal to XML, by the service's model."""

from datetime import timezone
from xml.etree import ElementTree as Tree

from botocore.validate import ParamValidator


def write_answer(model, operation, answer, request_id):
    root = Tree.Element(f"{operation.name}Response", xmlns=model.metadata["xmlNamespace"])
    shape = operation.output_shape
    if shape is not None:
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), f"{operation.name}: {report.generate_report()}"
        append(root, shape.serialization["resultWrapper"], shape, answer)
    else:
        assert answer is None, f"{operation.name} answers nothing"
    metadata = Tree.SubElement(root, "ResponseMetadata")
    Tree.SubElement(metadata, "RequestId").text = request_id
    return Tree.tostring(root)


def write_refusal(namespace, refusal, request_id):
    root = Tree.Element("ErrorResponse", xmlns=namespace)
    error = Tree.SubElement(root, "Error")
    for name in ("Type", "Code", "Message"):
        Tree.SubElement(error, name).text = getattr(refusal, name.lower())
    Tree.SubElement(root, "RequestId").text = request_id
    return Tree.tostring(root)


def append(parent, name, shape, value):
    node = Tree.SubElement(parent, name)
    kind = shape.type_name
    if kind == "structure":
        assert value.keys() <= shape.members.keys(), f"{shape.name} has not all of {[*value]}"
        for member, its_shape in shape.members.items():
            if value.get(member) is not None:
                append(node, its_shape.serialization.get("name", member), its_shape, value[member])
    elif kind == "list":
        for item in value:
            append(node, shape.member.serialization.get("name", "member"), shape.member, item)
    elif kind == "boolean":
        node.text = "true" if value else "false"
    elif kind == "timestamp":
        node.text = write_time(value)
    else:
        node.text = str(value)


def write_time(time):
    """With milliseconds if it has some, as AWS writes it."""
    time = time.astimezone(timezone.utc).replace(tzinfo=None)
    return time.isoformat(timespec="milliseconds" if time.microsecond else "seconds") + "Z"
