"""The sentences of verdicts, in English, as every node says them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

TEXTS = {
    "account_disabled": "the service account is disabled",
    "account_over_rate": "the service account is over its rate limit",
    "address_not_allowed": "the address {address} is not in an allowed network",
    "allow_address": "call from an allowed network, or add one that holds {address}",
    "copy_whole_key": "copy the whole key, or issue one",
    "cost_beyond_burst": "the cost is larger than the burst and can never pass",
    "cost_beyond_quota": "the cost is larger than the whole quota and can never pass",
    "enable_account": "enable the service account",
    "enable_key": "enable the key",
    "get_token": "get a new token",
    "grant_scopes": "grant {scopes} to the service account {account} and the key",
    "issue_key": "issue a new key",
    "key_bound_no_address": "the key is bound to networks and the address is not known",
    "key_disabled": "the key is disabled",
    "key_expired": "the key expired at {at}",
    "key_grace_over": "the key was rotated and its grace ended at {at}",
    "key_lacks": "the key lacks {scopes}",
    "key_over_rate": "the key is over its rate limit",
    "key_revoked": "the key was revoked at {at}",
    "key_shape": "the key has a wrong shape or checksum",
    "key_too_early": "the key is not valid before {at}",
    "limits_unreachable": "the limits that all nodes share cannot be reached, and nothing passes without them",
    "lower_cost": "ask for a lower cost, or raise the limit",
    "no_key": "there is no such key",
    "no_key_sent": "no key was sent: send it in X-API-Key, or in Authorization as Bearer or Api-Key",
    "organization_disabled": "the organization is disabled",
    "quota_used_up": "the service account's quota is used up",
    "revoke_final": "a revoke is final: issue a new key",
    "send_address": 'send the caller\'s address as "ip"',
    "send_key": "send the key",
    "send_one_key": "send one key, in X-API-Key or in Authorization",
    "several_keys": "the request has two different keys",
    "staff_enable_organization": "the provider's staff can enable the organization",
    "token_expired": "the token expired at {at}",
    "token_is_expired": "the token is expired",
    "token_not_ours": "this service did not sign the token for this use",
    "token_revoked": "the token was revoked",
    "too_many_unknown": "too many unknown keys",
    "use_known_key": "use a key that exists",
    "use_successor": "use its successor {key}",
    "wait_known": "wait, then try a known key",
    "wait_or_raise": "wait {time}, or raise the limit",
    "wait_until": "wait until {at}, or set not_before to an earlier time",
}


def say(text: str, args: Mapping[str, Any]) -> str:
    """Return the sentence. One of a later version is said by its name."""
    sentence = TEXTS.get(text, text)
    for name, value in args.items():
        sentence = sentence.replace("{" + name + "}", _shown(value))
    return sentence


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 1e6 <= abs(value) < 1e18:
        return f"{value / 1e9:g}s"  # durations travel as nanoseconds
    return str(value)
