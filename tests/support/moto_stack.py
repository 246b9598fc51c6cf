"""What CloudFormation does and moto does not, as far as a template of ours needs it.

Parameters and rules are checked before anything is made, as AWS does; resources that moto knows and
its CloudFormation does not; Canonical's images. Imported by moto_server.py.
"""

import json
import re
import uuid
from datetime import datetime, timezone

from moto.awslambda.models import LayerVersion, lambda_backends
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet
from moto.cloudwatch.models import (Dimension, Metric, MetricDataQuery, MetricStat,
                                    cloudwatch_backends)
from moto.cloudwatch.utils import make_arn_for_alarm
from moto.core.common_models import CloudFormationModel
from moto.ec2.models import ec2_backends
from moto.iam.models import Role
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from moto.logs.models import LogGroup
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import Parameter, ParameterDict

UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"


class Made(CloudFormationModel):
    """A resource that is known by its physical id alone."""

    TYPE, NAME = "", ""

    def __init__(self, physical_resource_id, **attributes):
        self.physical_resource_id, self.attributes = physical_resource_id, attributes

    @classmethod
    def cloudformation_type(cls):
        return cls.TYPE

    @classmethod
    def cloudformation_name_type(cls):
        return cls.NAME

    def get_cfn_attribute(self, name):
        return self.attributes[name]

    def is_created(self):
        return True

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, new_resource_name,
                                        cloudformation_json, account_id, region_name):
        cls.delete_from_cloudformation_json(original_resource.physical_resource_id,
                                            cloudformation_json, account_id, region_name)
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json,
                                                   account_id, region_name)


class Secret(Made, CloudFormationModel):
    TYPE, NAME = "AWS::SecretsManager::Secret", "Name"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id,
                                        region_name, **_):
        wanted, backend = cloudformation_json["Properties"], secretsmanager_backends
        backend[account_id][region_name].create_secret(
            resource_name, wanted["SecretString"], None, wanted["Description"], [], None, None, [],
            False)
        return cls(backend[account_id][region_name].secrets[resource_name].arn)

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, new_resource_name,
                                        cloudformation_json, account_id, region_name):
        """It keeps its ARN."""
        wanted = cloudformation_json["Properties"]
        secretsmanager_backends[account_id][region_name].update_secret(
            original_resource.physical_resource_id, wanted["SecretString"],
            client_request_token=str(uuid.uuid4()), description=wanted["Description"])
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id,
                                        region_name):
        secretsmanager_backends[account_id][region_name].delete_secret(resource_name, None, True)


def metric_query(wanted):
    stat = wanted.get("MetricStat")
    if stat:
        metric = stat["Metric"]
        dimensions = [Dimension(d["Name"], d["Value"]) for d in metric["Dimensions"]]
        stat = MetricStat(Metric(metric["MetricName"], metric["Namespace"], dimensions),
                          stat["Period"], stat["Stat"], None)
    return MetricDataQuery(wanted["Id"], wanted.get("Label"), None, wanted.get("ReturnData", True),
                           wanted.get("Expression"), stat)


class Alarm(Made, CloudFormationModel):
    TYPE, NAME = "AWS::CloudWatch::Alarm", "AlarmName"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id,
                                        region_name, **_):
        wanted = cloudformation_json["Properties"]
        cloudwatch_backends[account_id][region_name].put_metric_alarm(
            name=resource_name, description=wanted["AlarmDescription"],
            namespace=wanted.get("Namespace"), metric_name=wanted.get("MetricName"),
            statistic=wanted.get("Statistic"), period=wanted.get("Period"),
            metric_data_queries=[metric_query(query) for query in wanted.get("Metrics", [])],
            comparison_operator=wanted["ComparisonOperator"],
            evaluation_periods=int(wanted["EvaluationPeriods"]),
            threshold=float(wanted["Threshold"]), treat_missing_data=wanted["TreatMissingData"],
            dimensions=wanted.get("Dimensions", []), alarm_actions=wanted["AlarmActions"],
            ok_actions=wanted["OKActions"])
        return cls(resource_name, Arn=make_arn_for_alarm(region_name, account_id, resource_name))

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id,
                                        region_name):
        cloudwatch_backends[account_id][region_name].delete_alarms([resource_name])


class EventInvokeConfig(Made, CloudFormationModel):
    TYPE = "AWS::Lambda::EventInvokeConfig"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id,
                                        region_name, **_):
        wanted = dict(cloudformation_json["Properties"])
        wanted.pop("Qualifier")
        lambda_backends[account_id][region_name].put_function_event_invoke_config(
            wanted.pop("FunctionName"), wanted)
        return cls(resource_name)

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id,
                                        region_name):
        """It goes with its function."""


def without_nothing(resolve):
    """AWS::NoValue in a list leaves no member."""
    def clean(json, resources):
        resolved = resolve(json, resources)
        return [v for v in resolved if v is not None] if isinstance(resolved, list) else resolved
    return clean


def attribute(resources, value, name):
    """Of the rules' Fn::ValueOf: that of each subnet."""
    assert name == "VpcId", name
    ec2 = ec2_backends[resources._account_id][resources._region_name]
    return [ec2.get_subnet(subnet).vpc_id for subnet in value]


def holds(rule, resources):
    """A rule's own functions."""
    if not isinstance(rule, dict):
        return rule
    (function, of), = rule.items()
    if function == "Ref":
        return resources.resolved_parameters[of]
    if function == "Fn::ValueOf":
        return attribute(resources, resources.resolved_parameters[of[0]], of[1])
    values = [holds(value, resources) for value in of]
    return {"Fn::Equals": lambda: values[0] == values[1],
            "Fn::Not": lambda: not values[0],
            "Fn::Or": lambda: any(values),
            "Fn::And": lambda: all(values),
            "Fn::EachMemberEquals": lambda: all(v == values[1] for v in values[0])}[function]()


def check_parameter(name, wanted, value):
    numeric = wanted["Type"] == "Number"
    wrong = (
        ("AllowedValues" in wanted and str(value) not in map(str, wanted["AllowedValues"]))
        or ("AllowedPattern" in wanted and not re.fullmatch(wanted["AllowedPattern"], value))
        or (numeric and not float(wanted.get("MinValue", value)) <= float(value)
            <= float(wanted.get("MaxValue", value)))
        or ("MaxLength" in wanted and len(value) > int(wanted["MaxLength"]))
        or (isinstance(value, str) and len(value.encode()) > 4096))
    if wrong:
        raise ValidationError(message=f"Parameter {name} failed to satisfy constraint: "
                                      f"{wanted.get('ConstraintDescription', '')}")


def checked(load_parameters):
    def load(self):
        load_parameters(self)
        for name, wanted in self._template.get("Parameters", {}).items():
            check_parameter(name, wanted, self.resolved_parameters[name])
        for rule in self._template.get("Rules", {}).values():
            if holds(rule.get("RuleCondition", True), self):
                for assertion in rule["Assertions"]:
                    if not holds(assertion["Assert"], self):
                        raise ValidationError(message="Template error: "
                                              + assertion["AssertDescription"])
    return load


def with_ubuntu(check_loading_status):
    def check(self, key):
        check_loading_status(self, key)
        if key == UBUNTU and not dict.get(self, UBUNTU):
            ec2 = ec2_backends[self.account_id][self.region_name]
            image = next(i for i in ec2.describe_images() if "ubuntu" in i.name)
            dict.__setitem__(self, UBUNTU, [Parameter(
                self.account_id, UBUNTU, image.id, "String", "", None, None,
                datetime.now(timezone.utc), 1, "aws:ec2:image")])
    return check


def with_outputs(apply):
    def applied(self):
        apply(self)
        self.stack.output_map = parsing.OutputMap(self.stack.resource_map, self.template_dict,
                                                  self.stack.stack_id)
    return applied


def of_its_streams(get_attribute):
    """A log group's Arn is, in a template, that of all that is in it."""
    def get(self, name):
        return get_attribute(self, name) + (":*" if name == "Arn" else "")
    return get


def as_text(put_policy):
    """A role's policy is text, and one that AWS would refuse is refused."""
    def put(self, policy_name, policy_json):
        text = policy_json if isinstance(policy_json, str) else json.dumps(policy_json)
        IAMPolicyDocumentValidator(text).validate()
        put_policy(self, policy_name, text)
    return put


LogGroup.get_cfn_attribute = of_its_streams(LogGroup.get_cfn_attribute)
Role.put_policy = as_text(Role.put_policy)
parsing.clean_json = without_nothing(parsing.clean_json)
parsing.ResourceMap.load_parameters = checked(parsing.ResourceMap.load_parameters)
ChangeSet.apply = with_outputs(ChangeSet.apply)
ParameterDict._check_loading_status = with_ubuntu(ParameterDict._check_loading_status)
LayerVersion.delete = lambda version, account, region: lambda_backends[account][
    region].delete_layer_version(version.name, version.version)
LayerVersion.physical_resource_id = LayerVersion.arn
LayerVersion.cloudformation_name_type = staticmethod(lambda: "LayerName")
