-- Hands a node tokens of one bucket to spend by itself, and takes back what it
-- did not spend. The bucket and all that nodes hold of it never come to more
-- than its burst: so no window lets more pass than without leases.
-- KEYS: the bucket, the hash of what each node holds.
-- ARGV: time (0: the server's), requests, per and burst of the rule, the node,
--       tokens given back, tokens that the node still holds, tokens wanted, life of a lease in µs, the least that is of use.
-- Answers the tokens granted, then what the bucket holds afterwards.
local now = clock(ARGV[1])
local b = read(KEYS[1], ARGV[2], ARGV[3], ARGV[4], now)
local node, back, holds, want, life = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local held = holds
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local amount, ends = struct.unpack('<dd', all[i + 1])
  if ends <= now then
    redis.call('HDEL', KEYS[2], all[i])
  elseif all[i] ~= node then
    held = held + amount
  end
end
b.tokens = math.min(b.tokens + back, math.max(0, b.burst - held))
local grant = math.max(0, math.min(want, math.floor(available(b))))
if grant < tonumber(ARGV[10]) then grant = 0 end
b.tokens = b.tokens - grant
write(b)
if holds + grant > 0 then
  redis.call('HSET', KEYS[2], node, struct.pack('<dd', holds + grant, now + life))
  redis.call('PEXPIRE', KEYS[2], string.format('%.0f', math.ceil(life / 1000) + 1000))
else
  redis.call('HDEL', KEYS[2], node)
end
return {text(grant), text(available(b))}
