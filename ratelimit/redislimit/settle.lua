-- Adds what a node let pass by itself while it could not reach the counter. One
-- that began anew since then knows what the store knows, which may be all of
-- it: it is raised to what the node knows was used, and no further. One of the
-- same mark may be a replica's, which had not heard of everything.
-- KEYS: the counter.
-- ARGV: how much to add, the mark of the counter that the node last saw, what the node knows was used, what the counter had come to by then.
local packed = redis.call('GET', KEYS[1])
if not packed then return 0 end
local n, began = struct.unpack('<dd', packed)
if began == tonumber(ARGV[2]) then n = math.max(n, tonumber(ARGV[4])) + tonumber(ARGV[1]) else n = math.max(n, tonumber(ARGV[3])) end
redis.call('SET', KEYS[1], struct.pack('<dd', n, began), 'KEEPTTL')
return 1
