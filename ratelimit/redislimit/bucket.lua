-- A bucket is the continuous-state form of GCRA: the tokens that it held at one
-- moment, and the rule that has filled it since. Times are microseconds, which
-- a double holds exactly; rules come in requests per nanoseconds.

local function clock(given)
  if given ~= '0' then return tonumber(given) end
  local t = redis.call('TIME')
  return t[1] * 1000000 + t[2]
end

-- What nodes and edges hold of the bucket, as of their latest lease. What they have not
-- spent by the end of it fills again from then on.
local function out(b, now)
  if now < b.ends then return b.held end
  return math.max(0, b.held - (now - b.ends) * 1000 * b.requests / b.per)
end

local function read(key, requests, per, burst, now)
  local b = {key = key, requests = tonumber(requests), per = tonumber(per), burst = tonumber(burst), at = now, held = 0, ends = 0}
  b.tokens = b.burst
  local packed = redis.call('GET', key)
  if packed then
    local tokens, at, r, p, c = struct.unpack('<ddddd', packed)
    if #packed > 40 then b.held, b.ends = struct.unpack('<dd', packed, 41) end
    -- A clock less than a second behind is that of another server, or is being corrected: the bucket waits for it.
    -- One further behind was set back: the bucket fills from what it holds.
    local back = at - now >= 1000000
    if not back then b.at = math.max(now, at) end
    local passed = math.max(0, now - at) * 1000
    -- When the rule changed is not known: it filled at the faster pace of the two.
    b.tokens = math.min(b.burst, tokens + passed * math.max(r / p, b.requests / b.per))
    b.tokens = math.min(b.tokens, math.max(0, b.burst - out(b, now)))
    b.changed = back or r ~= b.requests or p ~= b.per or c ~= b.burst
  end
  return b
end

-- What the bucket holds, with what floating point loses of a token that is due
-- exactly now.
local function available(b)
  local whole = math.floor(b.tokens + 0.5)
  if math.abs(b.tokens - whole) < 1e-6 then return whole end
  return b.tokens
end

-- A full bucket is as good as none, so each lives until it would be full.
local function write(b)
  local life = math.ceil((b.burst - b.tokens) * b.per / b.requests / 1000000) + 1000
  local packed = struct.pack('<ddddd', b.tokens, b.at, b.requests, b.per, b.burst)
  if out(b, b.at) > 0 then packed = packed .. struct.pack('<dd', b.held, b.ends) end
  redis.call('SET', b.key, packed, 'PX', string.format('%.0f', math.min(life, 3e11)))
end

-- A quota counter is what was used, when the counter began, which tells one that
-- was lost and begun anew from the one before, and how much of what was used before
-- that it knows (-1: not told).
local function unpackUsed(packed)
  local n, began = struct.unpack('<dd', packed)
  if #packed < 24 then return n, began, -1 end
  return n, began, (struct.unpack('<d', packed, 17))
end

local function used(key, base, now)
  local packed = redis.call('GET', key)
  if packed then
    local n, began, before = unpackUsed(packed)
    return n, began, before, false
  end
  if base < 0 then return nil end
  return base, now, base, true
end

local function spend(key, n, began, before, life)
  redis.call('SET', key, struct.pack('<ddd', n, began, before), 'PX', life)
end

local function text(number) return string.format('%.17g', number) end
