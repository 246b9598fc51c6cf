"""A browser's session: its cookie, and the header that our own page adds."""

from http.cookies import SimpleCookie

from support.api import Api, bearer

SESSION = "/api/muster/v1/session"


def token_of_role(server, role, nickname=None):
    """The new personal token, as it is told at its creation."""
    body = {"nickname": nickname or role, "role": role}
    return server.api.post("/api/muster/v1/token", body).expect(201).json()


def of_role(server, role):
    return server.api.with_credential(bearer(token_of_role(server, role)["token"]))


def cookie_in(answer):
    return SimpleCookie(answer.headers["set-cookie"])["muster_session"]


def with_cookie(server, value, **headers):
    """What a browser sends by itself, and the headers that a page adds."""
    added = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.api.with_credential({"Cookie": f"muster_session={value}", **added})


def stranger(server):
    return Api(server.url, ca_file=server.ca_file)


def sign_in(server, **entry):
    """`token` or `code`; an Api that asks as our page does."""
    answer = stranger(server).post(SESSION, entry).expect(201)
    return with_cookie(server, cookie_in(answer).value, Muster_Request="1")


def new_code(api):
    return api.post("/api/muster/v1/sign-in-code").expect(201).json()["code"]
