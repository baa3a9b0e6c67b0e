-- Adds what a node let pass by itself while it could not reach the counter. One
-- of the same mark may be a replica's, which had not heard of everything.
--
-- One that began anew since then is told what the node knows was used of the one
-- before, and adds what it did not know of that yet. Where the node cannot tell the
-- two apart, it is raised to what the node knows was used in all, and no further.
-- KEYS: the counter.
-- ARGV: how much to add, the mark of the counter that the node last saw, what the node knows was used, what the counter had come to by then,
--       1 where what was used was so of the counter before.
local packed = redis.call('GET', KEYS[1])
if not packed then return 0 end
local n, began, before = unpackUsed(packed)
local known = tonumber(ARGV[3])
if began == tonumber(ARGV[2]) then
  n = math.max(n, tonumber(ARGV[4])) + tonumber(ARGV[1])
elseif ARGV[5] == '1' and before >= 0 then
  n, before = n + math.max(0, known - before), math.max(before, known)
else
  n = math.max(n, known)
end
redis.call('SET', KEYS[1], struct.pack('<ddd', n, began, before), 'KEEPTTL')
return 1
