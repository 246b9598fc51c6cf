"""A program: moto's server, refusing what AWS refuses and moto would do.

A desired capacity out of the group's range, the end of an instance that is in no group, one that
would leave fewer than the group's minimum, and a group that names an instance type twice. And it changes a group as AWS does: one call after
the other, and shown as it is between two of them.
"""

import functools
import sys
import threading
from pathlib import Path

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse
from moto.server import main

sys.path.append(str(Path(__file__).parents[1]))  # behind moto's own, which `support` has one of, too

import support.moto_stack  # noqa: E402, F401
import support.moto_update  # noqa: E402, F401

group_changes = threading.RLock()
set_desired_capacity = AutoScalingBackend.set_desired_capacity
terminate_instance = AutoScalingBackend.terminate_instance
create_auto_scaling_group = AutoScalingBackend.create_auto_scaling_group


def strict_set_desired_capacity(self, group_name, desired_capacity):
    group = self.autoscaling_groups.get(group_name)
    if group is None:
        raise ValidationError("AutoScalingGroup name not found - AutoScalingGroup "
                              f"{group_name} not found")
    for wrong, side, bound in ((desired_capacity < group.min_size, "below min", group.min_size),
                               (desired_capacity > group.max_size, "above max", group.max_size)):
        if wrong:
            raise ValidationError(f"New SetDesiredCapacity value {desired_capacity} is {side} "
                                  f"value {bound} for the AutoScalingGroup.")
    set_desired_capacity(self, group_name, desired_capacity)


def strict_terminate_instance(self, instance_id, should_decrement):
    for group in self.autoscaling_groups.values():
        if (should_decrement and group.desired_capacity <= group.min_size
                and instance_id in [state.instance.id for state in group.instance_states]):
            raise ValidationError(
                f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance "
                "without replacement will violate group's min size constraint. Either set "
                "shouldDecrementDesiredCapacity flag to false or lower group's min size.")
    try:
        return terminate_instance(self, instance_id, should_decrement)
    except StopIteration:
        raise ValidationError("Instance Id not found - No managed instance found for instance "
                              f"ID: {instance_id}") from None


def strict_create_auto_scaling_group(self, **wanted):
    template = (wanted["mixed_instances_policy"] or {}).get("LaunchTemplate", {})
    types = [override["InstanceType"] for override in template.get("Overrides", [])]
    if len(types) > len(set(types)):
        raise ValidationError("Cannot add same instance type override more than once")
    return create_auto_scaling_group(self, **wanted)


def one_at_a_time(call):
    @functools.wraps(call)
    def alone(*arguments, **named):
        with group_changes:
            return call(*arguments, **named)
    return alone


AutoScalingBackend.set_desired_capacity = one_at_a_time(strict_set_desired_capacity)
AutoScalingBackend.terminate_instance = one_at_a_time(strict_terminate_instance)
AutoScalingBackend.create_auto_scaling_group = strict_create_auto_scaling_group
AutoScalingResponse.describe_auto_scaling_groups = one_at_a_time(
    AutoScalingResponse.describe_auto_scaling_groups)
main(sys.argv[1:])
