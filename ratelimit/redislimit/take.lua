-- Takes the cost from two buckets and a quota, or from none of them.
-- KEYS: the key's bucket, the account's bucket, the quota's counter.
-- ARGV: time (0: the server's), cost, 1 for a dry run,
--       requests, per and burst of the key's rule, the same of the account's (requests 0: no bucket),
--       the quota (0: none), its counter's life in ms, what was used before it (-1: not known).
-- Answers whether it charged, then what the parts held before.
local now, cost, dry = clock(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
local buckets, pass = {}, true
for i = 1, 2 do
  local first = i * 3 + 1
  if ARGV[first] ~= '0' then
    buckets[i] = read(KEYS[i], ARGV[first], ARGV[first + 1], ARGV[first + 2], now)
    pass = pass and available(buckets[i]) >= cost
  end
end
local quota, life = tonumber(ARGV[10]), ARGV[11]
local spent, began, before, new = 0, 0, 0, false
if quota > 0 then
  spent, began, before, new = used(KEYS[3], tonumber(ARGV[12]), now)
  if not spent then return {'unknown'} end
  pass = pass and spent + cost <= quota
end
local charge = pass and cost > 0 and not dry
local levels = {}
for i = 1, 2 do
  local b = buckets[i]
  levels[i] = b and text(available(b)) or '0'
  if b and (charge or (b.changed and not dry)) then
    if charge then b.tokens = b.tokens - cost end
    write(b)
  end
end
if quota > 0 and not dry and (charge or new) then
  spend(KEYS[3], charge and spent + cost or spent, began, before, life)
end
return {charge and '1' or '0', levels[1], levels[2], text(spent), text(began)}
