"""A client as people write it for Django REST Framework, run against Latchkey."""

import os
import sys

import requests
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

BASE = os.environ["BASE"]
EMAIL, PASSWORD = os.environ["EMAIL"], os.environ["PASSWORD"]
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the test speaks no TLS


def session_with_csrf():
    s = requests.Session()
    s.get(BASE + "/login").raise_for_status()
    form = {"email": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": s.cookies["csrftoken"]}
    r = s.post(BASE + "/login", data=form, headers={"Referer": BASE + "/login"}, allow_redirects=False)
    assert r.status_code in (302, 303), (r.status_code, r.text)
    assert "sessionid" in s.cookies

    assert s.get(BASE + "/api/me/").json()["email"] == EMAIL
    refused = s.post(BASE + "/api/tokens/", json={"name": "no token"})
    assert refused.status_code == 403 and refused.json()["code"] == "csrf_failed", refused.text
    s.headers["X-CSRFToken"] = s.cookies["csrftoken"]
    made = s.post(BASE + "/api/tokens/", json={"name": "from Python"})
    assert made.status_code == 201, made.text
    listed = s.get(BASE + "/api/tokens/", params={"limit": 10}).json()["items"]
    assert made.json()["id"] in [t["id"] for t in listed]
    assert s.delete(BASE + "/api/tokens/" + made.json()["id"]).status_code == 204
    return s


def account_with_key(s):
    organization = s.get(BASE + "/api/organizations/").json()["items"][0]["id"]
    account = s.post(BASE + "/api/service-accounts/", json={
        "organization_id": organization, "name": "Python", "scopes": ["latchkey:verify"]})
    assert account.status_code == 201, account.text
    key = s.post(BASE + "/api/keys/", json={"service_account_id": account.json()["id"], "name": "Python"})
    assert key.status_code == 201, key.text
    return account.json()["id"], key.json()["key"]


def oauth(client_id, key):
    client = OAuth2Session(client=BackendApplicationClient(client_id=client_id, scope=["latchkey:verify"]))
    token = client.fetch_token(BASE + "/oauth/token", auth=HTTPBasicAuth(client_id, key))
    assert token["token_type"] == "Bearer" and token["scope"] == ["latchkey:verify"], token
    me = client.get(BASE + "/api/me").json()
    assert me["id"] == client_id and me["scheme"] == "jwt", me
    assert client.get(BASE + "/verify").status_code == 200


def main():
    s = session_with_csrf()
    oauth(*account_with_key(s))
    print("all answered as expected")


if __name__ == "__main__":
    sys.exit(main())
