// Made from openapi.yaml by scripts/generate.mjs; do not edit.
export interface paths {
    "/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Verify the key that the request carries; the decision is the status
         * @description For gateways. The key comes in `X-API-Key` or as a bearer token, and is the only credential. The response contains no metadata, because it goes to the holder of the key. Latchkey records the key's last use with the client's address, as trusted proxies report it, and the forwarded User-Agent.
         */
        get: operations["verifySelf"];
        put?: never;
        /**
         * Ask about a key; the decision is in the body
         * @description Always 200 for a well-formed question. The caller needs `latchkey:verify` (or `latchkey:verify-all` for keys of every organization), unless `LATCHKEY_VERIFY_OPEN` is set.
         */
        post: operations["verifyAsked"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/organizations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List organizations
         * @description Users see the organizations they belong to, a service account sees its own, and the provider's staff see all. `q` searches names. Ordered by id, newest first.
         */
        get: operations["listOrganizations"];
        put?: never;
        /**
         * Create an organization
         * @description For the provider's staff. A new organization has no members: add one, or invite someone.
         */
        post: operations["createOrganization"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/organizations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        /**
         * Get an organization
         * @description Send the response's ETag as `If-Match` when you change the organization.
         */
        get: operations["getOrganization"];
        /**
         * Replace all settings
         * @description Like a PATCH with every field: a field that is left out gets the value of a new organization. `name` is required.
         */
        put: operations["replaceOrganization"];
        post?: never;
        /**
         * Delete an organization
         * @description For the provider's staff. An organization that has service accounts cannot be deleted (409): delete them first, or disable the organization.
         */
        delete: operations["deleteOrganization"];
        options?: never;
        head?: never;
        /**
         * Update an organization
         * @description For its owners. Only the provider's staff can disable and enable it. Keys of a disabled organization get `DISABLED`, at once on this node and within a second on the others.
         */
        patch: operations["changeOrganization"];
        trace?: never;
    };
    "/api/organizations/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        /**
         * List members
         * @description Users and their roles, ordered by user id.
         */
        get: operations["listMembers"];
        put?: never;
        /**
         * Add a member
         * @description For owners and the provider's staff. The user must exist; to add someone without an account, invite them. Nobody can give a role that may do more than they may.
         */
        post: operations["addMember"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/organizations/{id}/members/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
                /** @description ID of the user */
                user_id: string;
            };
            cookie?: never;
        };
        /**
         * Get a membership
         * @description The user's role in the organization.
         */
        get: operations["getMember"];
        /**
         * Replace all settings
         * @description Like a PATCH with every field.
         */
        put: operations["replaceMember"];
        post?: never;
        /**
         * Remove a member
         * @description Service accounts that the member owns do not change, and count as orphans. To give them another owner first, list them with `GET /api/service-accounts?owner_id=`.
         */
        delete: operations["removeMember"];
        options?: never;
        head?: never;
        /**
         * Change a member's role
         * @description For owners and the provider's staff. The last owner of an organization must stay an owner (409).
         */
        patch: operations["changeMember"];
        trace?: never;
    };
    "/api/organizations/{id}/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        /**
         * List open invitations
         * @description Invitations that have not been accepted, withdrawn or expired, without the secret of their links.
         */
        get: operations["listInvitations"];
        put?: never;
        /**
         * Invite someone
         * @description Latchkey mails a link to the address. Without a mail server (`LATCHKEY_SMTP_URL`) the response has the link in `link`, for you to pass on. To invite the same address again, withdraw the first invitation; a repeated request therefore creates nothing twice.
         */
        post: operations["invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/organizations/{id}/invitations/{invitation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
                /** @description ID of the invitation */
                invitation_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Withdraw an invitation
         * @description Its link stops working. If it was accepted already, the membership stays.
         */
        delete: operations["withdrawInvitation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/service-accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List service accounts
         * @description Service accounts of the organizations in which the caller may read them. Filters are combined; `q` searches name, description and id. Ordered by id, newest first.
         */
        get: operations["listServiceAccounts"];
        put?: never;
        /**
         * Create a service account
         * @description The caller can grant only scopes that they have and that are in the catalogue. Only the provider's staff can set a tier other than the default, or limits for this account. If a member leaves out `owner_id`, they become the owner.
         */
        post: operations["createServiceAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/service-accounts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        /**
         * Get a service account
         * @description With its temporary limits, if any, as `override`.
         */
        get: operations["getServiceAccount"];
        /**
         * Replace all settings
         * @description Like a PATCH with every field: a field that is left out gets the value of a new service account. `name` is required.
         */
        put: operations["replaceServiceAccount"];
        post?: never;
        /**
         * Delete a service account
         * @description Also deletes its revoked and expired keys. A service account with usable keys cannot be deleted (409): revoke them first, or disable the account.
         */
        delete: operations["deleteServiceAccount"];
        options?: never;
        head?: never;
        /**
         * Update a service account
         * @description A change applies to all its keys from the next verification on, and on other nodes within a second. The caller cannot add scopes that they lack. Only the provider's staff can set the tier and limits.
         */
        patch: operations["changeServiceAccount"];
        trace?: never;
    };
    "/api/service-accounts/{id}/transfer": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Transfer a service account to another organization
         * @description For the provider's staff, and for owners of both organizations. Keys, client certificates, limits, quota use, and usage by key and account move with it. Keys keep working and report the new organization at once. Scopes of the management API then apply to the new organization. The audit log from before the transfer, and the totals of the old organization, stay there. The owner does not move: `owner_id` can name a member of the new organization. Send `dry_run` first; send its `ETag` as `If-Match` to make sure nothing changed in between. If the response was lost, repeat the request within ten minutes: it continues with what is left.
         */
        post: operations["transferServiceAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/service-accounts/{id}/override": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Set temporary limits for a service account
         * @description They take precedence over all other limits except a key's own, and end by themselves, at most 366 days from now.
         */
        put: operations["setOverride"];
        post?: never;
        /**
         * Remove a service account's temporary limits
         * @description From then on, the limits of the account and its tier apply. An account without temporary limits does not change.
         */
        delete: operations["endOverride"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/service-accounts/{id}/certificates": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        /**
         * List the client certificates of a service account
         * @description Ordered by id, newest first.
         */
        get: operations["listCertificates"];
        put?: never;
        /**
         * Register a client certificate for a service account
         * @description Send the certificate or its SHA-256 fingerprint. The provider's staff can also send one of its alternative names.
         */
        post: operations["addCertificate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/service-accounts/{id}/certificates/{certificate_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
                /** @description ID of the certificate */
                certificate_id: string;
            };
            cookie?: never;
        };
        /**
         * Get a client certificate
         * @description How it is recognized, and when it stops working.
         */
        get: operations["getCertificate"];
        put?: never;
        post?: never;
        /**
         * Remove a client certificate
         * @description The next request with it gets 401. The certificate itself is not revoked at its authority.
         */
        delete: operations["removeCertificate"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The same list as /api/service-accounts
         * @description For clients that use the name of Django OAuth Toolkit. Takes the same filters.
         */
        get: operations["listClients"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List keys
         * @description Keys of the organizations in which the caller may read them, without their secrets; `start` and `last4` identify a key. Filters are combined; `q` searches name, note, id, `start` and `last4`. Ordered by id, newest first.
         */
        get: operations["listKeys"];
        put?: never;
        /**
         * Issue a key
         * @description This response is the only one that shows the key. A key has at most the caller's scopes, networks, environment and lifetime. `scopes: null` means all scopes the account has, now and later. The tier limits how many usable keys a service account may have (409 `too_many_keys`).
         */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find keys by what you know of them
         * @description A complete key, which is looked up by its hash and not stored; an id; the `start` shown in lists; the last four characters; or both as lists show them.
         */
        post: operations["findKeys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        /**
         * Get a key
         * @description Without the secret; only its digest is stored.
         */
        get: operations["getKey"];
        /**
         * Replace all settings
         * @description Like a PATCH with every field: a field that is left out gets the value of a new key. `name` is required.
         */
        put: operations["replaceKey"];
        post?: never;
        /**
         * Delete a key
         * @description Removes the key; verifications then get `NOT_FOUND`. To keep a record of the key and why it ended, revoke it instead.
         */
        delete: operations["deleteKey"];
        options?: never;
        head?: never;
        /**
         * Update a key
         * @description A change applies from the next verification on, and on other nodes within a second. A revoked key cannot be changed (409); an expired key can be extended. The caller cannot add scopes, networks or time that they do not have.
         */
        patch: operations["changeKey"];
        trace?: never;
    };
    "/api/keys/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rotate a key; the old one works until the grace period ends
         * @description The successor has the settings of the old key, and is shown only in this response. A key can be rotated once (409): rotate its successor. An expired key can be rotated, a revoked key cannot.
         */
        post: operations["rotateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{id}/limits/reset": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset the key's own limit
         * @description Fills its bucket, on this node at once and on the others within a second.
         */
        post: operations["resetKeyLimits"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/service-accounts/{id}/limits/reset": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset the limits and quota of a service account
         * @description Fills its bucket and the buckets of all its keys, and resets its quota: on this node at once and on the others within a second.
         */
        post: operations["resetAccountLimits"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke a key for good; the record stays
         * @description The key is `REVOKED` on this node from the moment of the response, and everywhere by `effective_everywhere_by`. This cannot be undone. Revoking again changes nothing and gets the same answer.
         */
        post: operations["revokeKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List incidents and dry runs, newest first
         * @description Without their keys.
         */
        get: operations["listIncidents"];
        put?: never;
        /**
         * Disable or revoke many keys, after a dry run
         * @description The first request makes a dry run, which names the keys and changes none. The second request, with `dry_run: false` and the `confirm` from the response, changes exactly the keys that were named. Both may continue after the response: get the incident until its `state` is `planned` or `done`. A dry run can be confirmed for an hour.
         */
        post: operations["createIncident"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the incident */
                id: components["parameters"]["IncidentPath"];
            };
            cookie?: never;
        };
        /**
         * Get an incident, with a page of its keys
         * @description Keys come 100 to a page, in the order in which they are processed; `pages` is the number of pages.
         */
        get: operations["getIncident"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/continue": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the incident */
                id: components["parameters"]["IncidentPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume an incident whose process is gone
         * @description The node that gets the request resumes it. Nodes also do so by themselves within a minute. An incident that is running, finished or a dry run gets 409.
         */
        post: operations["continueIncident"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/undo": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the incident */
                id: components["parameters"]["IncidentPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enable the keys that an incident disabled
         * @description Within 24 hours, and only keys that nobody has changed since. A revoke cannot be undone.
         */
        post: operations["undoIncident"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke the key that the request carries
         * @description For whoever holds a key, the owner or a stranger who found it. The key comes as for `GET /verify`, or in the body. It is revoked for good with the reason `holder`, and those who look after it are told. The response does not tell whether the key existed. An unknown key counts as a guess, as at `GET /verify`.
         */
        post: operations["revokeHeld"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/leaks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report keys that somebody should not have
         * @description For whoever finds keys. The response comes before anything is looked up and is always the same, so it does not tell which keys exist. What happens to a key is its tier's `leak_policy`. `url` and `note` are shown to the provider's staff as plain text. Each unknown key counts as a guess of the address, as at `GET /verify`.
         */
        post: operations["reportLeak"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/leaks/github": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report keys as GitHub's secret scanning does
         * @description GitHub's [partner program](https://docs.github.com/code-security/secret-scanning/secret-scanning-partner-program). The signature is ECDSA P-256 with SHA-256 over the raw body, by a key from `LATCHKEY_LEAKS_GITHUB_KEYS`. A repeated report changes nothing.
         */
        post: operations["reportLeakGitHub"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/leaks/signed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report keys as a partner that shares a secret
         * @description Like `POST /leaks`, for partners with `LATCHKEY_LEAKS_SECRET`. `Latchkey-Signature` is `t=SECONDS,v1=HEX`: the time in seconds since 1970, and HMAC-SHA-256 of `SECONDS.BODY` under the secret. A signature that is older than 5 minutes, or that came before, is refused.
         */
        post: operations["reportLeakSigned"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/leaks/gitlab/v1/revocable_token_types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the types of tokens that GitLab may report
         * @description GitLab's [Token Revocation API](https://docs.gitlab.com/development/sec/token_revocation_api/), with `LATCHKEY_LEAKS_GITLAB_TOKEN` in `Authorization`, alone or after `Bearer`.
         */
        get: operations["gitLabTokenTypes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/leaks/gitlab/v1/revoke_tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report keys as GitLab does
         * @description GitLab's [Token Revocation API](https://docs.gitlab.com/development/sec/token_revocation_api/), with `LATCHKEY_LEAKS_GITLAB_TOKEN` in `Authorization`, alone or after `Bearer`. A repeated report changes nothing.
         */
        post: operations["reportLeakGitLab"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/latchkey-keys.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What keys look like, and how to report one
         * @description For scanners of secrets.
         */
        get: operations["keyShape"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/latchkey-keys/gitleaks.toml": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The rule for gitleaks
         * @description It finds keys and users' tokens by their shape.
         */
        get: operations["gitleaksRule"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/latchkey-keys/trufflehog.yaml": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The custom detector for trufflehog
         * @description It finds keys and users' tokens by their shape.
         */
        get: operations["trufflehogDetector"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/leaks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List leaks, newest first
         * @description Reports that named at least one key that could still be used. `url` and `note` are what a stranger typed.
         */
        get: operations["listLeaks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List webhooks
         * @description Of the organizations in which the caller may read them, newest first; the provider's staff also see the provider's. `organization_id` narrows the list; `provider` stands for the provider.
         */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Create a webhook
         * @description The response has the secret, which cannot be read again. Without `organization_id` it is the provider's, over all organizations, which only staff may create. There are at most 20 of an organization.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/event-types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the types of events
         * @description What a webhook can choose. `key.*` chooses all that begin with `key.`.
         */
        get: operations["listWebhookEventTypes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        /**
         * Get a webhook
         * @description Without its secrets.
         */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /**
         * Delete a webhook
         * @description What it was sent is forgotten some time later.
         */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /**
         * Update a webhook
         * @description A webhook that is enabled again is told of what happens from then on, and of what waited.
         */
        patch: operations["changeWebhook"];
        trace?: never;
    };
    "/api/webhooks/{id}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a webhook a new secret
         * @description The response has the new secret. The one until now stays valid for the overlap, and everything is signed with both.
         */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test event
         * @description Sends an event of the type `webhook.test` once, and waits for the answer. The webhook may be disabled.
         */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a range of events again
         * @description Queues the events between the two times that were not delivered, also those from before the webhook existed or while it was disabled; with `all` those that were delivered, too. It looks at 1,000 events; if there are more, `next_from` says where to go on.
         */
        post: operations["resendWebhookRange"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        /**
         * List the deliveries of a webhook
         * @description The newest event first. They are kept for 30 days, at most 5,000 for each webhook.
         */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/deliveries/{event_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
                /** @description ID of the event */
                event_id: components["parameters"]["EventPath"];
            };
            cookie?: never;
        };
        /**
         * Get the delivery of an event
         * @description With the last attempts.
         */
        get: operations["getWebhookDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/deliveries/{event_id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
                /** @description ID of the event */
                event_id: components["parameters"]["EventPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send an event again
         * @description At once, and for 24 hours if that fails.
         */
        post: operations["resendWebhookDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{id}/exposures": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        /**
         * List how a key was exposed
         * @description At most one of each way: somebody reported it as leaked, or it arrived without TLS (see `LATCHKEY_PLAIN_HTTP`).
         */
        get: operations["listExposures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/imports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List imports, newest first
         * @description Without their problems. Imports by the command `latchkey import` are among them.
         */
        get: operations["listImports"];
        put?: never;
        /**
         * Import keys from a file in JSON Lines or CSV
         * @description The body is the file, of at most 1 GiB; docs/importing.md describes its columns. The response comes when all rows are received, and the import continues: get it until its `state` is `done` or `failed`. A row that cannot be taken is a problem of the import, not of the request. Only digests of keys are stored. Of an upload that is cut off nothing is imported. A second upload of the same file changes nothing.
         */
        post: operations["createImport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/imports/in-use": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How many imported keys are in use, and whose they are
         * @description Revoked keys do not count. At most 50,000 keys are looked at, and the 200 service accounts with the most keys in use are listed.
         */
        get: operations["getImportsInUse"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/imports/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the import */
                id: string;
            };
            cookie?: never;
        };
        /**
         * Get an import, with a page of its problems
         * @description Problems come 200 to a page, in the order of the rows; `pages` is the number of pages.
         */
        get: operations["getImport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export everything as JSON Lines
         * @description Organizations, people, service accounts, keys, tiers and scopes, one to a line; docs/leaving.md describes the lines. The last line has the counts: without it, the export was cut off. `latchkey import --from latchkey` reads it.
         */
        get: operations["getExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tiers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List tiers
         * @description Ordered by name.
         */
        get: operations["listTiers"];
        put?: never;
        /**
         * Create a tier
         * @description For the provider's staff. A tier's name cannot change; what it allows can.
         */
        post: operations["createTier"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tiers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the tier */
                name: components["parameters"]["TierPath"];
            };
            cookie?: never;
        };
        /**
         * Get a tier
         * @description What keys of service accounts on this tier are allowed.
         */
        get: operations["getTier"];
        /**
         * Replace all settings
         * @description Like a PATCH with every field: a field that is left out gets the value of a new tier. `title` and `rate_limit` are required.
         */
        put: operations["replaceTier"];
        post?: never;
        /**
         * Delete a tier
         * @description The default tier, and a tier with service accounts, cannot be deleted (409).
         */
        delete: operations["deleteTier"];
        options?: never;
        head?: never;
        /**
         * Update a tier
         * @description A change applies to all service accounts on the tier from the next verification on, and on other nodes within a second. `POST /api/tiers/{name}/preview` shows its effect first.
         */
        patch: operations["changeTier"];
        trace?: never;
    };
    "/api/tiers/{name}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the tier */
                name: components["parameters"]["TierPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Preview a change to a tier
         * @description Send what you would send in a PATCH of the tier. Nothing changes.
         */
        post: operations["previewTier"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scopes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List scopes
         * @description The catalogue, ordered by name. Only scopes in it can be granted.
         */
        get: operations["listScopes"];
        put?: never;
        /**
         * Create a scope
         * @description For the provider's staff. Names with the resource `latchkey` are reserved for the management API.
         */
        post: operations["createScope"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scopes/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        /**
         * Get a scope
         * @description With its new name, if it is being renamed.
         */
        get: operations["getScope"];
        /**
         * Replace all settings
         * @description Like a PATCH with every field.
         */
        put: operations["replaceScope"];
        post?: never;
        /**
         * Delete a scope
         * @description It can no longer be granted; accounts and keys that have it keep it. Scopes of the management API cannot be deleted (409).
         */
        delete: operations["deleteScope"];
        options?: never;
        head?: never;
        /**
         * Update a scope
         * @description Changes its description. To change the name, rename it.
         */
        patch: operations["changeScope"];
        trace?: never;
    };
    "/api/scopes/{name}/holders": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        /**
         * Count who has a scope
         * @description Use this before you rename, retire or delete it. Keys with `scopes: null` count with their accounts.
         */
        get: operations["getScopeHolders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scopes/{name}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rename a scope
         * @description Accounts and keys that have the scope also get the new name, at once or, if there are many, within minutes. They lose the old name when `keep` is over.
         */
        post: operations["renameScope"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scopes/{name}/retire": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retire a scope
         * @description It can no longer be granted. Accounts and keys that have it keep it.
         */
        post: operations["retireScope"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scopes/{name}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore a retired scope
         * @description The scope can be granted again. A scope that is not retired does not change.
         */
        post: operations["restoreScope"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List users
         * @description For the provider's staff. `q` searches e-mail address, name and id. Ordered by id, newest first.
         */
        get: operations["listUsers"];
        put?: never;
        /**
         * Create a user
         * @description For the provider's staff. A user without a password signs in with an account elsewhere, or asks for a link to set a password.
         */
        post: operations["createUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the user */
                id: components["parameters"]["UserPath"];
            };
            cookie?: never;
        };
        /**
         * Get a user
         * @description Users can read themselves; the provider's staff can read everyone.
         */
        get: operations["getUser"];
        /**
         * Replace all settings
         * @description Like a PATCH with every field: a field that is left out gets the value of a new user, except the password, which does not change. `email` is required.
         */
        put: operations["replaceUser"];
        post?: never;
        /**
         * Delete a user
         * @description Also deletes their sessions, tokens and memberships. Service accounts that they own count as orphans. Nobody can delete themselves (409).
         */
        delete: operations["deleteUser"];
        options?: never;
        head?: never;
        /**
         * Update a user
         * @description For the provider's staff. Setting a password, or disabling the user, ends their sessions and signed tokens. Nobody can disable themselves or give up being an admin (409).
         */
        patch: operations["changeUser"];
        trace?: never;
    };
    "/api/users/{id}/otp": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the user */
                id: components["parameters"]["UserPath"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Turn off the one-time codes of a user who lost their device
         * @description They then sign in with the password alone, until they turn codes on again.
         */
        delete: operations["resetOTP"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the collections
         * @description In a browser, this path and every path under it is a page, with forms for what the reader may do.
         */
        get: operations["apiRoot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the principal of the request
         * @description The user or service account, the scheme they used, and their roles or scopes.
         */
        get: operations["me"];
        /**
         * Replace all settings
         * @description Like a PATCH with every field: a field that is left out becomes empty. `email` is required.
         */
        put: operations["replaceMe"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update your name, username, e-mail address or language
         * @description Only users have a profile. A new e-mail address requires the `current_password`, if you have one. Latchkey mails a link to the address, and uses it once you follow the link. Until then the response shows the old address.
         */
        patch: operations["changeMe"];
        trace?: never;
    };
    "/api/me/otp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get a secret for one-time codes
         * @description Codes follow RFC 6238: six digits, a new one every 30 seconds. They are required once you send one to `/api/me/otp/enable`. Another request before that returns another secret.
         */
        post: operations["beginOTP"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/otp/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Turn one-time codes on
         * @description Send a code that the app shows. From then on every sign-in with a password also asks for a code. Each code works once, and so does each recovery code.
         */
        post: operations["enableOTP"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/otp/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Turn one-time codes off
         * @description Send the password, if you have one.
         */
        post: operations["disableOTP"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the accounts elsewhere that you sign in with
         * @description Accounts at OpenID providers and GitHub, as they were when you linked them.
         */
        get: operations["listIdentities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/identities/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the linked account */
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Unlink an account
         * @description You must keep one way to sign in: the only account of a user without a password gets 409.
         */
        delete: operations["unlinkIdentity"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/signup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign up
         * @description `LATCHKEY_SIGNUP` says who may: everyone (`open`), people with an invitation (`invite`) or nobody (`closed`). Latchkey mails a link for `/api/email/confirm` to the address. If the address already has a user, the mail says so and the response is the same. With the token of an invitation there is nothing to confirm, and you are a member at once.
         */
        post: operations["signUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/email/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm your e-mail address
         * @description Send the token from the link in the mail. It works once, for three days.
         */
        post: operations["confirmEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password/forgotten": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request a link to reset your password
         * @description The response is the same, and as fast, if no user has the address.
         */
        post: operations["forgotPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset your password with the mailed link
         * @description The token works once, for an hour. All your sessions and signed tokens end; one-time codes stay on.
         */
        post: operations["resetPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password/change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change your password
         * @description All your other sessions and your signed tokens end. If you have no password yet, because you sign in with another account, leave out the old one.
         *     This requires a session whose sign-in is at most ten minutes old; a token is not enough (403).
         */
        post: operations["changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept an invitation
         * @description Only the user with the invited address can accept it, whoever has the link. It works once, for seven days.
         */
        post: operations["acceptInvitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign in for a token, or for a pair of signed tokens
         * @description Works as Django's clients expect. With `username` the response is `{"token"}`, for `Authorization: Token …` (obtain_auth_token of Django REST Framework). It is the same at every sign-in, until it is revoked or the password changes. With `email` the response is `{"access", "refresh"}`, for `Authorization: Bearer …` (SimpleJWT). Users with one-time codes also send `code`. `POST /api-token-auth/` returns a token for either name, as in the documentation of Django REST Framework.
         */
        post: operations["obtainToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/token/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchange a refresh token for a new pair
         * @description If a refresh token is used twice, the whole sign-in ends. For ten seconds a second use is allowed, in case two browser tabs race.
         */
        post: operations["refreshToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/token/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Check a signed token
         * @description A user's access token is valid until it expires or its sign-in ends. Any other token gets 401 `token_not_valid`.
         */
        post: operations["verifyToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/token/blacklist": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End the sign-in of a refresh token
         * @description Access and refresh tokens of the sign-in stop working, on other nodes within a second.
         */
        post: operations["blacklistToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your tokens
         * @description Newest first, without their secrets. Includes the token of `POST /api/token/`.
         */
        get: operations["listTokens"];
        put?: never;
        /**
         * Create a token
         * @description For a user's scripts, sent as `Authorization: Token …`. It acts as the user. It ends with the credential that created it, unless that is a session confirmed in the last ten minutes. A user has at most 100 tokens (409).
         */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the token */
                id: string;
            };
            cookie?: never;
        };
        /**
         * Get one of your tokens
         * @description Without its secret.
         */
        get: operations["getToken"];
        put?: never;
        post?: never;
        /**
         * Revoke one of your tokens
         * @description If it is the token of `POST /api/token/`, the next sign-in creates a new one.
         */
        delete: operations["revokeToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the session of this request
         * @description Says who is signed in, and until when. A request that uses another scheme gets 409.
         */
        get: operations["getSession"];
        put?: never;
        /**
         * Sign in with a session
         * @description Sets the cookies `sessionid` and `csrftoken`. Every request that changes something must then repeat the latter in the header `X-CSRFToken`.
         */
        post: operations["signIn"];
        /**
         * End the session of this request
         * @description Removes the cookies. A request that uses another scheme gets 409.
         */
        delete: operations["signOut"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm your password in this session
         * @description For ten minutes after this, or after signing in, the session can create tokens that outlast it. Otherwise a personal token ends with the credential that created it.
         */
        post: operations["confirmSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your sessions
         * @description Newest first, with the address and browser of each; `current` marks the session of this request.
         */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        /**
         * End all your sessions and signed tokens
         * @description Personal tokens stay, except those that end with one of the sessions.
         */
        delete: operations["signOutEverywhere"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the session */
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End one of your sessions
         * @description The browser that uses it is signed out at its next request.
         */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get an access token for a service account
         * @description Client credentials (RFC 6749 section 4.4): the client is a service account, and its secret is one of its keys, sent with HTTP Basic or in the form. The token is a JWT (RFC 9068) that can be checked offline and that `GET /verify` accepts. It ends with its key.
         */
        post: operations["oauthToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/introspect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Introspect an access token or key (RFC 7662)
         * @description The client needs the scope `latchkey:verify`, and may ask about keys and tokens of its own organization. Anything else gets `{"active":false}`, whatever the reason. Nothing is charged.
         */
        post: operations["oauthIntrospect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke an access token or a key (RFC 7009)
         * @description For the client that it was issued to. A token that is already invalid gets the same response. A key is revoked for good, with the reason `holder`, whoever it belongs to, because the client has shown that it holds it. See `POST /revoke`.
         */
        post: operations["oauthRevoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/oauth-authorization-server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The metadata of this authorization server (RFC 8414)
         * @description Its endpoints, and what they accept.
         */
        get: operations["oauthMetadata"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The public keys that verify signed tokens (RFC 7517)
         * @description Keys that sign, keys that will sign soon, and keys whose tokens have not all ended. Do not cache the set for longer than `Cache-Control` says.
         */
        get: operations["jwks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the nodes that serve from the store, and their edges
         * @description As the responding node sees them. An edge is fresh as long as the node that feeds it is. A node that shuts down in order disappears. A node that was killed or is cut off is silent until what it has cached is stale, and for some minutes after that.
         */
        get: operations["listNodes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit-events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List audit events, newest first
         * @description Events of the organizations whose audit log the caller may read; the provider's staff see all. Filters are combined. `before` and `after` show what changed, never a secret.
         */
        get: operations["listAuditEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count verifications by outcome
         * @description For the organizations whose usage the caller may read. Admins see all, including verifications that belong to no organization, such as malformed keys that nobody in particular asked about. Intervals without verifications are left out. Counts lag by some seconds; dry runs do not count.
         */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        /**
         * Count a key's verifications by outcome
         * @description Includes how much the key's predecessor is still used, and on which day each granted scope was last requested. Intervals without verifications are left out. CSV has only the points.
         */
        get: operations["getKeyUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{id}/refusals": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        /**
         * List a key's latest refusals
         * @description The last 100 refusals, newest first. If many keys are refused at once, some refusals may be missing here; counts include all.
         */
        get: operations["listRefusals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Is the process alive?
         * @description Checks nothing else: a node without its store is alive. `version`, `commit` and `date` (of the commit) identify the build.
         */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Can this node take requests?
         * @description Reads a key from the store, and tries a write of its own.
         *
         *     Reports the state of each part that the node depends on, and how long ago it last worked. A node in the state `degraded` takes requests: it
         *     verifies cached keys while the store is unavailable, and counts limits alone while Redis is. It is `down` when what it has cached is too old
         *     to use (`LATCHKEY_MAX_STALE`), and from the moment it is told to stop, although it still answers for a while (`LATCHKEY_DRAIN`).
         */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description For the provider's staff, and for service accounts with the scope `latchkey:metrics:read`, which only staff can grant and no wildcard includes.
         *     If `LATCHKEY_ADMIN_ADDR` is set, metrics are there, without a credential, and not here.
         */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.yaml": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * This document
         * @description OpenAPI 3.1, as YAML.
         */
        get: operations["contract"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * This document as a page to try requests
         * @description With forms that send requests to this server.
         */
        get: operations["reference"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    "key.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * key.created
         * @description `key.create` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onKeyCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "key.updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * key.updated
         * @description `key.update` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onKeyUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "key.rotated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * key.rotated
         * @description `key.rotate` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onKeyRotated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "key.revoked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * key.revoked
         * @description `key.revoke` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onKeyRevoked"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "key.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * key.deleted
         * @description `key.delete` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onKeyDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "key.expiring": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * key.expiring
         * @description `key.expiring` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onKeyExpiring"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "key.leaked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * key.leaked
         * @description `key.leaked` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onKeyLeaked"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "key.exposed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * key.exposed
         * @description `key.exposed` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onKeyExposed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "key.transferred": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * key.transferred
         * @description `key.transfer` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onKeyTransferred"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "key.limits_reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * key.limits_reset
         * @description `key.reset_limits` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onKeyLimitsReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "service_account.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * service_account.created
         * @description `service_account.create` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onServiceAccountCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "service_account.updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * service_account.updated
         * @description `service_account.update` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onServiceAccountUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "service_account.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * service_account.deleted
         * @description `service_account.delete` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onServiceAccountDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "service_account.transferred": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * service_account.transferred
         * @description `service_account.transfer` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onServiceAccountTransferred"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "service_account.limits_reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * service_account.limits_reset
         * @description `service_account.reset_limits` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onServiceAccountLimitsReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "service_account.overridden": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * service_account.overridden
         * @description `service_account.override` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onServiceAccountOverridden"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "service_account.override_ended": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * service_account.override_ended
         * @description `service_account.override_end` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onServiceAccountOverrideEnded"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "certificate.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * certificate.created
         * @description `certificate.create` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onCertificateCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "certificate.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * certificate.deleted
         * @description `certificate.delete` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onCertificateDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "member.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * member.created
         * @description `member.create` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onMemberCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "member.updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * member.updated
         * @description `member.update` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onMemberUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "member.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * member.deleted
         * @description `member.delete` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onMemberDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "invitation.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * invitation.created
         * @description `invitation.create` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onInvitationCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "invitation.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * invitation.deleted
         * @description `invitation.delete` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onInvitationDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "organization.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * organization.created
         * @description `organization.create` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onOrganizationCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "organization.updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * organization.updated
         * @description `organization.update` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onOrganizationUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "organization.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * organization.deleted
         * @description `organization.delete` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onOrganizationDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "webhook.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * webhook.created
         * @description `webhook.create` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onWebhookCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "webhook.updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * webhook.updated
         * @description `webhook.update` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onWebhookUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "webhook.disabled": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * webhook.disabled
         * @description `webhook.disable` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onWebhookDisabled"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "webhook.secret_rotated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * webhook.secret_rotated
         * @description `webhook.rotate_secret` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onWebhookSecretRotated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "webhook.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * webhook.deleted
         * @description `webhook.delete` in the audit log; for webhooks of organizations and of the provider.
         */
        post: operations["onWebhookDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "incident.planned": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * incident.planned
         * @description `incident.create` in the audit log; for the provider's webhooks.
         */
        post: operations["onIncidentPlanned"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "incident.started": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * incident.started
         * @description `incident.start` in the audit log; for the provider's webhooks.
         */
        post: operations["onIncidentStarted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "incident.continued": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * incident.continued
         * @description `incident.continue` in the audit log; for the provider's webhooks.
         */
        post: operations["onIncidentContinued"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "incident.finished": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * incident.finished
         * @description `incident.finish` in the audit log; for the provider's webhooks.
         */
        post: operations["onIncidentFinished"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "incident.undo_started": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * incident.undo_started
         * @description `incident.undo` in the audit log; for the provider's webhooks.
         */
        post: operations["onIncidentUndoStarted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "incident.undone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * incident.undone
         * @description `incident.undone` in the audit log; for the provider's webhooks.
         */
        post: operations["onIncidentUndone"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "import.finished": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * import.finished
         * @description `import.run` in the audit log; for the provider's webhooks.
         */
        post: operations["onImportFinished"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "export.written": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * export.written
         * @description `export.write` in the audit log; for the provider's webhooks.
         */
        post: operations["onExportWritten"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "tier.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * tier.created
         * @description `tier.create` in the audit log; for the provider's webhooks.
         */
        post: operations["onTierCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "tier.updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * tier.updated
         * @description `tier.update` in the audit log; for the provider's webhooks.
         */
        post: operations["onTierUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "tier.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * tier.deleted
         * @description `tier.delete` in the audit log; for the provider's webhooks.
         */
        post: operations["onTierDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "scope.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * scope.created
         * @description `scope.create` in the audit log; for the provider's webhooks.
         */
        post: operations["onScopeCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "scope.updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * scope.updated
         * @description `scope.update` in the audit log; for the provider's webhooks.
         */
        post: operations["onScopeUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "scope.renamed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * scope.renamed
         * @description `scope.rename` in the audit log; for the provider's webhooks.
         */
        post: operations["onScopeRenamed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "scope.retired": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * scope.retired
         * @description `scope.retire` in the audit log; for the provider's webhooks.
         */
        post: operations["onScopeRetired"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "scope.restored": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * scope.restored
         * @description `scope.restore` in the audit log; for the provider's webhooks.
         */
        post: operations["onScopeRestored"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "scope.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * scope.deleted
         * @description `scope.delete` in the audit log; for the provider's webhooks.
         */
        post: operations["onScopeDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "user.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * user.created
         * @description `user.create` in the audit log; for the provider's webhooks.
         */
        post: operations["onUserCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "user.updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * user.updated
         * @description `user.update` in the audit log; for the provider's webhooks.
         */
        post: operations["onUserUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "user.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * user.deleted
         * @description `user.delete` in the audit log; for the provider's webhooks.
         */
        post: operations["onUserDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "signing_key.rotated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * signing_key.rotated
         * @description `signing_key.rotate` in the audit log; for the provider's webhooks.
         */
        post: operations["onSigningKeyRotated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "webhook.test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * webhook.test
         * @description A test event; for webhooks of organizations and of the provider.
         */
        post: operations["onWebhookTest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        /**
         * @description State of a part; `degraded` still takes requests
         * @enum {string}
         */
        HealthState: "ok" | "degraded" | "down";
        /** @description The parts that a node depends on, and their states */
        Health: {
            /** @description The worst of the states */
            status: components["schemas"]["HealthState"];
            /** @description `store`; `changes` by other nodes; `serving`, which is `down` once the process is told to stop; `background` work, which is `degraded` if some of it has made no progress for a minute; saving of `usage`; and `redis`, if configured */
            checks: {
                [key: string]: {
                    state: components["schemas"]["HealthState"];
                    /** @description Seconds since it last worked; left out if it never did */
                    last_success_seconds?: number;
                    /**
                     * @description Kind of the latest error
                     * @enum {string}
                     */
                    error?: "timeout" | "unavailable" | "failed";
                    /**
                     * @description How limits are currently decided
                     * @enum {string}
                     */
                    mode?: "local" | "exact" | "leased" | "deny";
                };
            };
        };
        /** @description Data that the caller stores with the object, at most 16 KiB and 100 entries */
        Metadata: {
            [key: string]: unknown;
        };
        /** @description A scope, resource:action */
        ScopeName: string;
        /** @description A scope, resource:* or * */
        GrantName: string;
        /**
         * @description Part of the key, so that test keys are easy to recognize
         * @enum {string}
         */
        Environment: "live" | "test";
        /**
         * @description What a verification would answer now, apart from limits and scopes
         * @enum {string}
         */
        Status: "active" | "disabled" | "not_yet_valid" | "expired" | "revoked";
        /** @description A token bucket */
        Rule: {
            requests: number;
            per: string;
            /** @description `requests` by default */
            burst?: number | null;
        };
        /** @description A change to a token bucket; a field that is left out does not change */
        ChangeRule: {
            requests?: number;
            per?: string;
            /** @description `requests` by default */
            burst?: number | null;
        };
        /** @description An allowance per calendar day or month, in UTC */
        Quota: {
            requests: number;
            /** @enum {string} */
            per: "day" | "month";
        };
        /** @description A change to a quota; a field that is left out does not change */
        ChangeQuota: {
            requests?: number;
            /** @enum {string} */
            per?: "day" | "month";
        };
        /** @description A new organization */
        CreateOrganization: {
            name: string;
            disabled?: boolean | null;
            metadata?: components["schemas"]["Metadata"] | null;
        };
        /** @description Settings of an organization; a field that is left out does not change */
        OrganizationSettings: {
            name?: string;
            disabled?: boolean | null;
            metadata?: components["schemas"]["Metadata"] | null;
        };
        /** @description All settings of an organization; a field that is left out is as in a new one */
        ReplaceOrganization: {
            name: string;
            disabled?: boolean | null;
            metadata?: components["schemas"]["Metadata"] | null;
        };
        /** @description A third-party company or team, which everything below belongs to */
        Organization: {
            id: string;
            name: string;
            disabled: boolean;
            metadata: components["schemas"]["Metadata"];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description Settings of a service account; a field that is left out does not change */
        ServiceAccountSettings: {
            name?: string;
            description?: string | null;
            tier?: string;
            scopes?: components["schemas"]["GrantName"][] | null;
            allowed_networks?: string[] | null;
            rate_limit?: components["schemas"]["ChangeRule"] | null;
            quota?: components["schemas"]["ChangeQuota"] | null;
            external_id?: string | null;
            /** @description A member of its organization; null for nobody */
            owner_id?: string | null;
            metadata?: components["schemas"]["Metadata"] | null;
            disabled?: boolean | null;
        };
        /** @description All settings of a service account; a field that is left out is as in a new one */
        ReplaceServiceAccount: {
            name: string;
            description?: string | null;
            tier?: string | null;
            scopes?: components["schemas"]["GrantName"][] | null;
            allowed_networks?: string[] | null;
            rate_limit?: components["schemas"]["Rule"] | null;
            quota?: components["schemas"]["Quota"] | null;
            external_id?: string | null;
            /** @description A member of its organization; null for nobody */
            owner_id?: string | null;
            metadata?: components["schemas"]["Metadata"] | null;
            disabled?: boolean | null;
        };
        /** @description A new service account; null is the same as left out */
        CreateServiceAccount: {
            organization_id: string;
            name: string;
            description?: string | null;
            tier?: string | null;
            scopes?: components["schemas"]["GrantName"][] | null;
            allowed_networks?: string[] | null;
            rate_limit?: components["schemas"]["Rule"] | null;
            quota?: components["schemas"]["Quota"] | null;
            external_id?: string | null;
            /** @description A member of the organization; if null, you, if you are a member */
            owner_id?: string | null;
            metadata?: components["schemas"]["Metadata"] | null;
            disabled?: boolean | null;
        };
        /** @description Temporary limits; null leaves a limit unchanged, and at least one limit is required */
        Override: {
            /** @description Of each key without a limit of its own */
            key_rate_limit?: components["schemas"]["Rule"] | null;
            /** @description Shared by the keys */
            rate_limit?: components["schemas"]["Rule"] | null;
            quota?: components["schemas"]["Quota"] | null;
            /** Format: date-time */
            until: string;
            note?: string | null;
        };
        /** @description The target of a transfer */
        TransferServiceAccount: {
            /** @description The target organization */
            organization_id: string;
            /** @description The owner there, a member; null for nobody */
            owner_id?: string | null;
            /** @description Change nothing and show the effect; false by default */
            dry_run?: boolean | null;
        };
        /** @description What a transfer moves */
        Transfer: {
            dry_run: boolean;
            service_account_id: string;
            from_organization_id: string;
            organization_id: string;
            /** @description Owner in the target organization */
            owner_id: string | null;
            /** @description Stays, and so do its other limits */
            tier: string;
            /** @description Neither revoked nor expired */
            keys: number;
            /** @description There are more than 1000 */
            more_keys: boolean;
            certificates: number;
            /** @description These apply to the new organization afterwards */
            management_scopes: string[];
            /** @description Scopes that you may not grant there, so the transfer is refused */
            lacking_scopes: string[];
            /** @description false in a dry run, and if some of what moves follows within minutes after the response */
            complete: boolean;
            /**
             * Format: date-time
             * @description When every node applies it
             */
            effective_everywhere_by: string | null;
            waiting_for: components["schemas"]["WaitingNode"][];
        };
        /** @description What you know of a key */
        FindKeys: {
            find: string;
        };
        /** @description How many keys and accounts a change to a tier affects */
        TierImpact: {
            /** @description On the tier */
            accounts: number;
            /** @description Neither revoked nor expired */
            keys: number;
            /** @description Keys that get a lower limit or quota */
            lower: number;
            /** @description Keys that get a higher limit or quota, and no lower one */
            higher: number;
            /** @description Keys with a limit of their own */
            own_limit: number;
            /** @description Keys of accounts with a limit, quota or override of their own */
            exempt: number;
            /** @description Accounts with more keys than the new tier allows; they keep them */
            over_full: number;
            /** @description Keys with a longer lifetime than the new tier allows; they keep it */
            too_old: number;
            /** @description There are more than were counted */
            incomplete: boolean;
        };
        /** @description The new name of a scope */
        RenameScope: {
            name: components["schemas"]["ScopeName"];
            /** @description How long the old name keeps working, at most 8784h; 720h by default */
            keep?: string | null;
        };
        /** @description How many have a scope */
        ScopeHolders: {
            accounts: number;
            /** @description With scopes of their own */
            keys: number;
            /** @description Accounts that have it through a wildcard, which may not include a new name */
            wildcards: number;
            /** @description There are more than were counted */
            incomplete: boolean;
        };
        /** @description Who is signed in, and the session */
        SignedIn: {
            session: components["schemas"]["Session"];
            user: components["schemas"]["Me"];
        };
        /** @description The non-human identity of one integration, which owns keys */
        ServiceAccount: {
            id: string;
            organization_id: string;
            name: string;
            description: string;
            tier: string;
            scopes: components["schemas"]["GrantName"][];
            allowed_networks: string[];
            rate_limit: components["schemas"]["Rule"] | null;
            quota: components["schemas"]["Quota"] | null;
            external_id: string;
            /** @description The member who looks after it; they may have left */
            owner_id: string | null;
            metadata: components["schemas"]["Metadata"];
            disabled: boolean;
            /** @description Temporary limits */
            override: components["schemas"]["Override"] | null;
            created_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description Settings of a key; a field that is left out does not change */
        KeySettings: {
            name?: string;
            note?: string | null;
            scopes?: components["schemas"]["GrantName"][] | null;
            allowed_networks?: string[] | null;
            rate_limit?: components["schemas"]["ChangeRule"] | null;
            /** Format: date-time */
            expires_at?: string | null;
            /** Format: date-time */
            not_before?: string | null;
            metadata?: components["schemas"]["Metadata"] | null;
            disabled?: boolean | null;
        };
        /** @description All settings of a key; a field that is left out is as in a new one */
        ReplaceKey: {
            name: string;
            note?: string | null;
            scopes?: components["schemas"]["GrantName"][] | null;
            allowed_networks?: string[] | null;
            rate_limit?: components["schemas"]["Rule"] | null;
            /** Format: date-time */
            expires_at?: string | null;
            /** Format: date-time */
            not_before?: string | null;
            metadata?: components["schemas"]["Metadata"] | null;
            disabled?: boolean | null;
        };
        /** @description A new key; null is the same as left out */
        CreateKey: {
            service_account_id: string;
            environment?: components["schemas"]["Environment"] | null;
            name: string;
            note?: string | null;
            scopes?: components["schemas"]["GrantName"][] | null;
            allowed_networks?: string[] | null;
            rate_limit?: components["schemas"]["Rule"] | null;
            /** Format: date-time */
            expires_at?: string | null;
            /** Format: date-time */
            not_before?: string | null;
            metadata?: components["schemas"]["Metadata"] | null;
            disabled?: boolean | null;
        };
        /** @description One credential of a service account, without its secret */
        Key: {
            id: string;
            organization_id: string;
            service_account_id: string;
            environment: components["schemas"]["Environment"];
            start: string;
            last4: string;
            status: components["schemas"]["Status"];
            name: string;
            note: string;
            scopes: components["schemas"]["GrantName"][] | null;
            allowed_networks: string[];
            rate_limit: components["schemas"]["Rule"] | null;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            not_before: string | null;
            metadata: components["schemas"]["Metadata"];
            disabled: boolean;
            /** Format: date-time */
            revoked_at: string | null;
            revoke_reason: string | null;
            revoke_note: string | null;
            rotated_from: string | null;
            rotated_to: string | null;
            /** Format: date-time */
            grace_until: string | null;
            /**
             * Format: date-time
             * @description Accurate to five minutes
             */
            last_used_at: string | null;
            /** @description Address of the last use, if the verifier sent it */
            last_used_ip: string | null;
            /** @description User agent of the last use, if the verifier sent it; at most 255 bytes are stored */
            last_used_user_agent: string | null;
            created_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description A new key, with its secret */
        IssuedKey: {
            id: string;
            organization_id: string;
            service_account_id: string;
            environment: components["schemas"]["Environment"];
            start: string;
            last4: string;
            status: components["schemas"]["Status"];
            name: string;
            note: string;
            scopes: components["schemas"]["GrantName"][] | null;
            allowed_networks: string[];
            rate_limit: components["schemas"]["Rule"] | null;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            not_before: string | null;
            metadata: components["schemas"]["Metadata"];
            disabled: boolean;
            /** Format: date-time */
            revoked_at: string | null;
            revoke_reason: string | null;
            revoke_note: string | null;
            rotated_from: string | null;
            rotated_to: string | null;
            /** Format: date-time */
            grace_until: string | null;
            /**
             * Format: date-time
             * @description Accurate to five minutes
             */
            last_used_at: string | null;
            /** @description Address of the last use, if the verifier sent it */
            last_used_ip: string | null;
            /** @description User agent of the last use, if the verifier sent it; at most 255 bytes are stored */
            last_used_user_agent: string | null;
            created_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** @description The secret, shown only in this response; left out of a repeat */
            key?: string;
        };
        /** @description A revoked key, and when the revoke applies everywhere */
        RevokedKey: {
            id: string;
            organization_id: string;
            service_account_id: string;
            environment: components["schemas"]["Environment"];
            start: string;
            last4: string;
            status: components["schemas"]["Status"];
            name: string;
            note: string;
            scopes: components["schemas"]["GrantName"][] | null;
            allowed_networks: string[];
            rate_limit: components["schemas"]["Rule"] | null;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            not_before: string | null;
            metadata: components["schemas"]["Metadata"];
            disabled: boolean;
            /** Format: date-time */
            revoked_at: string | null;
            revoke_reason: string | null;
            revoke_note: string | null;
            rotated_from: string | null;
            rotated_to: string | null;
            /** Format: date-time */
            grace_until: string | null;
            /**
             * Format: date-time
             * @description Accurate to five minutes
             */
            last_used_at: string | null;
            /** @description Address of the last use, if the verifier sent it */
            last_used_ip: string | null;
            /** @description User agent of the last use, if the verifier sent it; at most 255 bytes are stored */
            last_used_user_agent: string | null;
            created_by: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: date-time
             * @description No node answers VALID to a question asked after this time: a second from now while all nodes poll, otherwise when the last of waiting_for stops. To update it, revoke again; that changes nothing else.
             */
            effective_everywhere_by: string;
            /** @description Nodes that show no sign of life and may not know of it */
            waiting_for: components["schemas"]["WaitingNode"][];
        };
        /** @description A node that may not know of a change */
        WaitingNode: {
            node: string;
            /** @description Its LATCHKEY_NODE_NAME or host name */
            name: string;
            /**
             * Format: date-time
             * @description The latest time up to which it may have learned of changes
             */
            last_poll: string;
            /**
             * Format: date-time
             * @description When it stops answering from memory: LATCHKEY_MAX_STALE after its last poll
             */
            stops_at: string;
        };
        /** @description A process that serves from the store, or an edge that one of them feeds */
        Node: {
            id: string;
            /** @description Its LATCHKEY_NODE_NAME or host name */
            name: string;
            version: string;
            /**
             * Format: date-time
             * @description By its own clock
             */
            started_at: string;
            /**
             * Format: date-time
             * @description The latest time up to which it may have learned of changes
             */
            last_poll_at: string;
            /** @description How long it answers from memory after its last poll */
            max_stale: string;
            /** @enum {string} */
            state: "fresh" | "silent";
            /** @description true for the node that answers */
            self: boolean;
            /** @enum {string} */
            kind: "node" | "edge";
            /** @description For an edge, the node that feeds it; empty while none does */
            fed_by: string;
        };
        /** @description How to rotate a key */
        RotateKey: {
            /** @description How long the old key keeps working; 24h by default */
            grace?: string | null;
            /**
             * Format: date-time
             * @description When the successor expires. By default, it has the lifetime that the key was issued with, but ends no later than the credential that rotates it
             */
            expires_at?: string | null;
        };
        /** @description Why a key is revoked */
        RevokeKey: {
            /** @enum {string|null} */
            reason?: "unspecified" | "leaked" | "superseded" | "unused" | "abuse" | "holder" | null;
            /** @description Why. Control characters, and all after 2,000 characters, are removed rather than refused, so the revoke goes ahead */
            note?: string | null;
        };
        /** @description Settings of a tier; a field that is left out does not change */
        TierSettings: {
            title?: string;
            /** @description Of each key; null for no limit */
            rate_limit?: components["schemas"]["ChangeRule"] | null;
            account_rate_limit?: components["schemas"]["ChangeRule"] | null;
            quota?: components["schemas"]["ChangeQuota"] | null;
            /** @description Most usable keys that an account may have */
            max_keys?: number;
            max_key_age?: string | null;
            /** @description How long keys are kept after they are revoked or expire; null for LATCHKEY_KEEP_KEYS */
            key_retention?: string | null;
            /**
             * @description What happens to a key that is reported as leaked: it is revoked (the default), it is disabled until somebody enables it, or people are told and it goes on working
             * @enum {string|null}
             */
            leak_policy?: "revoke" | "disable" | "tell" | null;
        };
        /** @description All settings of a tier; a field that is left out is as in a new one */
        ReplaceTier: {
            title: string;
            /** @description Of each key; null for no limit */
            rate_limit?: components["schemas"]["Rule"] | null;
            account_rate_limit?: components["schemas"]["Rule"] | null;
            quota?: components["schemas"]["Quota"] | null;
            /** @description Most usable keys that an account may have; 100 by default */
            max_keys?: number | null;
            max_key_age?: string | null;
            /** @description How long keys are kept after they are revoked or expire; null for LATCHKEY_KEEP_KEYS */
            key_retention?: string | null;
            /**
             * @description What happens to a key that is reported as leaked: it is revoked (the default), it is disabled until somebody enables it, or people are told and it goes on working
             * @enum {string|null}
             */
            leak_policy?: "revoke" | "disable" | "tell" | null;
        };
        /** @description A new tier; null is the same as left out */
        CreateTier: {
            name: string;
            title: string;
            /** @description Of each key; null for no limit */
            rate_limit?: components["schemas"]["Rule"] | null;
            account_rate_limit?: components["schemas"]["Rule"] | null;
            quota?: components["schemas"]["Quota"] | null;
            /** @description Most usable keys that an account may have; 100 by default */
            max_keys?: number | null;
            max_key_age?: string | null;
            /** @description How long keys are kept after they are revoked or expire; null for LATCHKEY_KEEP_KEYS */
            key_retention?: string | null;
            /**
             * @description What happens to a key that is reported as leaked: it is revoked (the default), it is disabled until somebody enables it, or people are told and it goes on working
             * @enum {string|null}
             */
            leak_policy?: "revoke" | "disable" | "tell" | null;
        };
        /** @description A named plan: limits, quota, number of keys and their lifetime */
        Tier: {
            name: string;
            title: string;
            /** @description Of each key; null for no limit */
            rate_limit: components["schemas"]["Rule"] | null;
            account_rate_limit: components["schemas"]["Rule"] | null;
            quota: components["schemas"]["Quota"] | null;
            max_keys: number;
            max_key_age: string | null;
            /** @description How long keys are kept after they are revoked or expire; null for LATCHKEY_KEEP_KEYS */
            key_retention: string | null;
            /**
             * @description What happens to a key that is reported as leaked: it is revoked, it is disabled until somebody enables it, or people are told and it goes on working
             * @enum {string}
             */
            leak_policy: "revoke" | "disable" | "tell";
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description The key to revoke, unless a header has it */
        RevokeHeld: {
            key?: string;
        };
        /** @description Texts that may be keys, and where they were found */
        LeakReport: {
            keys: string[];
            /** @description Plain text for the staff; nobody fetches it */
            url?: string | null;
            /** @description Plain text for the staff */
            note?: string | null;
        };
        /** @description One match */
        GitHubMatch: {
            token: string;
            type: string;
            url?: string;
            source?: string;
        };
        /** @description Whether a match is a key */
        GitHubLabel: {
            /** @description SHA-256 of the match in hex */
            token_hash: string;
            token_type: string;
            /** @enum {string} */
            label: "true_positive" | "false_positive";
        };
        /** @description Types of tokens */
        GitLabTypes: {
            types: string[];
        };
        /** @description One finding */
        GitLabToken: {
            type: string;
            token: string;
            location?: string;
        };
        /** @description How the end of a key follows from the rest */
        KeyChecksum: {
            algorithm: string;
            covers: string;
            encoding: string;
            alphabet: string;
            length: number;
        };
        /** @description What keys look like, and how to report one */
        KeyShape: {
            issuer: string;
            /** @description A regular expression in the syntax of RE2 */
            pattern: string;
            checksum: components["schemas"]["KeyChecksum"];
            revoke_endpoint: string;
            report_endpoint: string;
            report_page: string;
            gitleaks: string;
            trufflehog: string;
        };
        /** @description A key, or token of a user, of a report, and its outcome */
        LeakedKey: {
            /** @enum {string} */
            kind: "key" | "user_token";
            /** @description Of the key or token */
            key_id: string;
            name: string;
            /** @description Of a key */
            organization_id: string;
            /** @description Of a token */
            user_id: string;
            start: string;
            last4: string;
            /** @description What a stranger typed */
            url: string;
            /**
             * @description `already`: it had ended, was disabled, or people were told of it in the last day
             * @enum {string}
             */
            outcome: "revoked" | "disabled" | "told" | "already";
            /** Format: date-time */
            at: string | null;
        };
        /** @description A report that named at least one key */
        Leak: {
            id: string;
            /** @enum {string} */
            source: "anonymous" | "github" | "gitlab" | "partner";
            /** @description Of an anonymous reporter */
            address: string;
            /** @description What a stranger typed */
            note: string;
            /** @description Texts that are no key */
            unknown: number;
            keys: components["schemas"]["LeakedKey"][];
            /** Format: date-time */
            created_at: string;
        };
        /** @description When a secret began and ends */
        WebhookSecret: {
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description null for the newest
             */
            ends_at: string | null;
        };
        /** @description Settings of a webhook; a field that is left out does not change */
        WebhookSettings: {
            /** @description https, unless LATCHKEY_WEBHOOK_NETWORKS allows its network */
            url?: string;
            /** @description Types or families such as `key.*`; null for all */
            event_types?: string[] | null;
            description?: string;
            /** @enum {string} */
            state?: "enabled" | "disabled";
        };
        /** @description A new webhook; null is the same as left out */
        CreateWebhook: {
            /** @description null for the provider's */
            organization_id?: string | null;
            /** @description https, unless LATCHKEY_WEBHOOK_NETWORKS allows its network */
            url: string;
            /** @description Types or families such as `key.*`; null for all */
            event_types?: string[] | null;
            description?: string | null;
            /** @enum {string|null} */
            state?: "enabled" | "disabled" | null;
        };
        /** @description An address that is told of events */
        Webhook: {
            id: string;
            organization_id: string | null;
            url: string;
            event_types: string[] | null;
            description: string;
            /** @enum {string} */
            state: "enabled" | "disabled";
            /**
             * @description Why it is disabled: by somebody, it answered 410, or nothing could be delivered for 5 days
             * @enum {string|null}
             */
            reason: "by_hand" | "gone" | "failing" | null;
            /** Format: date-time */
            failing_since: string | null;
            secrets: components["schemas"]["WebhookSecret"][];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description A webhook with its newest secret */
        IssuedWebhook: {
            id: string;
            organization_id: string | null;
            url: string;
            event_types: string[] | null;
            description: string;
            /** @enum {string} */
            state: "enabled" | "disabled";
            /**
             * @description Why it is disabled: by somebody, it answered 410, or nothing could be delivered for 5 days
             * @enum {string|null}
             */
            reason: "by_hand" | "gone" | "failing" | null;
            /** Format: date-time */
            failing_since: string | null;
            secrets: components["schemas"]["WebhookSecret"][];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** @description Shown once; a repeated request does not get it */
            secret?: string;
        };
        /** @description How to rotate the secret of a webhook */
        RotateWebhookSecret: {
            /** @description How long the secret until now stays valid; 24h by default, at most 168h */
            overlap?: string | null;
        };
        /** @description A type of events */
        WebhookEventType: {
            name: string;
            /** @description Whether webhooks of organizations can choose it, or only the provider's */
            organization: boolean;
        };
        /** @description One try to deliver */
        WebhookAttempt: {
            /** Format: date-time */
            at: string;
            duration: string;
            url: string;
            /** @description null if there was no answer */
            status: number | null;
            /**
             * @description null if it was delivered
             * @enum {string|null}
             */
            fault: "address_refused" | "unknown_host" | "timeout" | "tls" | "connection" | "status" | "redirect" | "secret" | null;
            media_type: string;
            /** @description The first 8 KiB, of earlier attempts 500 bytes */
            answer: string;
        };
        /** @description One event for one webhook */
        WebhookDelivery: {
            webhook_id: string;
            event_id: string;
            event_type: string;
            /** Format: date-time */
            event_at: string;
            /** @enum {string} */
            outcome: "waiting" | "delivered" | "parked";
            tries: number;
            /** Format: date-time */
            next_attempt_at: string | null;
            payload: components["schemas"]["WebhookEvent"];
            attempts: components["schemas"]["WebhookAttempt"][];
        };
        /** @description Which events to send again */
        ResendWebhook: {
            /** Format: date-time */
            from: string;
            /**
             * Format: date-time
             * @description Until now by default
             */
            until?: string | null;
            /** @description Also what was delivered; false by default */
            all?: boolean | null;
        };
        /** @description How many events will be sent */
        WebhookResent: {
            queued: number;
            /**
             * Format: date-time
             * @description Where to go on; null at the end
             */
            next_from: string | null;
        };
        /** @description Who acted */
        WebhookActor: {
            /** @enum {string} */
            kind: "user" | "service_account" | "anonymous" | "system" | "";
            id: string;
            /** @description E-mail address or name at the time */
            name: string;
            /** @description Of the key that a service account used */
            key_id: string;
        };
        /** @description What the event is about */
        WebhookObject: {
            type: string;
            id: string;
        };
        /** @description What happened, as the audit log has it */
        WebhookEventData: {
            /** @description ID of the event in the audit log, the same as in `webhook-id` */
            event_id: string;
            organization_id: string | null;
            object: components["schemas"]["WebhookObject"];
            actor: components["schemas"]["WebhookActor"];
            /** @description The object before; null for a creation */
            before: {
                [key: string]: unknown;
            } | null;
            /** @description The object after, or what else is known; null for a deletion */
            after: {
                [key: string]: unknown;
            } | null;
        };
        /** @description The body of what webhooks are sent */
        WebhookEvent: {
            type: string;
            /**
             * Format: date-time
             * @description When it happened
             */
            timestamp: string;
            data: components["schemas"]["WebhookEventData"];
        };
        /** @description One way in which a key was exposed */
        Exposure: {
            /** @enum {string} */
            way: "leak" | "plain_http";
            /**
             * @description Of the last report; empty for `plain_http`
             * @enum {string}
             */
            source: "anonymous" | "github" | "gitlab" | "partner" | "";
            /** Format: date-time */
            first_at: string;
            /**
             * Format: date-time
             * @description When people were last told
             */
            last_at: string;
        };
        /** @description Selects keys that match all given fields; revoked and expired keys are left out */
        IncidentSelection: {
            organization_id?: string;
            service_account_id?: string;
            tier?: string;
            scope?: components["schemas"]["ScopeName"];
            created_by?: string;
            /** Format: date-time */
            created_before?: string;
            /**
             * Format: date-time
             * @description Includes keys that were never used
             */
            last_used_before?: string;
            /** @enum {string} */
            neglect?: "no_owner" | "creator_left" | "never_used" | "no_expiry";
        };
        /** @description Which keys to disable or revoke, and why */
        CreateIncident: {
            /** @enum {string} */
            action: "disable" | "revoke";
            /** @enum {string|null} */
            reason?: "unspecified" | "leaked" | "superseded" | "unused" | "abuse" | "holder" | null;
            /** @description Why. Control characters, and all after 2,000 characters, are removed rather than refused, so the revoke goes ahead */
            note?: string | null;
            /** @description Whole keys and ids; they are hashed, and not stored */
            keys?: string[] | null;
            organization_id?: string | null;
            service_account_id?: string | null;
            tier?: string | null;
            scope?: components["schemas"]["ScopeName"] | null;
            created_by?: string | null;
            /** Format: date-time */
            created_before?: string | null;
            /**
             * Format: date-time
             * @description Includes keys that were never used
             */
            last_used_before?: string | null;
            /** @enum {string|null} */
            neglect?: "no_owner" | "creator_left" | "never_used" | "no_expiry" | null;
            /** @description Name the keys and change none; true by default */
            dry_run?: boolean | null;
            /** @description From the dry run; required if `dry_run` is false */
            confirm?: string | null;
        };
        /** @description Progress of an incident, in keys */
        IncidentCount: {
            planned: number;
            /** @description Already in the requested state */
            already: number;
            /** @description Lines of the list that match no key */
            unknown: number;
            done: number;
            /** @description Deleted or ended in the meantime */
            skipped: number;
            failed: number;
            undone: number;
            /** @description Not undone, because somebody changed them */
            kept: number;
        };
        /** @description How many of the keys belong to one organization and tier */
        IncidentGroup: {
            organization_id: string;
            tier: string;
            keys: number;
        };
        /** @description One key of an incident, and its outcome */
        IncidentKey: {
            key_id: string;
            name: string;
            organization_id: string;
            service_account_id: string;
            start: string;
            last4: string;
            /** @enum {string|null} */
            outcome: "done" | "gone" | "ended" | "already" | "failed" | "undone" | "kept" | null;
            /** Format: date-time */
            at: string | null;
        };
        /** @description Many keys that are disabled or revoked together */
        Incident: {
            id: string;
            /** @enum {string} */
            action: "disable" | "revoke";
            reason: string;
            note: string;
            selection: components["schemas"]["IncidentSelection"];
            /** @description Keys and ids that were sent as a list */
            pasted: number;
            /** @enum {string} */
            state: "planning" | "planned" | "running" | "done" | "undoing" | "undone";
            /** @description The process that worked on it is gone */
            interrupted: boolean;
            percent: number;
            planned_by: string;
            started_by: string | null;
            /** Format: date-time */
            started_at: string | null;
            /** Format: date-time */
            finished_at: string | null;
            undone_by: string | null;
            /** Format: date-time */
            undone_at: string | null;
            /** Format: date-time */
            undo_until: string | null;
            count: components["schemas"]["IncidentCount"];
            groups: components["schemas"]["IncidentGroup"][];
            unknown_lines: number[];
            confirm: string | null;
            pages: number;
            keys: components["schemas"]["IncidentKey"][];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description Rows by what became of them, and what they needed */
        ImportCount: {
            imported: number;
            /** @description Keys that were there */
            unchanged: number;
            /** @description Rows that were not taken */
            refused: number;
            /** @description Imported keys that could be guessed from a fast digest, and stay slow */
            weak: number;
            /** @description Imported keys whose digest is replaced at their first use */
            slow: number;
            /** @description Organizations that were made */
            organizations: number;
            /** @description Service accounts that were made */
            service_accounts: number;
            /** @description Scopes that were added to the catalogue */
            scopes: number;
        };
        /** @description A scope that has another name here */
        ImportRenamed: {
            from: string;
            /** @description Empty for a scope that was dropped */
            to: string;
        };
        /** @description What of rows could not be moved, by kind */
        ImportNoted: {
            code: string;
            detail: string;
            /** @description Of the first such row */
            place: string;
            rows: number;
        };
        /** @description Why the import failed */
        ImportFault: {
            code: string;
            detail: string;
        };
        /** @description A row that was not taken, and why */
        ImportProblem: {
            /** @description File and line, or file and number of the element */
            place: string;
            /** @description ID of the key at its source */
            id: string;
            /** @description Empty if the whole row is at fault */
            field: string;
            code: string;
            detail: string;
        };
        /** @description One run of an import */
        Import: {
            id: string;
            /** @enum {string} */
            state: "receiving" | "running" | "done" | "failed";
            percent: number;
            by: string;
            format: string;
            files: string[];
            organization: string | null;
            tier: string | null;
            scopes: string[];
            accept_weak: boolean;
            dry_run: boolean;
            /** @description Rows, once they are counted */
            total: number;
            count: components["schemas"]["ImportCount"];
            renamed: components["schemas"]["ImportRenamed"][];
            noted: components["schemas"]["ImportNoted"][];
            fault: components["schemas"]["ImportFault"] | null;
            /** @description Of problems */
            pages: number;
            problems: components["schemas"]["ImportProblem"][];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: date-time */
            finished_at: string | null;
        };
        /** @description A service account with imported keys */
        ImportsInUseAccount: {
            id: string;
            name: string;
            organization_id: string;
            keys: number;
            /** @description In the last 30 days */
            used: number;
        };
        /** @description How many imported keys are in use, and whose they are */
        ImportsInUse: {
            /** @description Imported keys that are not revoked */
            keys: number;
            /** @description In the last 30 days */
            used: number;
            /** @description Not since the import */
            unused: number;
            /** @description Keys that still have the digest of their source */
            source_digests: number;
            /** @description False if there are more keys than were looked at */
            complete: boolean;
            service_accounts: components["schemas"]["ImportsInUseAccount"][];
        };
        /** @description Settings of a scope */
        ScopeSettings: {
            description?: string | null;
        };
        /** @description A new scope; null is the same as left out */
        CreateScope: {
            name: components["schemas"]["ScopeName"];
            description?: string | null;
        };
        /** @description A scope of the catalogue, which can be granted */
        Scope: {
            name: string;
            description: string;
            /**
             * Format: date-time
             * @description From then on it is not granted
             */
            retired_at: string | null;
            /** @description Its new name */
            renamed_to: string | null;
            /**
             * Format: date-time
             * @description When the old name stops working
             */
            renamed_until: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description A new user; null is the same as left out */
        CreateUser: {
            /** Format: idn-email */
            email: string;
            /** @description Another name to sign in with */
            username?: string | null;
            name?: string | null;
            /** @description Language of pages and mails, a tag such as de; empty to follow the browser. The problem for an unknown tag lists the available languages */
            language?: string | null;
            is_admin?: boolean | null;
            disabled?: boolean | null;
            password?: string | null;
        };
        /** @description Settings of a user; a field that is left out does not change */
        SetUser: {
            /** Format: idn-email */
            email?: string;
            /** @description Another name to sign in with */
            username?: string | null;
            name?: string | null;
            /** @description Language of pages and mails, a tag such as de; empty to follow the browser. The problem for an unknown tag lists the available languages */
            language?: string | null;
            is_admin?: boolean | null;
            disabled?: boolean | null;
            password?: string | null;
        };
        /** @description All settings of a user; a field that is left out is as in a new one */
        ReplaceUser: {
            /** Format: idn-email */
            email: string;
            /** @description Another name to sign in with */
            username?: string | null;
            name?: string | null;
            /** @description Language of pages and mails, a tag such as de; empty to follow the browser. The problem for an unknown tag lists the available languages */
            language?: string | null;
            is_admin?: boolean | null;
            disabled?: boolean | null;
            password?: string | null;
        };
        /** @description A person who can sign in */
        User: {
            id: string;
            email: string;
            username: string;
            name: string;
            /** @description Language of pages and mails; empty to follow the browser */
            language: string;
            is_admin: boolean;
            disabled: boolean;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description Settings of a membership */
        MemberSettings: {
            /** @enum {string} */
            role?: "owner" | "developer" | "viewer";
        };
        /** @description All settings of a membership; a field that is left out is as in a new one */
        ReplaceMember: {
            /** @enum {string} */
            role: "owner" | "developer" | "viewer";
        };
        /** @description The user and the role */
        AddMember: {
            user_id: string;
            /** @enum {string} */
            role: "owner" | "developer" | "viewer";
        };
        /** @description A user's membership in an organization */
        Member: {
            organization_id: string;
            user_id: string;
            /** @enum {string} */
            role: "owner" | "developer" | "viewer";
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description With username or email; null is the same as left out */
        SignIn: {
            username?: string | null;
            email?: string | null;
            password: string;
            /** @description One-time code or recovery code */
            code?: string | null;
        };
        /** @description For `Authorization: Token …` */
        ObtainedToken: {
            token: string;
        };
        /** @description An access token for `Authorization: Bearer …`, and the refresh token for the next one */
        TokenPair: {
            access: string;
            refresh: string;
        };
        /** @description The refresh token of a pair */
        RefreshToken: {
            refresh: string;
        };
        /** @description A signed token */
        VerifyToken: {
            token: string;
        };
        /** @description An empty object */
        Nothing: Record<string, never>;
        /** @description A new personal token */
        CreateToken: {
            name: string;
            /** Format: date-time */
            expires_at?: string | null;
        };
        /** @description A personal token, without its secret */
        Token: {
            id: string;
            name: string;
            last4: string;
            /** Format: date-time */
            last_used_at: string | null;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description A new personal token, with its secret */
        CreatedToken: {
            id: string;
            name: string;
            last4: string;
            /** Format: date-time */
            last_used_at: string | null;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            token: string;
        };
        /** @description One sign-in in a browser */
        Session: {
            id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_seen_at: string;
            /** Format: date-time */
            expires_at: string;
            address: string;
            user_agent: string;
            current: boolean;
        };
        /** @description The client's request (RFC 6749 section 4.4.2) */
        TokenRequest: {
            /** @constant */
            grant_type: "client_credentials";
            /** @description Separated by spaces; by default all scopes of the key */
            scope?: string;
            /** @description ID of the service account */
            client_id?: string;
            /** @description One of its keys */
            client_secret?: string;
        };
        /** @description The token, and the client that asks */
        IntrospectionRequest: {
            token: string;
            token_type_hint?: string;
            client_id?: string;
            client_secret?: string;
        };
        /** @description The token (RFC 6749 section 5.1) */
        AccessToken: {
            access_token: string;
            /** @constant */
            token_type: "Bearer";
            expires_in: number;
            scope: string;
        };
        /** @description The state of a token (RFC 7662 section 2.2); an inactive token has only `active` */
        Introspection: {
            active: boolean;
            scope?: string;
            client_id?: string;
            token_type?: string;
            exp?: number;
            sub?: string;
            aud?: string;
            iss?: string;
            jti?: string;
        };
        /** @description A refusal (RFC 6749 section 5.2) */
        OAuthError: {
            /** @enum {string} */
            error: "invalid_request" | "invalid_client" | "invalid_scope" | "unauthorized_client" | "unsupported_grant_type" | "unsupported_token_type" | "insufficient_scope" | "temporarily_unavailable" | "server_error";
            error_description?: string;
        };
        /** @description The metadata of this authorization server (RFC 8414) */
        AuthorizationServer: {
            /** Format: uri */
            issuer: string;
            /** Format: uri */
            token_endpoint: string;
            /** Format: uri */
            introspection_endpoint: string;
            /** Format: uri */
            revocation_endpoint: string;
            /** Format: uri */
            jwks_uri: string;
            grant_types_supported: string[];
            response_types_supported: string[];
            token_endpoint_auth_methods_supported: string[];
            introspection_endpoint_auth_methods_supported: string[];
            revocation_endpoint_auth_methods_supported: string[];
            /** Format: uri */
            service_documentation: string;
        };
        /** @description A set of public keys (RFC 7517) */
        PublicKeys: {
            keys: components["schemas"]["PublicKey"][];
        };
        /** @description A public key that verifies signatures */
        PublicKey: {
            kty: string;
            kid: string;
            use: string;
            alg: string;
            /** @description Elliptic curve */
            crv?: string;
            x?: string;
            y?: string;
            /** @description RSA */
            n?: string;
            e?: string;
        };
        /** @description One of `certificate`, `fingerprint` and `san` */
        AddCertificate: {
            name: string;
            /** @description PEM */
            certificate?: string | null;
            /** @description SHA-256 in hexadecimal */
            fingerprint?: string | null;
            /** @description dns:, uri: or email:, and the name */
            san?: string | null;
            /**
             * Format: date-time
             * @description When the registration expires. By default, it ends with the credential that adds it
             */
            expires_at?: string | null;
        };
        /** @description A client certificate that acts as a service account */
        Certificate: {
            id: string;
            organization_id: string;
            service_account_id: string;
            name: string;
            /** @description sha256:, dns:, uri: or email:, and the value */
            match: string;
            created_by: string;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description The principal of a request */
        Me: {
            /** @enum {string} */
            kind: "user" | "service_account";
            id: string;
            scheme: string;
            email?: string;
            username?: string;
            name: string;
            /** @description The language that the user chose */
            language?: string;
            is_admin: boolean;
            roles?: {
                [key: string]: "owner" | "developer" | "viewer";
            };
            organization_id?: string;
            key_id?: string;
            scopes?: string[];
        };
        /** @description Your own settings; a field that is left out does not change */
        MeSettings: {
            name?: string | null;
            /** @description Language of pages and mails, a tag such as de; empty to follow the browser. The problem for an unknown tag lists the available languages */
            language?: string | null;
            /** @description Another name to sign in with */
            username?: string | null;
            /**
             * Format: idn-email
             * @description Used once it is confirmed
             */
            email?: string;
            /** @description Required for a new address */
            current_password?: string;
        };
        /** @description All your settings; a field that is left out is as in a new user */
        ReplaceMe: {
            name?: string | null;
            /** @description Language of pages and mails, a tag such as de; empty to follow the browser. The problem for an unknown tag lists the available languages */
            language?: string | null;
            /** @description Another name to sign in with */
            username?: string | null;
            /**
             * Format: idn-email
             * @description Used once it is confirmed
             */
            email: string;
            /** @description Required for a new address */
            current_password?: string | null;
        };
        /** @description A person who signs up */
        SignUp: {
            /**
             * Format: idn-email
             * @description With an invitation, the invited address
             */
            email: string;
            name?: string | null;
            password: string;
            /** @description The token of an invitation */
            invitation?: string | null;
        };
        /** @description The secret of a mailed link */
        LinkToken: {
            /** @description From the link in the mail */
            token: string;
        };
        /** @description Whose password is forgotten */
        ForgottenPassword: {
            /** Format: idn-email */
            email: string;
        };
        /** @description The new password, with the token of a mailed link */
        ResetPassword: {
            /** @description From the link in the mail */
            token: string;
            password: string;
        };
        /** @description The new password, with the old one */
        ChangePassword: {
            old_password?: string | null;
            password: string;
            /** @description Whether to keep the token of `POST /api/token/`; false by default */
            keep_token?: boolean | null;
        };
        /** @description The password again */
        ConfirmPassword: {
            password?: string | null;
        };
        /** @description What an authenticator app needs */
        OTPEnrolment: {
            /** @description In Base32 */
            secret: string;
            /** @description otpauth://, for a QR code */
            url: string;
        };
        /** @description The code that the app shows */
        OTPCode: {
            code: string;
        };
        /** @description Recovery codes; each replaces a one-time code once */
        RecoveryCodes: {
            recovery_codes: string[];
        };
        /** @description An account elsewhere that a user signs in with */
        Identity: {
            id: string;
            provider: string;
            /** @description ID of the account at the provider */
            subject: string;
            email: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description Who is invited, and with which role */
        Invite: {
            /** Format: idn-email */
            email: string;
            /** @enum {string} */
            role: "owner" | "developer" | "viewer";
        };
        /** @description An open invitation */
        Invitation: {
            id: string;
            organization_id: string;
            email: string;
            /** @enum {string} */
            role: "owner" | "developer" | "viewer";
            created_by: string;
            /** Format: date-time */
            expires_at: string;
            /**
             * Format: uri
             * @description Link to accept the invitation, with its secret; only in the response that creates it, and only without a mail server
             */
            link?: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @description What was done, by whom and from where */
        AuditEvent: {
            id: string;
            /** Format: date-time */
            at: string;
            action: string;
            subject: {
                kind: string;
                id: string;
                name: string;
                key_id: string;
            };
            object: {
                type: string;
                id: string;
                organization_id: string;
            };
            origin: {
                address: string;
                user_agent: string;
                request_id: string;
            };
            before: Record<string, never> | null;
            after: Record<string, never> | null;
        };
        /** @description Number of verifications in one interval, for one group */
        UsagePoint: {
            /** Format: date-time */
            start: string;
            /** @description An id, code or scope; null if results are not grouped */
            group: string | null;
            total: number;
            /** @description Number of verifications by code */
            codes: {
                [key: string]: number;
            };
        };
        /** @description Usage by time and group */
        UsageReport: {
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            /** @enum {string} */
            interval: "minute" | "hour" | "day";
            group_by: string | null;
            items: components["schemas"]["UsagePoint"][];
        };
        /** @description Usage of one key by time and group */
        KeyUsage: {
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            /** @enum {string} */
            interval: "minute" | "hour" | "day";
            group_by: string | null;
            items: components["schemas"]["UsagePoint"][];
            predecessor: components["schemas"]["Predecessor"] | null;
            scopes: components["schemas"]["ScopeUse"][];
        };
        /** @description The key that was rotated */
        Predecessor: {
            key_id: string;
            uses_last_hour: number;
            uses_last_24_hours: number;
            /** Format: date-time */
            last_used_at: string | null;
            last_used_ip: string | null;
        };
        /** @description The day on which a granted scope was last requested */
        ScopeUse: {
            scope: components["schemas"]["GrantName"];
            /**
             * Format: date
             * @description null if not in the last 90 days
             */
            last_asked_on: string | null;
        };
        /** @description A refused verification */
        Refusal: {
            /** Format: date-time */
            at: string;
            code: components["schemas"]["Code"];
            ip: string | null;
            detail: string;
            /** @description Method of the request that carried the key; null unless a trusted gateway told it, see `LATCHKEY_FORWARDED_REQUEST` */
            method: string | null;
            /** @description Path of that request, without its query: at most 200 bytes, the rest is cut; null as well */
            path: string | null;
        };
        /** @description Is this key allowed to do this now? */
        Question: {
            key: string;
            scopes?: components["schemas"]["ScopeName"][] | null;
            /** @description How many units of limits and quota this uses; 1 by default */
            cost?: number | null;
            /**
             * Format: ip
             * @description Address of the client that sent the key
             */
            ip?: string | null;
            /** @description User agent of that client, stored with the key's last use */
            user_agent?: string | null;
            /** @description Charge nothing and explain every step */
            dry_run?: boolean | null;
        };
        /**
         * @description Code of the decision
         * @enum {string}
         */
        Code: "MISSING" | "MALFORMED" | "NOT_FOUND" | "REVOKED" | "EXPIRED" | "NOT_YET_VALID" | "DISABLED" | "PLAIN_HTTP" | "IP_NOT_ALLOWED" | "INSUFFICIENT_SCOPE" | "RATE_LIMITED" | "QUOTA_EXCEEDED" | "VALID";
        /** @description The decision; how much it says about a key depends on how far the checks came */
        Decision: {
            valid: boolean;
            code: components["schemas"]["Code"];
            detail?: string;
            key_id?: string;
            name?: string;
            environment?: components["schemas"]["Environment"];
            service_account?: {
                id: string;
                name: string;
                external_id: string;
                metadata: components["schemas"]["Metadata"];
            };
            organization_id?: string;
            tier?: string;
            scopes?: string[];
            /** Format: date-time */
            expires_at?: string | null;
            metadata?: components["schemas"]["Metadata"];
            missing_scopes?: string[];
            rate_limit?: {
                limit: number;
                remaining: number;
                reset_after: string;
                /**
                 * @description What shares the limit: all nodes of the service, or only the node that answered
                 * @enum {string}
                 */
                scope: "cluster" | "node";
            };
            quota?: {
                limit: number;
                remaining: number;
                /** Format: date-time */
                resets_at: string;
            };
            steps?: {
                check: string;
                /** @enum {string} */
                outcome: "passed" | "failed" | "skipped";
                code: components["schemas"]["Code"];
                detail: string;
                change: string;
            }[];
        };
        /** @description An error (RFC 9457); `code` identifies it and never changes, `errors` names at most 20 invalid fields */
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            instance?: string;
            /** @enum {string} */
            code: "invalid_request" | "not_authenticated" | "authentication_failed" | "code_required" | "no_active_account" | "token_not_valid" | "permission_denied" | "csrf_failed" | "not_found" | "method_not_allowed" | "not_acceptable" | "conflict" | "too_many_keys" | "idempotency_key_reused" | "idempotency_key_in_use" | "precondition_failed" | "payload_too_large" | "unsupported_media_type" | "rate_limited" | "throttled" | "internal_error" | "unavailable" | "MISSING" | "MALFORMED" | "NOT_FOUND" | "REVOKED" | "EXPIRED" | "NOT_YET_VALID" | "DISABLED" | "PLAIN_HTTP" | "IP_NOT_ALLOWED" | "INSUFFICIENT_SCOPE" | "RATE_LIMITED" | "QUOTA_EXCEEDED";
            errors?: {
                field: string;
                /** @description Identifies the fault in every language, and never changes */
                code?: string;
                detail: string;
            }[];
            missing_scopes?: string[];
        };
        /** @description A problem that also has its faults as members named after the fields, as clients of Django REST Framework read them */
        SignInProblem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            instance?: string;
            /** @enum {string} */
            code: "invalid_request" | "not_authenticated" | "authentication_failed" | "code_required" | "no_active_account" | "token_not_valid" | "permission_denied" | "csrf_failed" | "not_found" | "method_not_allowed" | "not_acceptable" | "conflict" | "too_many_keys" | "idempotency_key_reused" | "idempotency_key_in_use" | "precondition_failed" | "payload_too_large" | "unsupported_media_type" | "rate_limited" | "throttled" | "internal_error" | "unavailable" | "MISSING" | "MALFORMED" | "NOT_FOUND" | "REVOKED" | "EXPIRED" | "NOT_YET_VALID" | "DISABLED" | "PLAIN_HTTP" | "IP_NOT_ALLOWED" | "INSUFFICIENT_SCOPE" | "RATE_LIMITED" | "QUOTA_EXCEEDED";
            errors?: {
                field: string;
                /** @description Identifies the fault in every language, and never changes */
                code?: string;
                detail: string;
            }[];
            missing_scopes?: string[];
        } & {
            [key: string]: string[];
        };
    };
    responses: {
        /** @description The request is invalid; `errors` names each field */
        Invalid: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request is invalid; `errors` names each field */
        SignInInvalid: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["SignInProblem"];
            };
        };
        /** @description The credential is missing or wrong */
        Unauthenticated: {
            headers: {
                "WWW-Authenticate": components["headers"]["Challenges"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The caller is known, but not allowed to do this */
        Forbidden: {
            headers: {
                "WWW-Authenticate": components["headers"]["Challenge"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No such object, or none that the caller may see */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The current state does not allow this */
        Conflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The object has changed since it was read */
        Stale: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Latchkey has no media type that the client accepts */
        NotAcceptable: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is over 1 MiB, or over 16 KiB without a credential */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body has an unsupported media type */
        Unsupported: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests */
        Limited: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                "X-RateLimit-Limit": components["headers"]["LimitTotal"];
                "X-RateLimit-Remaining": components["headers"]["LimitRemaining"];
                "X-RateLimit-Reset": components["headers"]["LimitReset"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Internal error */
        Internal: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A part that the request needs is unavailable */
        Unavailable: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request is invalid */
        OAuthInvalid: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description The body is longer than 16384 bytes */
        OAuthTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description The client is unknown, or its secret is wrong */
        OAuthClient: {
            headers: {
                "WWW-Authenticate": components["headers"]["ClientChallenge"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description The client may not ask this */
        OAuthForbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description Too many requests, or too many wrong secrets */
        OAuthLimited: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                "X-RateLimit-Limit": components["headers"]["LimitTotal"];
                "X-RateLimit-Remaining": components["headers"]["LimitRemaining"];
                "X-RateLimit-Reset": components["headers"]["LimitReset"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description Internal error */
        OAuthServer: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description A part that the request needs is unavailable */
        OAuthUnavailable: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OAuthError"];
            };
        };
        /** @description Not a valid key; the response names the key if it is known */
        BadKey: {
            headers: {
                "WWW-Authenticate": components["headers"]["Challenges"];
                "X-Latchkey-Code": components["headers"]["DecisionCode"];
                "X-Latchkey-Key-Id": components["headers"]["KeyID"];
                "X-Latchkey-Service-Account-Id": components["headers"]["ServiceAccountID"];
                "X-Latchkey-Organization-Id": components["headers"]["OrganizationID"];
                "X-Latchkey-Tier": components["headers"]["TierName"];
                "X-Latchkey-Scopes": components["headers"]["GrantedScopes"];
                "X-Latchkey-Environment": components["headers"]["KeyEnvironment"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A valid key that may not do this */
        KeyMayNot: {
            headers: {
                "WWW-Authenticate": components["headers"]["Challenge"];
                "X-Latchkey-Code": components["headers"]["DecisionCode"];
                "X-Latchkey-Key-Id": components["headers"]["KeyID"];
                "X-Latchkey-Service-Account-Id": components["headers"]["ServiceAccountID"];
                "X-Latchkey-Organization-Id": components["headers"]["OrganizationID"];
                "X-Latchkey-Tier": components["headers"]["TierName"];
                "X-Latchkey-Scopes": components["headers"]["GrantedScopes"];
                "X-Latchkey-Environment": components["headers"]["KeyEnvironment"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A valid key over a limit, or too many unknown keys from one address, or from one caller for one address. Without Retry-After the request can never succeed */
        KeyOverLimit: {
            headers: {
                "X-Latchkey-Code": components["headers"]["DecisionCode"];
                "X-Latchkey-Key-Id": components["headers"]["KeyID"];
                "X-Latchkey-Service-Account-Id": components["headers"]["ServiceAccountID"];
                "X-Latchkey-Organization-Id": components["headers"]["OrganizationID"];
                "X-Latchkey-Tier": components["headers"]["TierName"];
                "X-Latchkey-Scopes": components["headers"]["GrantedScopes"];
                "X-Latchkey-Environment": components["headers"]["KeyEnvironment"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                "X-RateLimit-Limit": components["headers"]["LimitTotal"];
                "X-RateLimit-Remaining": components["headers"]["LimitRemaining"];
                "X-RateLimit-Reset": components["headers"]["LimitReset"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description Most objects on a page */
        Limit: number;
        /** @description next_cursor of the previous page */
        Cursor: string;
        /** @description Text to search for; case does not matter */
        Text: string;
        /** @description Only objects of this organization */
        OrganizationFilter: string;
        /** @description Only objects of this service account */
        AccountFilter: string;
        /** @description Only objects on this tier */
        TierFilter: string;
        /** @description Only objects with this external id */
        ExternalFilter: string;
        /** @description Owner of the service account */
        OwnerFilter: string;
        /** @description Only keys of this environment */
        EnvironmentFilter: "live" | "test";
        /** @description Only keys with this status */
        StatusFilter: components["schemas"]["Status"];
        /** @description Only usable keys that expire before this time */
        ExpiringFilter: string;
        /** @description Only the provider's staff, or only other users */
        AdminFilter: boolean;
        /** @description Only events about this object */
        ObjectFilter: string;
        /** @description Only events caused by this user or service account */
        SubjectFilter: string;
        /** @description Only events with this action */
        ActionFilter: string;
        /** @description Only at or after this time */
        From: string;
        /** @description Only before this time */
        Until: string;
        /** @description The ETag that the object must still have */
        IfMatch: string;
        /**
         * @description A repeat of the request with the same value creates nothing: the response is the object as it is now, with `Idempotent-Replayed: true`. A key or
         *     token then has no secret, because only its digest is stored. If you lost the first response, rotate the key, or revoke it and issue another.
         *     A request that arrives while another with the same value is in progress waits for it, up to 5 s, and then gets 409 `idempotency_key_in_use`:
         *     send it again a few seconds later. After a crash that lasts at most 20 s; the next request then continues. Values are kept for two days.
         */
        IdempotencyKey: string;
        /** @description no-cache reads the store; ignored unless the verifier sends a credential */
        CacheControl: string;
        /** @description ID of the organization */
        OrganizationPath: string;
        /** @description ID of the service account */
        ServiceAccountPath: string;
        /** @description ID of the key */
        KeyPath: string;
        /** @description ID of the event, the same in every attempt */
        WebhookID: string;
        /** @description When the attempt was made, in seconds since 1970 */
        WebhookTimestamp: string;
        /** @description One `v1,` signature for each valid secret, separated by spaces */
        WebhookSignature: string;
        /** @description ID of the webhook */
        WebhookPath: string;
        /** @description ID of the event */
        EventPath: string;
        /** @description ID of the incident */
        IncidentPath: string;
        /** @description Name of the tier */
        TierPath: string;
        /** @description Name of the scope, such as invoices:read */
        ScopePath: string;
        /** @description ID of the user */
        UserPath: string;
    };
    requestBodies: never;
    headers: {
        /** @description The revision of the object */
        ETag: string;
        /** @description The revision of the user; a service account has none */
        ProfileETag: string;
        /** @description URL of the new object */
        Location: string;
        /** @description true if an earlier request created the object */
        IdempotentReplayed: "true";
        /** @description Seconds to wait */
        RetryAfter: number;
        /** @description What is left, in the format of the IETF httpapi draft */
        RateLimit: string;
        /** @description The limits, in the same format */
        RateLimitPolicy: string;
        /** @description How many requests the narrowest limit allows at once */
        LimitTotal: number;
        /** @description How many of those are left */
        LimitRemaining: number;
        /** @description Seconds until the limit is full again */
        LimitReset: number;
        /** @description Code of the decision */
        DecisionCode: components["schemas"]["Code"];
        /** @description ID of the key */
        KeyID: string;
        /** @description ID of the service account that owns the key */
        ServiceAccountID: string;
        /** @description ID of the service account's organization */
        OrganizationID: string;
        /** @description Tier of the service account */
        TierName: string;
        /** @description All scopes of the key, separated by spaces */
        GrantedScopes: string;
        /** @description live or test */
        KeyEnvironment: string;
        /** @description The cookies sessionid and csrftoken, set or removed */
        SetCookie: string;
        /** @description Why a bearer token is not enough (RFC 6750) */
        Challenge: string;
        /** @description If the client used HTTP Basic */
        ClientChallenge: string;
        /** @description The accepted schemes, and why a bearer token was refused */
        Challenges: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    verifySelf: {
        parameters: {
            query?: {
                /** @description All are required. Repeat the parameter for several scopes. */
                scope?: components["schemas"]["ScopeName"][];
                /** @description How many units of limits and quota this uses */
                cost?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key is valid and may do this */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "X-RateLimit-Limit": components["headers"]["LimitTotal"];
                    "X-RateLimit-Remaining": components["headers"]["LimitRemaining"];
                    "X-RateLimit-Reset": components["headers"]["LimitReset"];
                    "X-Latchkey-Code": components["headers"]["DecisionCode"];
                    "X-Latchkey-Key-Id": components["headers"]["KeyID"];
                    "X-Latchkey-Service-Account-Id": components["headers"]["ServiceAccountID"];
                    "X-Latchkey-Organization-Id": components["headers"]["OrganizationID"];
                    "X-Latchkey-Tier": components["headers"]["TierName"];
                    "X-Latchkey-Scopes": components["headers"]["GrantedScopes"];
                    "X-Latchkey-Environment": components["headers"]["KeyEnvironment"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Decision"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["BadKey"];
            403: components["responses"]["KeyMayNot"];
            429: components["responses"]["KeyOverLimit"];
            503: components["responses"]["Unavailable"];
        };
    };
    verifyAsked: {
        parameters: {
            query?: never;
            header?: {
                /** @description no-cache reads the store; ignored unless the verifier sends a credential */
                "Cache-Control"?: components["parameters"]["CacheControl"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Question"];
            };
        };
        responses: {
            /** @description The decision */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "X-RateLimit-Limit": components["headers"]["LimitTotal"];
                    "X-RateLimit-Remaining": components["headers"]["LimitRemaining"];
                    "X-RateLimit-Reset": components["headers"]["LimitReset"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Decision"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listOrganizations: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
                /** @description Text to search for; case does not matter */
                q?: components["parameters"]["Text"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Organization"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createOrganization: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description A repeat of the request with the same value creates nothing: the response is the object as it is now, with `Idempotent-Replayed: true`. A key or
                 *     token then has no secret, because only its digest is stored. If you lost the first response, rotate the key, or revoke it and issue another.
                 *     A request that arrives while another with the same value is in progress waits for it, up to 5 s, and then gets 409 `idempotency_key_in_use`:
                 *     send it again a few seconds later. After a crash that lasts at most 20 s; the next request then continues. Values are kept for two days.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateOrganization"];
                "application/x-www-form-urlencoded": components["schemas"]["CreateOrganization"];
                "multipart/form-data": components["schemas"]["CreateOrganization"];
            };
        };
        responses: {
            /** @description The object */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getOrganization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceOrganization: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceOrganization"];
                "application/x-www-form-urlencoded": components["schemas"]["ReplaceOrganization"];
                "multipart/form-data": components["schemas"]["ReplaceOrganization"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteOrganization: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeOrganization: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["OrganizationSettings"];
                "application/json": components["schemas"]["OrganizationSettings"];
                "application/x-www-form-urlencoded": components["schemas"]["OrganizationSettings"];
                "multipart/form-data": components["schemas"]["OrganizationSettings"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organization"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listMembers: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Member"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    addMember: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description A repeat of the request with the same value creates nothing: the response is the object as it is now, with `Idempotent-Replayed: true`. A key or
                 *     token then has no secret, because only its digest is stored. If you lost the first response, rotate the key, or revoke it and issue another.
                 *     A request that arrives while another with the same value is in progress waits for it, up to 5 s, and then gets 409 `idempotency_key_in_use`:
                 *     send it again a few seconds later. After a crash that lasts at most 20 s; the next request then continues. Values are kept for two days.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddMember"];
                "application/x-www-form-urlencoded": components["schemas"]["AddMember"];
                "multipart/form-data": components["schemas"]["AddMember"];
            };
        };
        responses: {
            /** @description The object */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getMember: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
                /** @description ID of the user */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
                /** @description ID of the user */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceMember"];
                "application/x-www-form-urlencoded": components["schemas"]["ReplaceMember"];
                "multipart/form-data": components["schemas"]["ReplaceMember"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    removeMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
                /** @description ID of the user */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
                /** @description ID of the user */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["MemberSettings"];
                "application/json": components["schemas"]["MemberSettings"];
                "application/x-www-form-urlencoded": components["schemas"]["MemberSettings"];
                "multipart/form-data": components["schemas"]["MemberSettings"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listInvitations: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them, newest first, at most 200 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Invitation"][];
                        next_cursor: null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    invite: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Invite"];
                "application/x-www-form-urlencoded": components["schemas"]["Invite"];
                "multipart/form-data": components["schemas"]["Invite"];
            };
        };
        responses: {
            /** @description The invitation */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invitation"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    withdrawInvitation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the organization */
                id: components["parameters"]["OrganizationPath"];
                /** @description ID of the invitation */
                invitation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listServiceAccounts: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only objects of this organization */
                organization_id?: components["parameters"]["OrganizationFilter"];
                /** @description Only objects on this tier */
                tier?: components["parameters"]["TierFilter"];
                /** @description Only objects with this external id */
                external_id?: components["parameters"]["ExternalFilter"];
                /** @description Owner of the service account */
                owner_id?: components["parameters"]["OwnerFilter"];
                /** @description Text to search for; case does not matter */
                q?: components["parameters"]["Text"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ServiceAccount"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createServiceAccount: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description A repeat of the request with the same value creates nothing: the response is the object as it is now, with `Idempotent-Replayed: true`. A key or
                 *     token then has no secret, because only its digest is stored. If you lost the first response, rotate the key, or revoke it and issue another.
                 *     A request that arrives while another with the same value is in progress waits for it, up to 5 s, and then gets 409 `idempotency_key_in_use`:
                 *     send it again a few seconds later. After a crash that lasts at most 20 s; the next request then continues. Values are kept for two days.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateServiceAccount"];
                "application/x-www-form-urlencoded": components["schemas"]["CreateServiceAccount"];
                "multipart/form-data": components["schemas"]["CreateServiceAccount"];
            };
        };
        responses: {
            /** @description The object */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceAccount"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getServiceAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceAccount"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceServiceAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceServiceAccount"];
                "application/x-www-form-urlencoded": components["schemas"]["ReplaceServiceAccount"];
                "multipart/form-data": components["schemas"]["ReplaceServiceAccount"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceAccount"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteServiceAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeServiceAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["ServiceAccountSettings"];
                "application/json": components["schemas"]["ServiceAccountSettings"];
                "application/x-www-form-urlencoded": components["schemas"]["ServiceAccountSettings"];
                "multipart/form-data": components["schemas"]["ServiceAccountSettings"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceAccount"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    transferServiceAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TransferServiceAccount"];
                "application/x-www-form-urlencoded": components["schemas"]["TransferServiceAccount"];
                "multipart/form-data": components["schemas"]["TransferServiceAccount"];
            };
        };
        responses: {
            /** @description What was done or, for a dry run, what would be done */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Transfer"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    setOverride: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Override"];
                "application/x-www-form-urlencoded": components["schemas"]["Override"];
                "multipart/form-data": components["schemas"]["Override"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceAccount"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    endOverride: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceAccount"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listCertificates: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Certificate"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    addCertificate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddCertificate"];
                "application/x-www-form-urlencoded": components["schemas"]["AddCertificate"];
                "multipart/form-data": components["schemas"]["AddCertificate"];
            };
        };
        responses: {
            /** @description The object */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Certificate"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getCertificate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
                /** @description ID of the certificate */
                certificate_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Certificate"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    removeCertificate: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
                /** @description ID of the certificate */
                certificate_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listClients: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only objects of this organization */
                organization_id?: components["parameters"]["OrganizationFilter"];
                /** @description Only objects on this tier */
                tier?: components["parameters"]["TierFilter"];
                /** @description Only objects with this external id */
                external_id?: components["parameters"]["ExternalFilter"];
                /** @description Owner of the service account */
                owner_id?: components["parameters"]["OwnerFilter"];
                /** @description Text to search for; case does not matter */
                q?: components["parameters"]["Text"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ServiceAccount"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listKeys: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only objects of this organization */
                organization_id?: components["parameters"]["OrganizationFilter"];
                /** @description Only objects of this service account */
                service_account_id?: components["parameters"]["AccountFilter"];
                /** @description Only keys of this environment */
                environment?: components["parameters"]["EnvironmentFilter"];
                /** @description Only keys with this status */
                status?: components["parameters"]["StatusFilter"];
                /** @description Only usable keys that expire before this time */
                expiring_before?: components["parameters"]["ExpiringFilter"];
                /** @description Text to search for; case does not matter */
                q?: components["parameters"]["Text"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Key"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description A repeat of the request with the same value creates nothing: the response is the object as it is now, with `Idempotent-Replayed: true`. A key or
                 *     token then has no secret, because only its digest is stored. If you lost the first response, rotate the key, or revoke it and issue another.
                 *     A request that arrives while another with the same value is in progress waits for it, up to 5 s, and then gets 409 `idempotency_key_in_use`:
                 *     send it again a few seconds later. After a crash that lasts at most 20 s; the next request then continues. Values are kept for two days.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateKey"];
                "application/x-www-form-urlencoded": components["schemas"]["CreateKey"];
                "multipart/form-data": components["schemas"]["CreateKey"];
            };
        };
        responses: {
            /** @description The object */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedKey"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    findKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FindKeys"];
                "application/x-www-form-urlencoded": components["schemas"]["FindKeys"];
                "multipart/form-data": components["schemas"]["FindKeys"];
            };
        };
        responses: {
            /** @description At most 50 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Key"][];
                        next_cursor: null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceKey"];
                "application/x-www-form-urlencoded": components["schemas"]["ReplaceKey"];
                "multipart/form-data": components["schemas"]["ReplaceKey"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["KeySettings"];
                "application/json": components["schemas"]["KeySettings"];
                "application/x-www-form-urlencoded": components["schemas"]["KeySettings"];
                "multipart/form-data": components["schemas"]["KeySettings"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    rotateKey: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description A repeat of the request with the same value creates nothing: the response is the object as it is now, with `Idempotent-Replayed: true`. A key or
                 *     token then has no secret, because only its digest is stored. If you lost the first response, rotate the key, or revoke it and issue another.
                 *     A request that arrives while another with the same value is in progress waits for it, up to 5 s, and then gets 409 `idempotency_key_in_use`:
                 *     send it again a few seconds later. After a crash that lasts at most 20 s; the next request then continues. Values are kept for two days.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateKey"];
                "application/x-www-form-urlencoded": components["schemas"]["RotateKey"];
                "multipart/form-data": components["schemas"]["RotateKey"];
            };
        };
        responses: {
            /** @description The object */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedKey"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resetKeyLimits: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resetAccountLimits: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the service account */
                id: components["parameters"]["ServiceAccountPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceAccount"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RevokeKey"];
                "application/x-www-form-urlencoded": components["schemas"]["RevokeKey"];
                "multipart/form-data": components["schemas"]["RevokeKey"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevokedKey"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listIncidents: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Incident"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createIncident: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateIncident"];
                "application/x-www-form-urlencoded": components["schemas"]["CreateIncident"];
                "multipart/form-data": components["schemas"]["CreateIncident"];
            };
        };
        responses: {
            /** @description Done or in progress */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Incident"];
                };
            };
            /** @description The dry run */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Incident"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getIncident: {
        parameters: {
            query?: {
                /** @description Page of keys */
                page?: number;
            };
            header?: never;
            path: {
                /** @description ID of the incident */
                id: components["parameters"]["IncidentPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The incident */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Incident"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    continueIncident: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the incident */
                id: components["parameters"]["IncidentPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done or in progress */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Incident"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    undoIncident: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the incident */
                id: components["parameters"]["IncidentPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Undone or in progress */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Incident"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    revokeHeld: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RevokeHeld"];
                "application/x-www-form-urlencoded": components["schemas"]["RevokeHeld"];
                "multipart/form-data": components["schemas"]["RevokeHeld"];
            };
        };
        responses: {
            /** @description The key works no more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    reportLeak: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LeakReport"];
                "application/x-www-form-urlencoded": components["schemas"]["LeakReport"];
                "multipart/form-data": components["schemas"]["LeakReport"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["Invalid"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    reportLeakGitHub: {
        parameters: {
            query?: never;
            header: {
                /** @description Which of the published keys signed */
                "Github-Public-Key-Identifier": string;
                /** @description The signature, Base64 of ASN.1 */
                "Github-Public-Key-Signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GitHubMatch"][];
            };
        };
        responses: {
            /** @description Whether each of them is, or was, a key */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GitHubLabel"][];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    reportLeakSigned: {
        parameters: {
            query?: never;
            header: {
                /** @description t=SECONDS,v1=HEX */
                "Latchkey-Signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LeakReport"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    gitLabTokenTypes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The types */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GitLabTypes"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["Limited"];
        };
    };
    reportLeakGitLab: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GitLabToken"][];
            };
        };
        responses: {
            /** @description Accepted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    keyShape: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The pattern, the checksum and the addresses */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyShape"];
                };
            };
            400: components["responses"]["Invalid"];
        };
    };
    gitleaksRule: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rule */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/toml": unknown;
                };
            };
            400: components["responses"]["Invalid"];
        };
    };
    trufflehogDetector: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The detector */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": unknown;
                };
            };
            400: components["responses"]["Invalid"];
        };
    };
    listLeaks: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Leak"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only objects of this organization */
                organization_id?: components["parameters"]["OrganizationFilter"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Webhook"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description A repeat of the request with the same value creates nothing: the response is the object as it is now, with `Idempotent-Replayed: true`. A key or
                 *     token then has no secret, because only its digest is stored. If you lost the first response, rotate the key, or revoke it and issue another.
                 *     A request that arrives while another with the same value is in progress waits for it, up to 5 s, and then gets 409 `idempotency_key_in_use`:
                 *     send it again a few seconds later. After a crash that lasts at most 20 s; the next request then continues. Values are kept for two days.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWebhook"];
                "application/x-www-form-urlencoded": components["schemas"]["CreateWebhook"];
                "multipart/form-data": components["schemas"]["CreateWebhook"];
            };
        };
        responses: {
            /** @description The object */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedWebhook"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listWebhookEventTypes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["WebhookEventType"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["WebhookSettings"];
                "application/json": components["schemas"]["WebhookSettings"];
                "application/x-www-form-urlencoded": components["schemas"]["WebhookSettings"];
                "multipart/form-data": components["schemas"]["WebhookSettings"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateWebhookSecret"];
                "application/x-www-form-urlencoded": components["schemas"]["RotateWebhookSecret"];
                "multipart/form-data": components["schemas"]["RotateWebhookSecret"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedWebhook"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What became of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resendWebhookRange: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResendWebhook"];
                "application/x-www-form-urlencoded": components["schemas"]["ResendWebhook"];
                "multipart/form-data": components["schemas"]["ResendWebhook"];
            };
        };
        responses: {
            /** @description How many are queued */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookResent"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["WebhookDelivery"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
                /** @description ID of the event */
                event_id: components["parameters"]["EventPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resendWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the webhook */
                id: components["parameters"]["WebhookPath"];
                /** @description ID of the event */
                event_id: components["parameters"]["EventPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listExposures: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Exposure"][];
                        next_cursor: null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listImports: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Import"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createImport: {
        parameters: {
            query?: {
                /** @description Format of the body; by default that of its media type */
                format?: "jsonl" | "csv";
                /** @description ID or name of the organization of all keys. A name that no organization has makes one; by default, it is named after the import */
                organization?: string;
                /** @description Tier of new service accounts; by default `imported`, which has no limits and is made by the first import */
                tier?: string;
                /** @description Scopes of keys whose row has none, separated by commas */
                scopes?: string;
                /** @description Take keys in clear that could be guessed; they are verified slowly */
                accept_weak?: boolean;
                /** @description Import nothing, and report the same */
                dry_run?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/jsonl": string;
                "application/x-ndjson": string;
                "text/csv": string;
            };
        };
        responses: {
            /** @description All rows are received */
            202: {
                headers: {
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Import"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            /** @description The body is over 1 GiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getImportsInUse: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The imported keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportsInUse"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getImport: {
        parameters: {
            query?: {
                /** @description Page of problems */
                page?: number;
            };
            header?: never;
            path: {
                /** @description ID of the import */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The import */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Import"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getExport: {
        parameters: {
            query?: {
                /** @description With the digests of keys and the hashes of passwords, as a backup has them */
                hashes?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The objects */
            200: {
                headers: {
                    /** @description The name of the file */
                    "Content-Disposition": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": string;
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listTiers: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Tier"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createTier: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description A repeat of the request with the same value creates nothing: the response is the object as it is now, with `Idempotent-Replayed: true`. A key or
                 *     token then has no secret, because only its digest is stored. If you lost the first response, rotate the key, or revoke it and issue another.
                 *     A request that arrives while another with the same value is in progress waits for it, up to 5 s, and then gets 409 `idempotency_key_in_use`:
                 *     send it again a few seconds later. After a crash that lasts at most 20 s; the next request then continues. Values are kept for two days.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateTier"];
                "application/x-www-form-urlencoded": components["schemas"]["CreateTier"];
                "multipart/form-data": components["schemas"]["CreateTier"];
            };
        };
        responses: {
            /** @description The object */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tier"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getTier: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the tier */
                name: components["parameters"]["TierPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tier"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceTier: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Name of the tier */
                name: components["parameters"]["TierPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceTier"];
                "application/x-www-form-urlencoded": components["schemas"]["ReplaceTier"];
                "multipart/form-data": components["schemas"]["ReplaceTier"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tier"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteTier: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Name of the tier */
                name: components["parameters"]["TierPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeTier: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Name of the tier */
                name: components["parameters"]["TierPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["TierSettings"];
                "application/json": components["schemas"]["TierSettings"];
                "application/x-www-form-urlencoded": components["schemas"]["TierSettings"];
                "multipart/form-data": components["schemas"]["TierSettings"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tier"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    previewTier: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the tier */
                name: components["parameters"]["TierPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["TierSettings"];
                "application/json": components["schemas"]["TierSettings"];
                "application/x-www-form-urlencoded": components["schemas"]["TierSettings"];
                "multipart/form-data": components["schemas"]["TierSettings"];
            };
        };
        responses: {
            /** @description The effect on keys and accounts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TierImpact"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listScopes: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Scope"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createScope: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description A repeat of the request with the same value creates nothing: the response is the object as it is now, with `Idempotent-Replayed: true`. A key or
                 *     token then has no secret, because only its digest is stored. If you lost the first response, rotate the key, or revoke it and issue another.
                 *     A request that arrives while another with the same value is in progress waits for it, up to 5 s, and then gets 409 `idempotency_key_in_use`:
                 *     send it again a few seconds later. After a crash that lasts at most 20 s; the next request then continues. Values are kept for two days.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateScope"];
                "application/x-www-form-urlencoded": components["schemas"]["CreateScope"];
                "multipart/form-data": components["schemas"]["CreateScope"];
            };
        };
        responses: {
            /** @description The object */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scope"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getScope: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scope"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceScope: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScopeSettings"];
                "application/x-www-form-urlencoded": components["schemas"]["ScopeSettings"];
                "multipart/form-data": components["schemas"]["ScopeSettings"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scope"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteScope: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeScope: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["ScopeSettings"];
                "application/json": components["schemas"]["ScopeSettings"];
                "application/x-www-form-urlencoded": components["schemas"]["ScopeSettings"];
                "multipart/form-data": components["schemas"]["ScopeSettings"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scope"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getScopeHolders: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScopeHolders"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    renameScope: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenameScope"];
                "application/x-www-form-urlencoded": components["schemas"]["RenameScope"];
                "multipart/form-data": components["schemas"]["RenameScope"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scope"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    retireScope: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scope"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    restoreScope: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Name of the scope, such as invoices:read */
                name: components["parameters"]["ScopePath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scope"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
                /** @description Text to search for; case does not matter */
                q?: components["parameters"]["Text"];
                /** @description Only the provider's staff, or only other users */
                is_admin?: components["parameters"]["AdminFilter"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["User"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createUser: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description A repeat of the request with the same value creates nothing: the response is the object as it is now, with `Idempotent-Replayed: true`. A key or
                 *     token then has no secret, because only its digest is stored. If you lost the first response, rotate the key, or revoke it and issue another.
                 *     A request that arrives while another with the same value is in progress waits for it, up to 5 s, and then gets 409 `idempotency_key_in_use`:
                 *     send it again a few seconds later. After a crash that lasts at most 20 s; the next request then continues. Values are kept for two days.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUser"];
                "application/x-www-form-urlencoded": components["schemas"]["CreateUser"];
                "multipart/form-data": components["schemas"]["CreateUser"];
            };
        };
        responses: {
            /** @description The object */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["IdempotentReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the user */
                id: components["parameters"]["UserPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the user */
                id: components["parameters"]["UserPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceUser"];
                "application/x-www-form-urlencoded": components["schemas"]["ReplaceUser"];
                "multipart/form-data": components["schemas"]["ReplaceUser"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the user */
                id: components["parameters"]["UserPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the user */
                id: components["parameters"]["UserPath"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["SetUser"];
                "application/json": components["schemas"]["SetUser"];
                "application/x-www-form-urlencoded": components["schemas"]["SetUser"];
                "multipart/form-data": components["schemas"]["SetUser"];
            };
        };
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resetOTP: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the user */
                id: components["parameters"]["UserPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    apiRoot: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Paths by name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: string;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The principal */
            200: {
                headers: {
                    ETag: components["headers"]["ProfileETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceMe: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceMe"];
                "application/x-www-form-urlencoded": components["schemas"]["ReplaceMe"];
                "multipart/form-data": components["schemas"]["ReplaceMe"];
            };
        };
        responses: {
            /** @description Your profile */
            200: {
                headers: {
                    ETag: components["headers"]["ProfileETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeMe: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["MeSettings"];
                "application/json": components["schemas"]["MeSettings"];
                "application/x-www-form-urlencoded": components["schemas"]["MeSettings"];
                "multipart/form-data": components["schemas"]["MeSettings"];
            };
        };
        responses: {
            /** @description Your profile */
            200: {
                headers: {
                    ETag: components["headers"]["ProfileETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    beginOTP: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What an authenticator app needs; shown only in this response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OTPEnrolment"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    enableOTP: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OTPCode"];
                "application/x-www-form-urlencoded": components["schemas"]["OTPCode"];
                "multipart/form-data": components["schemas"]["OTPCode"];
            };
        };
        responses: {
            /** @description Recovery codes, in case you lose the device; shown only in this response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    disableOTP: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConfirmPassword"];
                "application/x-www-form-urlencoded": components["schemas"]["ConfirmPassword"];
                "multipart/form-data": components["schemas"]["ConfirmPassword"];
            };
        };
        responses: {
            /** @description One-time codes are off */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listIdentities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Identity"][];
                        next_cursor: null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    unlinkIdentity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the linked account */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    signUp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignUp"];
                "application/x-www-form-urlencoded": components["schemas"]["SignUp"];
                "multipart/form-data": components["schemas"]["SignUp"];
            };
        };
        responses: {
            /** @description A mail is on its way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["Invalid"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    confirmEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkToken"];
                "application/x-www-form-urlencoded": components["schemas"]["LinkToken"];
                "multipart/form-data": components["schemas"]["LinkToken"];
            };
        };
        responses: {
            /** @description Confirmed; you can sign in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    forgotPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForgottenPassword"];
                "application/x-www-form-urlencoded": components["schemas"]["ForgottenPassword"];
                "multipart/form-data": components["schemas"]["ForgottenPassword"];
            };
        };
        responses: {
            /** @description If a user has the address, a mail is on its way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["Invalid"];
            406: components["responses"]["NotAcceptable"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            503: components["responses"]["Unavailable"];
        };
    };
    resetPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResetPassword"];
                "application/x-www-form-urlencoded": components["schemas"]["ResetPassword"];
                "multipart/form-data": components["schemas"]["ResetPassword"];
            };
        };
        responses: {
            /** @description Set; you can sign in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePassword"];
                "application/x-www-form-urlencoded": components["schemas"]["ChangePassword"];
                "multipart/form-data": components["schemas"]["ChangePassword"];
            };
        };
        responses: {
            /** @description The password is changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    acceptInvitation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkToken"];
                "application/x-www-form-urlencoded": components["schemas"]["LinkToken"];
                "multipart/form-data": components["schemas"]["LinkToken"];
            };
        };
        responses: {
            /** @description The membership */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    obtainToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
                "application/x-www-form-urlencoded": components["schemas"]["SignIn"];
                "multipart/form-data": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description The token, or the pair */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ObtainedToken"] | components["schemas"]["TokenPair"];
                };
            };
            400: components["responses"]["SignInInvalid"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    refreshToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshToken"];
                "application/x-www-form-urlencoded": components["schemas"]["RefreshToken"];
                "multipart/form-data": components["schemas"]["RefreshToken"];
            };
        };
        responses: {
            /** @description The new pair */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenPair"];
                };
            };
            400: components["responses"]["SignInInvalid"];
            401: components["responses"]["Unauthenticated"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    verifyToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VerifyToken"];
                "application/x-www-form-urlencoded": components["schemas"]["VerifyToken"];
                "multipart/form-data": components["schemas"]["VerifyToken"];
            };
        };
        responses: {
            /** @description Valid */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["SignInInvalid"];
            401: components["responses"]["Unauthenticated"];
            406: components["responses"]["NotAcceptable"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    blacklistToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshToken"];
                "application/x-www-form-urlencoded": components["schemas"]["RefreshToken"];
                "multipart/form-data": components["schemas"]["RefreshToken"];
            };
        };
        responses: {
            /** @description Ended */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["SignInInvalid"];
            401: components["responses"]["Unauthenticated"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listTokens: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Token"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateToken"];
                "application/x-www-form-urlencoded": components["schemas"]["CreateToken"];
                "multipart/form-data": components["schemas"]["CreateToken"];
            };
        };
        responses: {
            /** @description The token, shown only in this response */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedToken"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the token */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Token"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    revokeToken: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the object must still have */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description ID of the token */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["Stale"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            400: components["responses"]["SignInInvalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    signIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
                "application/x-www-form-urlencoded": components["schemas"]["SignIn"];
                "multipart/form-data": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description The user who signed in */
            200: {
                headers: {
                    "Set-Cookie": components["headers"]["SetCookie"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            400: components["responses"]["SignInInvalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    signOut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    "Set-Cookie": components["headers"]["SetCookie"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["SignInInvalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    confirmSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConfirmPassword"];
                "application/x-www-form-urlencoded": components["schemas"]["ConfirmPassword"];
                "multipart/form-data": components["schemas"]["ConfirmPassword"];
            };
        };
        responses: {
            /** @description The session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Session"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    signOutEverywhere: {
        parameters: {
            query?: {
                /** @description If true, the session of this request stays */
                keep_current?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the session */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    oauthToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["TokenRequest"];
            };
        };
        responses: {
            /** @description The token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessToken"];
                };
            };
            400: components["responses"]["OAuthInvalid"];
            401: components["responses"]["OAuthClient"];
            413: components["responses"]["OAuthTooLarge"];
            429: components["responses"]["OAuthLimited"];
            503: components["responses"]["OAuthUnavailable"];
        };
    };
    oauthIntrospect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["IntrospectionRequest"];
            };
        };
        responses: {
            /** @description What the token is */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Introspection"];
                };
            };
            400: components["responses"]["OAuthInvalid"];
            401: components["responses"]["OAuthClient"];
            403: components["responses"]["OAuthForbidden"];
            413: components["responses"]["OAuthTooLarge"];
            429: components["responses"]["OAuthLimited"];
            503: components["responses"]["OAuthUnavailable"];
        };
    };
    oauthRevoke: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["IntrospectionRequest"];
            };
        };
        responses: {
            /** @description Ended */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nothing"];
                };
            };
            400: components["responses"]["OAuthInvalid"];
            401: components["responses"]["OAuthClient"];
            413: components["responses"]["OAuthTooLarge"];
            429: components["responses"]["OAuthLimited"];
            500: components["responses"]["OAuthServer"];
            503: components["responses"]["OAuthUnavailable"];
        };
    };
    oauthMetadata: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metadata */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuthorizationServer"];
                };
            };
            400: components["responses"]["Invalid"];
        };
    };
    jwks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The set */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jwk-set+json": components["schemas"]["PublicKeys"];
                };
            };
            400: components["responses"]["Invalid"];
        };
    };
    listNodes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Node"][];
                        next_cursor: null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listAuditEvents: {
        parameters: {
            query?: {
                /** @description Most objects on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the previous page */
                cursor?: components["parameters"]["Cursor"];
                /** @description Only objects of this organization */
                organization_id?: components["parameters"]["OrganizationFilter"];
                /** @description Only events about this object */
                object_id?: components["parameters"]["ObjectFilter"];
                /** @description Only events caused by this user or service account */
                subject_id?: components["parameters"]["SubjectFilter"];
                /** @description Only events with this action */
                action?: components["parameters"]["ActionFilter"];
                /** @description Only at or after this time */
                from?: components["parameters"]["From"];
                /** @description Only before this time */
                until?: components["parameters"]["Until"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AuditEvent"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getUsage: {
        parameters: {
            query?: {
                /** @description Only objects of this organization */
                organization_id?: components["parameters"]["OrganizationFilter"];
                /** @description Only objects of this service account */
                service_account_id?: components["parameters"]["AccountFilter"];
                /** @description Start of the first interval; 24 hours before `to` by default */
                from?: string;
                /** @description End of the period, exclusive; now by default */
                to?: string;
                /** @description By default, minute for up to 6 hours, hour for up to 14 days, otherwise day. At most 3000 intervals are returned. */
                interval?: "minute" | "hour" | "day";
                /** @description A verification counts once for each granted scope that it asked for; scopes are kept by the day */
                group_by?: "key" | "service_account" | "code" | "scope";
                /** @description By default, what `Accept` asks for: JSON or text/csv */
                format?: "json" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The points by time and group */
            200: {
                headers: {
                    /** @description For CSV */
                    "Content-Disposition"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageReport"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getKeyUsage: {
        parameters: {
            query?: {
                /** @description Start of the first interval; 24 hours before `to` by default */
                from?: string;
                /** @description End of the period, exclusive; now by default */
                to?: string;
                /** @description By default, minute for up to 6 hours, hour for up to 14 days, otherwise day. At most 3000 intervals are returned. */
                interval?: "minute" | "hour" | "day";
                /** @description A verification counts once for each granted scope that it asked for; scopes are kept by the day */
                group_by?: "code" | "scope";
                /** @description By default, what `Accept` asks for: JSON or text/csv */
                format?: "json" | "csv";
            };
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The points by time and group */
            200: {
                headers: {
                    /** @description For CSV */
                    "Content-Disposition"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyUsage"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listRefusals: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description ID of the key */
                id: components["parameters"]["KeyPath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Refusal"][];
                        next_cursor: null;
                    };
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            406: components["responses"]["NotAcceptable"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Valid */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        version: string;
                        commit?: string;
                        /** Format: date-time */
                        date?: string;
                    };
                };
            };
            400: components["responses"]["Invalid"];
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Valid */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["Invalid"];
            /** @description The node is down */
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics in the Prometheus text format */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["Limited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    contract: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The contract */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": unknown;
                };
            };
        };
    };
    reference: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
    onKeyCreated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "key.created";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyUpdated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "key.updated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyRotated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "key.rotated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyRevoked: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "key.revoked";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyDeleted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "key.deleted";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyExpiring: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "key.expiring";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyLeaked: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "key.leaked";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyExposed: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "key.exposed";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyTransferred: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "key.transferred";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyLimitsReset: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "key.limits_reset";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onServiceAccountCreated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "service_account.created";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onServiceAccountUpdated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "service_account.updated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onServiceAccountDeleted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "service_account.deleted";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onServiceAccountTransferred: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "service_account.transferred";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onServiceAccountLimitsReset: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "service_account.limits_reset";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onServiceAccountOverridden: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "service_account.overridden";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onServiceAccountOverrideEnded: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "service_account.override_ended";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onCertificateCreated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "certificate.created";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onCertificateDeleted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "certificate.deleted";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onMemberCreated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "member.created";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onMemberUpdated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "member.updated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onMemberDeleted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "member.deleted";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onInvitationCreated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "invitation.created";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onInvitationDeleted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "invitation.deleted";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onOrganizationCreated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "organization.created";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onOrganizationUpdated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "organization.updated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onOrganizationDeleted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "organization.deleted";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onWebhookCreated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "webhook.created";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onWebhookUpdated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "webhook.updated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onWebhookDisabled: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "webhook.disabled";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onWebhookSecretRotated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "webhook.secret_rotated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onWebhookDeleted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "webhook.deleted";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onIncidentPlanned: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "incident.planned";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onIncidentStarted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "incident.started";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onIncidentContinued: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "incident.continued";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onIncidentFinished: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "incident.finished";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onIncidentUndoStarted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "incident.undo_started";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onIncidentUndone: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "incident.undone";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onImportFinished: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "import.finished";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onExportWritten: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "export.written";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onTierCreated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "tier.created";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onTierUpdated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "tier.updated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onTierDeleted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "tier.deleted";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onScopeCreated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "scope.created";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onScopeUpdated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "scope.updated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onScopeRenamed: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "scope.renamed";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onScopeRetired: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "scope.retired";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onScopeRestored: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "scope.restored";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onScopeDeleted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "scope.deleted";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onUserCreated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "user.created";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onUserUpdated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "user.updated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onUserDeleted: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "user.deleted";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onSigningKeyRotated: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "signing_key.rotated";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onWebhookTest: {
        parameters: {
            query?: never;
            header: {
                /** @description ID of the event, the same in every attempt */
                "webhook-id": components["parameters"]["WebhookID"];
                /** @description When the attempt was made, in seconds since 1970 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /** @description One `v1,` signature for each valid secret, separated by spaces */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"] & {
                    /** @constant */
                    type?: "webhook.test";
                };
            };
        };
        responses: {
            /** @description The webhook ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The event arrived */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
