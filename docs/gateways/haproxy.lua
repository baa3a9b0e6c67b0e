-- Asks Latchkey, by way of a listener of haproxy.conf, whether a request may pass
-- that needs the scope in txn.latchkey_scope. It sets txn.latchkey to VALID, or
-- answers the client with Latchkey's refusal. Where there is no decision it does
-- neither, and haproxy.conf refuses.
local listener = "abns@latchkey"

local asked = { "x-api-key", "authorization", "user-agent" }
local identity = {
	"x-latchkey-key-id", "x-latchkey-service-account-id", "x-latchkey-organization-id",
	"x-latchkey-tier", "x-latchkey-scopes", "x-latchkey-environment",
}
local refusal = {
	"content-type", "cache-control", "www-authenticate", "retry-after",
	"ratelimit", "ratelimit-policy", "x-latchkey-code",
}

-- pick returns the headers of the names, each with a list of values.
local function pick(headers, names)
	local picked = {}
	for _, name in ipairs(names) do
		for _, value in pairs(headers[name] or {}) do
			picked[name] = picked[name] or {}
			table.insert(picked[name], value)
		end
	end
	return picked
end

local function escaped(text)
	return (text:gsub("[^%w:*@._-]", function(c) return string.format("%%%02X", c:byte()) end))
end

local function ask(txn)
	local headers = pick(txn.http:req_get_headers(), asked)
	headers["x-forwarded-for"] = { txn.sf:src() }
	-- Which request it is, for the list of a key's refusals.
	headers["x-forwarded-method"] = { txn.sf:method() }
	headers["x-forwarded-uri"] = { txn.sf:path() }
	local url = "http://latchkey/verify?scope=" .. escaped(txn:get_var("txn.latchkey_scope"))
	return core.httpclient():get{ url = url, headers = headers, dst = listener }
end

core.register_action("latchkey", { "http-req" }, function(txn)
	local answer = ask(txn)
	local said = pick(answer.headers or {}, refusal)
	local code = (said["x-latchkey-code"] or {})[1]
	if answer.status == 401 or answer.status == 403 or answer.status == 429 then
		txn:done{ status = answer.status, headers = said, body = answer.body }
		return
	end
	if answer.status ~= 200 or code ~= "VALID" then
		core.Warning("latchkey: no decision, status " .. tostring(answer.status))
		return
	end
	for name, values in pairs(pick(answer.headers, identity)) do
		txn.http:req_set_header(name, values[1])
	end
	-- For the client; a key without limits has none.
	for name, header in pairs{ limit = "ratelimit", policy = "ratelimit-policy" } do
		if said[header] then
			txn:set_var("txn.latchkey_" .. name, said[header][1])
		end
	end
	txn:set_var("txn.latchkey", code)
end)
