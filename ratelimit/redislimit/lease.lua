-- Hands a node tokens of one bucket to spend by itself, and takes back what it
-- did not spend. The bucket and all that nodes hold of it never come to more
-- than its burst, so no window lets more pass than without leases: what is held
-- counts as held until its lease is over, whenever it is spent. The bucket keeps the
-- sum of what is held, for requests that are decided without leases.
-- KEYS: the bucket, the hash of what each node holds.
-- ARGV: time (0: the server's), requests, per and burst of the rule, the node,
--       tokens given back, tokens that the node still holds, tokens wanted, life of a lease in µs,
--       how many more than it holds a request needs that waits for them (0: nobody waits; fewer are of no use).
-- Answers the tokens granted, then what the bucket holds afterwards.
local now = clock(ARGV[1])
local b = read(KEYS[1], ARGV[2], ARGV[3], ARGV[4], now)
local node, back, holds, want, life = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])

-- Tokens of leases that are over fill again from the end of the last of them.
local others, own, over, latest, last, old = 0, 0, 0, 0, now, {}
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local amount, ends = struct.unpack('<dd', all[i + 1])
  if all[i] == node then
    own = math.max(0, amount - math.max(0, now - ends) * 1000 * b.requests / b.per)
  elseif ends > now then
    others, last = others + amount, math.max(last, ends)
  else
    over, latest, old[#old + 1] = over + amount, math.max(latest, ends), all[i]
  end
end
over = math.max(0, over - (now - latest) * 1000 * b.requests / b.per)
if over == 0 and #old > 0 then redis.call('HDEL', KEYS[2], unpack(old)) end

local room = b.burst - others - over
b.tokens = math.min(b.tokens, math.max(0, room - own))
b.tokens = math.min(b.tokens + back, math.max(0, room - holds))
local grant, need, held = math.max(0, math.min(want, math.floor(available(b)))), tonumber(ARGV[10]), holds
if grant < need then
  grant = 0
elseif need > 0 then
  held = grant - need -- a request waits for it, and spends what the node holds
else
  held = holds + grant
end
b.tokens = b.tokens - grant
if held > 0 then last = now + life end
b.held, b.ends = others + over + held, last
write(b)
if held > 0 then
  redis.call('HSET', KEYS[2], node, struct.pack('<dd', held, now + life))
  local fill = (others + over + held) * b.per / b.requests / 1000000
  redis.call('PEXPIRE', KEYS[2], string.format('%.0f', math.min(math.ceil(life / 1000 + fill) + 1000, 3e11)))
else
  redis.call('HDEL', KEYS[2], node)
end
return {text(grant), text(available(b))}
