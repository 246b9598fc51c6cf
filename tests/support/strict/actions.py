"""The actions: what each checks, does and answers. All are called under the server's lock."""

import time

from support.strict.activity import stamp
from support.strict.group import Group
from support.strict.paging import page
from support.strict.refusal import Refusal, invalid

ACTIONS = {}
PROCESSES = ["AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck",
             "InstanceRefresh", "Launch", "ReplaceUnhealthy", "ScheduledActions", "Terminate"]
CREATION = {"LaunchTemplate", "LaunchConfigurationName", "MinSize", "MaxSize", "DesiredCapacity",
            "AvailabilityZones", "VPCZoneIdentifier", "DefaultCooldown", "HealthCheckType",
            "HealthCheckGracePeriod", "NewInstancesProtectedFromScaleIn", "TerminationPolicies",
            "Tags"}
PAGES = {"MaxRecords", "NextToken"}


def action(name, *understood):
    """What of a call is not understood is refused, and never passed over in silence."""
    def register(function):
        def called(aws, given):
            if unknown := sorted(given.keys() - set(understood)):
                raise Refusal("NotImplemented",
                              f"this server does not know {', '.join(unknown)} of {name}", 501)
            return function(aws, given)
        ACTIONS[name] = called
        return function
    return register


def find_group(aws, name):
    if group := aws.groups.get(name):
        return group
    raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")


def find_instance(aws, identifier):
    for group in aws.groups.values():
        if instance := group.members.get(identifier):
            return group, instance
    raise invalid(f"Instance Id not found - No managed instance found for instance ID: "
                  f"{identifier}")


def check_bounds(least, most, desired):
    if least < 0 or most < least:
        raise invalid(f"Max bound, {most}, must be greater than or equal to min bound, {least}")
    if not least <= desired <= most:
        raise invalid(f"Desired capacity:{desired} must be between the specified min size:{least} "
                      f"and max size:{most}")


@action("CreateAutoScalingGroup", "AutoScalingGroupName", *CREATION)
def create(aws, given):
    name = given.pop("AutoScalingGroupName")
    if name in aws.groups:
        raise Refusal("AlreadyExists", "AutoScalingGroup by this name already exists - A group "
                      f"with the name {name} already exists")
    if not given.keys() & {"LaunchTemplate", "LaunchConfigurationName"}:
        raise invalid("Valid requests must contain either launchTemplate, "
                      "LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
    if not given.get("AvailabilityZones") and not given.get("VPCZoneIdentifier"):
        raise invalid("At least one Availability Zone or VPC Subnet is required.")
    desired = given.pop("DesiredCapacity", given["MinSize"])
    check_bounds(given["MinSize"], given["MaxSize"], desired)
    tags = [{"ResourceId": name, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False,
             **tag} for tag in given.pop("Tags", [])]
    usual = {"AvailabilityZones": [aws.region + "a"], "DefaultCooldown": 300,
             "HealthCheckType": "EC2", "HealthCheckGracePeriod": 0,
             "NewInstancesProtectedFromScaleIn": False, "TerminationPolicies": ["Default"]}
    group = aws.groups[name] = Group(aws, name, {**usual, **given, "Tags": tags})
    group.set_desired(desired, group.changed)


@action("UpdateAutoScalingGroup", "AutoScalingGroupName", *CREATION - {"Tags"})
def update(aws, given):
    group = find_group(aws, given.pop("AutoScalingGroupName"))
    least, most = given.pop("MinSize", group.min), given.pop("MaxSize", group.max)
    check_bounds(least, most, least)
    desired = given.pop("DesiredCapacity", None)
    if desired is None:
        desired = min(max(group.desired, least), most)
    check_bounds(least, most, desired)
    group.min, group.max = least, most
    group.set_desired(desired, "a user request update of AutoScalingGroup constraints to min: "
                               f"{least}, max: {most}, desired: {desired}")
    group.settings.update(given)


@action("DeleteAutoScalingGroup", "AutoScalingGroupName", "ForceDelete")
def delete(aws, given):
    group = find_group(aws, given["AutoScalingGroupName"])
    if group.members and not given.get("ForceDelete"):
        raise Refusal("ResourceInUse", "You cannot delete an AutoScalingGroup while there are "
                      "instances or pending Spot instance request(s) still in the group.")
    group.end_all()
    aws.forget_deleted()


@action("DescribeAutoScalingGroups", "AutoScalingGroupNames", *PAGES)
def describe_groups(aws, given):
    names = given.get("AutoScalingGroupNames")
    most = given.get("MaxRecords", 50)
    if names and len(names) > most:
        raise invalid(f"The number of group names that may be passed in is limited to {most}")
    groups = sorted((group for group in aws.groups.values() if not names or group.name in names),
                    key=lambda group: group.name)
    shown, more = page(groups, lambda group: group.name, given, "groups", 50, 100, aws.page_size)
    return {"AutoScalingGroups": [group.shown() for group in shown], **more}


@action("SetDesiredCapacity", "AutoScalingGroupName", "DesiredCapacity", "HonorCooldown")
def set_desired(aws, given):
    group, desired = find_group(aws, given["AutoScalingGroupName"]), given["DesiredCapacity"]
    for beyond, side, bound, limit in [(desired > group.max, "above", "max", group.max),
                                       (desired < group.min, "below", "min", group.min)]:
        if beyond:
            raise invalid(f"New SetDesiredCapacity value {desired} is {side} {bound} value "
                          f"{limit} for the AutoScalingGroup.")
    if given.get("HonorCooldown") and time.monotonic() < group.busy_until:
        raise Refusal("ScalingActivityInProgress", f"Scaling activity {group.history[-1].id} is "
                      "in progress and blocks this action")
    group.set_desired(desired, "a user request explicitly set group desired capacity")


@action("TerminateInstanceInAutoScalingGroup", "InstanceId", "ShouldDecrementDesiredCapacity")
def terminate(aws, given):
    if "InstanceId" not in given:
        raise invalid("Either InstanceId or InstanceIds must be specified.")
    group, instance = find_instance(aws, given["InstanceId"])
    if not instance.active:  # so that nobody decrements twice
        raise Refusal("ScalingActivityInProgress", f"Activity {instance.activity.id} is in "
                      f"progress.")
    decrement = given["ShouldDecrementDesiredCapacity"]
    if decrement and group.desired - 1 < group.min:
        raise invalid(f"Currently, desiredSize equals minSize ({group.min}). Terminating instance "
                      "without replacement will violate group's min size constraint. Either set "
                      "shouldDecrementDesiredCapacity flag to false or lower group's min size.")
    activity = group.terminate(instance, "a user request", replaced=not decrement)
    if decrement:
        group.set_desired(group.desired - 1, "a user request terminated an instance,")
    else:
        group.replace_later(instance, aws.delays.replace)
    return {"Activity": activity.describe()}


@action("SetInstanceProtection", "InstanceIds", "AutoScalingGroupName", "ProtectedFromScaleIn")
def protect(aws, given):
    group = find_group(aws, given["AutoScalingGroupName"])
    if len(given["InstanceIds"]) > 50:
        raise Refusal("LimitExceeded", "The number of instances is limited to 50.")
    for identifier in given["InstanceIds"]:
        if identifier not in group.members:
            raise invalid(f"The instance {identifier} is not part of Auto Scaling group "
                          f"{group.name}.")
        if group.members[identifier].state != "InService":
            raise invalid(f"The instance {identifier} is not in InService or EnteringStandby or "
                          "Standby.")
    for identifier in given["InstanceIds"]:
        group.members[identifier].protected = given["ProtectedFromScaleIn"]
    return {}


@action("SetInstanceHealth", "InstanceId", "HealthStatus", "ShouldRespectGracePeriod")
def set_health(aws, given):
    _, instance = find_instance(aws, given["InstanceId"])
    if given["HealthStatus"] not in ("Healthy", "Unhealthy"):
        raise invalid("Valid instance health states are: [Healthy, Unhealthy].")
    instance.health = given["HealthStatus"]
    instance.unfit_since = time.monotonic() if instance.health == "Unhealthy" else None


@action("DescribeScalingActivities", "AutoScalingGroupName", "ActivityIds", "IncludeDeletedGroups",
        *PAGES)
def describe_activities(aws, given):
    groups = [*aws.groups.values(), *(aws.deleted if given.get("IncludeDeletedGroups") else [])]
    if name := given.get("AutoScalingGroupName"):
        groups = [group for group in groups if group.name == name] or [find_group(aws, name)]
    wanted = given.get("ActivityIds")
    found = sorted((activity for group in groups for activity in group.history
                    if not wanted or activity.id in wanted), key=newest_first)
    shown, more = page(found, newest_first, given, "activities", 100, 100, aws.page_size)
    return {"Activities": [activity.describe() for activity in shown], **more}


def newest_first(activity):
    return -activity.number


@action("DescribeAutoScalingInstances", "InstanceIds", *PAGES)
def describe_instances(aws, given):
    wanted = given.get("InstanceIds")
    found = sorted((instance.id, group) for group in aws.groups.values()
                   for instance in group.members.values() if not wanted or instance.id in wanted)
    shown, more = page(found, lambda pair: pair[0], given, "instances", 50, 50, aws.page_size)
    return {"AutoScalingInstances": [describe_details(group, group.members[identifier])
                                     for identifier, group in shown], **more}


def describe_details(group, instance):
    return {**group.describe_instance(instance), "AutoScalingGroupName": group.name,
            "HealthStatus": instance.health.upper()}


@action("SuspendProcesses", "AutoScalingGroupName", "ScalingProcesses")
def suspend(aws, given):
    group = find_group(aws, given["AutoScalingGroupName"])
    for process in chosen_processes(given):
        group.suspended.setdefault(process, f"User suspended at {stamp(aws.now())}")


@action("ResumeProcesses", "AutoScalingGroupName", "ScalingProcesses")
def resume(aws, given):
    group = find_group(aws, given["AutoScalingGroupName"])
    for process in chosen_processes(given):
        group.suspended.pop(process, None)


def chosen_processes(given):
    chosen = given.get("ScalingProcesses") or PROCESSES
    if unknown := [process for process in chosen if process not in PROCESSES]:
        raise invalid(f"{unknown[0]} is not a valid scaling process; must be one of {PROCESSES}")
    return chosen


@action("DescribePolicies", "AutoScalingGroupName", "PolicyNames", "PolicyTypes", *PAGES)
def describe_policies(aws, given):
    shown, more = page([], None, given, "policies", 50, 100, aws.page_size)
    return {"ScalingPolicies": shown, **more}
