-- Asks Latchkey whether a request may pass that needs the scope in the variable
-- latchkey_scope of apache.conf. Only OK lets it go on; an error in here is 500.
local http = require "socket.http"
local ltn12 = require "ltn12"

http.TIMEOUT = 2 -- seconds

local identity = {
	"X-Latchkey-Key-Id", "X-Latchkey-Service-Account-Id", "X-Latchkey-Organization-Id",
	"X-Latchkey-Tier", "X-Latchkey-Scopes", "X-Latchkey-Environment",
}
local limits = { "RateLimit", "RateLimit-Policy", "X-Latchkey-Code" }
local refusal = { "Cache-Control", "WWW-Authenticate", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Latchkey-Code" }

local unavailable = '{"title":"Service Unavailable","status":503,"type":"urn:latchkey:problem:unavailable",' ..
	'"code":"unavailable","detail":"keys cannot be checked now; try again in a moment"}'

local function escaped(text)
	return (text:gsub("[^%w:*@._-]", function(c) return string.format("%%%02X", c:byte()) end))
end

-- kept returns what matters in Connection. Apache drops every header that it
-- names, ours too.
local function kept(connection)
	local tokens = {}
	for token in (connection or ""):lower():gmatch("[^,%s]+") do
		if token == "close" or token == "keep-alive" or token == "upgrade" then
			table.insert(tokens, token)
		end
	end
	return table.concat(tokens, ", ")
end

-- clean removes what a client says under our names, with - or _, and what it
-- says of its address. Apache adds X-Forwarded-For itself.
local function clean(r)
	r.headers_in["Connection"] = kept(r.headers_in["Connection"])
	local names = { "X-Forwarded-For", "X-Real-IP", "Forwarded" }
	for name in pairs(r:headers_in_table()) do
		if name:lower():find("latchkey", 1, true) then
			table.insert(names, name)
		end
	end
	for _, name in ipairs(names) do
		r.headers_in[name] = nil
	end
end

-- preflight is what a browser asks without a key, before it sends a request
-- across origins. The API answers that; the request itself still needs its key.
local function preflight(r)
	local asked = r.headers_in["Access-Control-Request-Method"]
	return r.method == "OPTIONS" and (r.headers_in["Origin"] or "") ~= "" and (asked or "") ~= ""
end

local function ask(r)
	local body = {}
	local _, status, headers = http.request{
		url = r.subprocess_env["latchkey_url"] .. "/verify?scope=" .. escaped(r.subprocess_env["latchkey_scope"]),
		headers = {
			["x-api-key"] = r.headers_in["X-API-Key"],
			["authorization"] = r.headers_in["Authorization"],
			["user-agent"] = r.headers_in["User-Agent"] or "",
			["x-forwarded-for"] = r.useragent_ip,
			-- Which request it is, for the list of a key's refusals.
			["x-forwarded-method"] = r.method,
			["x-forwarded-uri"] = r.unparsed_uri,
		},
		redirect = false,
		sink = ltn12.sink.table(body),
	}
	return status, headers or {}, table.concat(body)
end

local function answer(r, status, body)
	r.status = status
	r.content_type = "application/problem+json"
	r:puts(body)
	return apache2.DONE
end

function check(r)
	clean(r)
	if preflight(r) then
		return apache2.OK
	end
	local status, headers, body = ask(r)
	if status == 401 or status == 403 or status == 429 then
		for _, name in ipairs(refusal) do
			r.headers_out[name] = headers[name:lower()]
		end
		return answer(r, status, body)
	end
	if status ~= 200 or headers["x-latchkey-code"] ~= "VALID" then
		r:warn("latchkey: no decision: " .. tostring(status))
		r.headers_out["Retry-After"] = "5"
		return answer(r, 503, unavailable)
	end
	for _, name in ipairs(identity) do
		r.headers_in[name] = headers[name:lower()]
	end
	-- For the client. The API's answer replaces headers_out.
	for _, name in ipairs(limits) do
		r.err_headers_out[name] = headers[name:lower()]
	end
	return apache2.OK
end
