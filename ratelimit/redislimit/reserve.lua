-- Hands a node a share of a quota, all of what it wants or what is left, and
-- takes back what it did not spend.
-- KEYS: the counter.
-- ARGV: time (0: the server's), the quota, the counter's life in ms, what was used before it (-1: not known),
--       how much is given back, the mark of the counter that it came from, how much is wanted, the least that is of use.
-- Answers how much is granted, what is used afterwards, and the counter's mark.
local now, quota = clock(ARGV[1]), tonumber(ARGV[2])
local spent, began, before = used(KEYS[1], tonumber(ARGV[4]), now)
if not spent then return {'unknown'} end
if tonumber(ARGV[6]) == began then spent = math.max(0, spent - tonumber(ARGV[5])) end
local grant = math.max(0, math.min(tonumber(ARGV[7]), quota - spent))
if grant < tonumber(ARGV[8]) then grant = 0 end
spend(KEYS[1], spent + grant, began, before, ARGV[3])
return {text(grant), text(spent + grant), text(began)}
