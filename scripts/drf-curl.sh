#!/usr/bin/env bash
# The requests of Django REST Framework's and SimpleJWT's documentation, as they
# stand there but for the host, the path of the example and the user, sent to
# Latchkey. Wants BASE, EMAIL, USERNAME and PASSWORD in the environment.
set -euo pipefail
: "${BASE:?}" "${EMAIL:?}" "${USERNAME:?}" "${PASSWORD:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# member NAME: the member of the JSON on standard input.
member() { sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/"; }

# expect STATUS WORD COMMAND…: runs curl, asks for the status and the word in
# the answer, and prints the answer.
expect() {
	local status=$1 word=$2 got
	shift 2
	got=$("$@" -s -o "$work/body" -w '%{http_code}')
	if [[ $got != "$status" ]] || ! grep -q "$word" "$work/body"; then
		echo "drf: $*: answered $got, want $status with $word:" >&2
		cat "$work/body" >&2
		exit 1
	fi
	cat "$work/body"
}

echo 'drf: TokenAuthentication'
token=$(expect 200 token curl -X POST "$BASE/api/token/" -d "username=$USERNAME" --data-urlencode "password=$PASSWORD" | member token)
expect 200 "$EMAIL" curl -X GET "$BASE/api/me" -H "Authorization: Token $token" >/dev/null
expect 401 '"status":401' curl -X GET "$BASE/api/me" -H 'Authorization: Token 9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b' >/dev/null

echo 'drf: BasicAuthentication'
expect 200 "$EMAIL" curl -u "$USERNAME:$PASSWORD" "$BASE/api/me" >/dev/null

echo 'drf: SimpleJWT'
expect 200 access curl \
	-X POST \
	-H "Content-Type: application/json" \
	-d "{\"email\": \"$EMAIL\", \"password\": \"$PASSWORD\"}" \
	"$BASE/api/token/" >"$work/pair"
access=$(member access <"$work/pair")
refresh=$(member refresh <"$work/pair")
expect 200 "$EMAIL" curl \
	-H "Authorization: Bearer $access" \
	"$BASE/api/me/" >/dev/null
expect 200 '{}' curl -X POST -H "Content-Type: application/json" -d "{\"token\": \"$access\"}" "$BASE/api/token/verify/" >/dev/null
expect 200 access curl \
	-X POST \
	-H "Content-Type: application/json" \
	-d "{\"refresh\":\"$refresh\"}" \
	"$BASE/api/token/refresh/" >"$work/pair"
access=$(member access <"$work/pair")
refresh=$(member refresh <"$work/pair")
expect 200 "$EMAIL" curl -H "Authorization: Bearer $access" "$BASE/api/me/" >/dev/null
expect 200 '{}' curl -X POST -H "Content-Type: application/json" -d "{\"refresh\": \"$refresh\"}" "$BASE/api/token/blacklist/" >/dev/null
expect 401 token_not_valid curl -X POST -H "Content-Type: application/json" -d "{\"refresh\": \"$refresh\"}" "$BASE/api/token/refresh/" >/dev/null

echo 'drf: SessionAuthentication with CSRF'
curl -s -c "$work/jar" -o /dev/null "$BASE/login"
csrf() { awk '$6 == "csrftoken" { print $7 }' "$work/jar"; }
expect 200 "$EMAIL" curl -b "$work/jar" -c "$work/jar" -X POST -H "Content-Type: application/json" -H "X-CSRFToken: $(csrf)" \
	-d "{\"email\": \"$EMAIL\", \"password\": \"$PASSWORD\"}" "$BASE/api/session/" >/dev/null
expect 200 "$EMAIL" curl -b "$work/jar" "$BASE/api/me" >/dev/null
expect 403 csrf_failed curl -b "$work/jar" -X POST -H "Content-Type: application/json" -d '{"name": "CI"}' "$BASE/api/tokens/" >/dev/null
expect 201 lk_user_ curl -b "$work/jar" -X POST -H "Content-Type: application/json" -H "X-CSRFToken: $(csrf)" -d '{"name": "CI"}' "$BASE/api/tokens/" >/dev/null
echo 'drf: all answered as documented'
