"""`muster doctor` of a class with several groups: each has its own findings."""

import pytest

from support.doctor import create_group, doctor, moto
from support.moto import REGION

OF_GROUPS = {"group-exists", "group-protection", "az-rebalance", "suspended-processes",
             "group-minimum", "group-maximum", "launch-template", "launches", "ends",
             "other-scalers", "runner-names", "lost-instances", "scaling-policies",
             "permission-resize", "permission-end", "class-token"}


def subject(group, region=REGION):
    return f"the group {group} in {region}"


@pytest.fixture
def several(doctor, moto):
    """As `doctor`; of its two groups "runners" is preferred, and at most 4 may live there."""
    create_group(moto, "reserve")
    doctor.small["auto_scaling_group"] = {
        "groups": [{"name": "runners", "max": 4}, {"name": "reserve"}], "token_secret": "class"}
    return doctor


def found(doctor, check):
    """Those of a check, by subject."""
    return {each["subject"]: each for each in doctor.look()[check]}


def verdicts(doctor, check):
    each = found(doctor, check)
    return each[subject("runners")]["verdict"], each[subject("reserve")]["verdict"]


def test_all_is_good_of_both(several, server, small):
    for group in ("runners", "reserve"):
        server.claimer(small, several.create_instance(group)).ask().expect(204)
        several.put_in_charge("process 7 on elsewhere", group=group)
    findings = several.look()
    assert {f["verdict"] for each in findings.values() for f in each} == {"good"}, findings
    both = {subject("runners"), subject("reserve")}
    assert {check: both for check in OF_GROUPS} == {
        check: {f["subject"] for f in findings[check]} for check in OF_GROUPS}


@pytest.mark.parametrize("group, expected", [("runners", ("bad", "good")),
                                             ("reserve", ("good", "bad"))])
@pytest.mark.parametrize("change, check, command", [
    ({"NewInstancesProtectedFromScaleIn": False}, "group-protection",
     "--new-instances-protected-from-scale-in"),
    ({"MinSize": 1, "DesiredCapacity": 1}, "group-minimum", "--min-size 0"),
])
def test_what_is_wrong_with_one_is_told_of_that_one(several, group, expected, change, check, command):
    several.scaling.update_auto_scaling_group(AutoScalingGroupName=group, **change)
    assert verdicts(several, check) == expected
    text = found(several, check)[subject(group)]["text"]
    assert f"--auto-scaling-group-name {group} {command}" in text


def test_each_needs_room_for_what_may_live_there(several):
    for group in ("runners", "reserve"):
        several.scaling.update_auto_scaling_group(AutoScalingGroupName=group, MaxSize=4)
    assert verdicts(several, "group-maximum") == ("good", "warning")
    assert "the group's maximum of 4 binds before the class's of 6" in (
        found(several, "group-maximum")[subject("reserve")]["text"])


def test_one_that_is_not_there_hides_nothing_of_the_other(several):
    several.small["auto_scaling_group"]["groups"][0]["name"] = "spot"
    findings = several.look()
    exists = {f["subject"]: f["verdict"] for f in findings["group-exists"]}
    assert exists == {subject("spot"): "bad", subject("reserve"): "good"}
    assert [f["subject"] for f in findings["group-protection"]] == [subject("reserve")]


def test_one_in_another_region_is_looked_for_there(several):
    several.small["auto_scaling_group"]["groups"][1]["region"] = "us-east-1"
    exists = found(several, "group-exists")
    assert exists[subject("runners")]["verdict"] == "good"
    assert exists[subject("reserve", "us-east-1")]["verdict"] == "bad"


def test_a_runner_of_one_is_no_stranger_in_the_other(several, server, small):
    """That of the reserve has no runner, which alone does not show that its name is wrong."""
    for group in ("runners", "reserve"):
        instance = several.create_instance(group)
        if group == "runners":
            server.claimer(small, instance).ask().expect(204)
    several.small["boot_timeout"] = "1s"
    names = found(several, "runner-names")
    assert names[subject("runners")]["verdict"] == "good"
    assert names[subject("reserve")]["verdict"] == "unknown"
    assert "or are in another group" in names[subject("reserve")]["text"]


def test_who_is_in_charge_of_each(several):
    several.put_in_charge("process 7 on elsewhere", group="reserve")
    of = {each["text"].split(": ")[0]: each for each in several.look()["in-charge"]}
    held = of[f"local/small, {REGION}/reserve"]
    assert held["verdict"] == "good" and "process 7 on elsewhere is in charge" in held["text"]
    assert of[f"local/small, {REGION}/runners"]["verdict"] == "warning"


def test_two_classes_may_not_share_one_of_them(several, server):
    server.create_class("local/large")
    several.config["resource_classes"]["local/large"] = {
        "max": 2, "auto_scaling_group": {"name": "reserve", "region": REGION}}
    (shared,) = several.look()["one-class"]
    assert (shared["subject"], shared["verdict"]) == (subject("reserve"), "bad")
    assert "local/small and local/large" in shared["text"]
