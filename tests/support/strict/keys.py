"""Who may call: access keys, their signatures (version 4), and what each is allowed."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

from support.strict.refusal import Refusal

REGION = "eu-west-1"
ACCOUNT = "123456789012"
SERVICE = "autoscaling"
STAMP = "%Y%m%dT%H%M%SZ"
OFF_AT_MOST = timedelta(minutes=5)
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<signed>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})")


@dataclass
class Key:
    who: str  # as in the ARN: "user/scaler"
    id: str
    secret: str
    token: str | None
    statements: list  # of a policy: Allow, Action, Resource, and Condition on the region
    expired: bool = False

    @property
    def arn(self):
        service = "sts" if self.token else "iam"
        return f"arn:aws:{service}::{ACCOUNT}:{self.who}"

    def for_boto3(self):
        keys = {"aws_access_key_id": self.id, "aws_secret_access_key": self.secret}
        return {**keys, "aws_session_token": self.token} if self.token else keys


class KeyRing:
    def __init__(self):
        self.keys = {}

    def add(self, who, statements, temporary=False):
        key = Key(who, ("ASIA" if temporary else "AKIA") + secrets.token_hex(8).upper(),
                  secrets.token_urlsafe(30), secrets.token_urlsafe(90) if temporary else None,
                  statements)
        self.keys[key.id] = key
        return key

    def adopt(self, who, keys, statements):
        key = Key(who, keys["aws_access_key_id"], keys["aws_secret_access_key"],
                  keys.get("aws_session_token"), statements)
        self.keys[key.id] = key

    def authenticate(self, method, path, headers, body, now):
        """The key by which the request is signed. `headers`: names in lower case."""
        claim = read_claim(headers)
        key = self.keys.get(claim["key"])
        if not key or headers.get("x-amz-security-token") != key.token:
            raise Refusal("InvalidClientTokenId",
                          "The security token included in the request is invalid.", 403)
        check_scope(claim["scope"], headers["x-amz-date"])
        request = AWSRequest(method, f"http://{headers['host']}{path}",
                             HTTPHeaders.from_dict(headers), body)
        check_signature(claim, key, request)
        check_time(headers["x-amz-date"], now)
        if key.expired:
            raise Refusal("ExpiredToken",
                          "The security token included in the request is expired", 403)
        return key


def read_claim(headers):
    text = headers.get("authorization")
    if not text:
        raise Refusal("MissingAuthenticationToken",
                      "Request is missing Authentication Token", 403)
    found = AUTHORIZATION.fullmatch(text)
    if not found or not re.fullmatch(r"\d{8}T\d{6}Z", headers.get("x-amz-date", "")):
        raise Refusal("IncompleteSignature", "Authorization header requires 'Credential', "
                      "'Signature' and 'SignedHeaders' parameters, and a 'X-Amz-Date' header.")
    return found


def check_scope(scope, stamp):
    if scope == f"{stamp[:8]}/{REGION}/{SERVICE}/aws4_request":
        return
    day, region, service, *_ = [*scope.split("/"), "", "", ""]
    if region != REGION:
        raise mismatch(f"Credential should be scoped to a valid region, not '{region}'. ")
    if service != SERVICE:
        raise mismatch(f"Credential should be scoped to correct service: '{SERVICE}'. ")
    raise mismatch(f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                   f"date from HTTP: '{day}' != '{stamp[:8]}', from '{stamp}'.")


class Signer(SigV4Auth):
    """botocore's, over the headers that the caller says it has signed."""

    def __init__(self, key, signed):
        super().__init__(Credentials(key.id, key.secret, key.token), SERVICE, REGION)
        self.signed = signed

    def headers_to_sign(self, request):
        chosen = HTTPHeaders()
        for name in self.signed:
            chosen[name] = request.headers.get(name, "")
        return chosen


def check_signature(claim, key, request):
    headers, signed = request.headers, claim["signed"].split(";")
    needed = {name.lower() for name in headers if name.lower().startswith("x-amz-")} | {"host"}
    if missing := sorted(needed - set(signed)):
        raise mismatch(f"'{missing[0]}' must be a 'SignedHeader' in the AWS Authorization.")
    digest = hashlib.sha256(request.data).hexdigest()
    if headers.get("x-amz-content-sha256", digest) != digest:
        raise mismatch("The provided 'x-amz-content-sha256' header does not match what was "
                       "computed.")
    request.context["timestamp"] = headers["x-amz-date"]
    signer = Signer(key, signed)
    canonical = signer.canonical_request(request)
    to_sign = signer.string_to_sign(request, canonical)
    if not hmac.compare_digest(signer.signature(to_sign, request), claim["signature"]):
        raise mismatch(
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method. Consult the service documentation for "
            f"details.\n\nThe Canonical String for this request should have been\n'{canonical}'"
            f"\n\nThe String-to-Sign should have been\n'{to_sign}'\n")


def check_time(stamp, now):
    signed_at = datetime.strptime(stamp, STAMP).replace(tzinfo=timezone.utc)
    shown = now.strftime(STAMP)
    if signed_at < now - OFF_AT_MOST:
        edge = (now - OFF_AT_MOST).strftime(STAMP)
        raise mismatch(f"Signature expired: {stamp} is now earlier than {edge} "
                       f"({shown} - 5 min.)")
    if signed_at > now + OFF_AT_MOST:
        edge = (now + OFF_AT_MOST).strftime(STAMP)
        raise mismatch(f"Signature not yet current: {stamp} is still later than {edge} "
                       f"({shown} + 5 min.)")


def mismatch(message):
    return Refusal("SignatureDoesNotMatch", message, 403)


def arn_of(group):
    return (f"arn:aws:{SERVICE}:{REGION}:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/"
            f"{group or '*'}")


def authorize(key, action, resource):
    """`resource` is an ARN; None: AWS knows none for this action."""
    name = f"{SERVICE}:{action}"
    if any(allows(statement, name, resource or "*") for statement in key.statements):
        return
    on = f" on resource: {resource}" if resource else ""
    raise Refusal("AccessDenied",
                  f"User: {key.arn} is not authorized to perform: {name}{on} because no "
                  f"identity-based policy allows the {name} action", 403)


def allows(statement, action, resource):
    assert statement["Effect"] == "Allow", "only what is allowed can be said here"
    regions = statement.get("Condition", {}).get("StringEquals", {}).get("aws:RequestedRegion",
                                                                         REGION)
    return (matches(statement["Action"], action) and matches(statement["Resource"], resource)
            and matches(regions, REGION))


def matches(patterns, text):
    patterns = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(text, pattern) for pattern in patterns)
