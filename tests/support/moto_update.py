"""What CloudFormation does as it updates a stack and moto does not, as far as a template of ours needs it.

Parameters that keep their values have them as they were given: of moto's, a list is read as text once
more, and fails. A resource is changed if what is said of it is another than before, also through Fn::Sub,
a condition, or an attribute of another resource; moto looks for parameters in a Ref alone. A group is
changed where it is; moto deletes it and makes another. Imported by moto_server.py.
"""

from moto.autoscaling.models import FakeAutoScalingGroup, autoscaling_backends
from moto.awslambda.models import LayerVersion
from moto.cloudformation import parsing
from moto.cloudformation.models import Stack
from moto.cloudformation.responses import CloudFormationResponse


def as_given(stack):
    resources = stack.resource_map
    return {name: resources.input_parameters.get(name, wanted.get("Default"))
            for name, wanted in resources._template.get("Parameters", {}).items()}


def is_wanted(resources, resource):
    return "Condition" not in resource or resources.lazy_condition_map[resource["Condition"]]


def properties(resources, resource):
    return parsing.clean_json(resource.get("Properties", {}), resources)


def load(resources, template, parameters):
    resources._template = template
    resources._resource_json_map = template["Resources"]
    resources.input_parameters = parameters
    resources.load_mapping()
    resources.load_parameters()
    resources.load_conditions()


def update(resources, template, parameters):
    """In the template's order, so what another is made of comes before it."""
    old = {name: resource for name, resource in resources._resource_json_map.items()
           if name in resources._parsed_resources}
    before = {name: properties(resources, resource) for name, resource in old.items()}
    load(resources, template, parameters)
    for name, resource in template["Resources"].items():
        if not is_wanted(resources, resource):
            continue
        if name not in old:
            resources[name]  # makes it
        elif properties(resources, resource) != before[name]:
            resources._parsed_resources[name] = parsing.parse_and_update_resource(
                name, resource, resources, resources._account_id, resources._region_name)
        old.pop(name, None)
    for name, resource in old.items():
        resources._delete_resource(resources._parsed_resources.pop(name), resource)


def update_group(cls, original_resource, new_resource_name, cloudformation_json, account_id,
                 region_name):
    assert new_resource_name == original_resource.name, "the group would be replaced"
    wanted = cloudformation_json["Properties"]
    return autoscaling_backends[account_id][region_name].update_auto_scaling_group(
        name=new_resource_name, availability_zones=[], desired_capacity=None,
        max_size=int(wanted["MaxSize"]), min_size=int(wanted["MinSize"]), launch_config_name="",
        launch_template={}, vpc_zone_identifier=",".join(wanted["VPCZoneIdentifier"]),
        health_check_period=None, health_check_type=None,
        new_instances_protected_from_scale_in=wanted["NewInstancesProtectedFromScaleIn"],
        mixed_instances_policy=wanted["MixedInstancesPolicy"])


def replace_layer_version(cls, original_resource, new_resource_name, cloudformation_json, account_id,
                          region_name):
    """Nothing in a version can be changed."""
    made = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id,
                                               region_name)
    original_resource.delete(account_id, region_name)
    return made


Stack.stack_parameters = property(as_given)
parsing.ResourceMap.update = update
FakeAutoScalingGroup.update_from_cloudformation_json = classmethod(update_group)
LayerVersion.update_from_cloudformation_json = classmethod(replace_layer_version)
Stack.has_parameters = lambda stack, given: {**as_given(stack), **given} == as_given(stack)
# A change set that would change nothing is made all the same, and says so.
CloudFormationResponse._validate_different_update = lambda *_: None
