-- A worker hangs on a page: that one is marked, and what else it has counts as never delivered to it.
local known, requests, waiting, later, leases, entries, alone, workers, events, dead, tally, numbers, begun, hung =
    unpack(KEYS)
local me, id, request, priority, member, what = unpack(ARGV)
local MOST = 100000

local state = redis.call('GET', begun)
if state == 'over' then return 0 end
if not state then return redis.error_reply('FORGOTTEN') end

if redis.call('HEXISTS', entries, id) == 1 then
    redis.call('HSET', hung, id, what)
elseif request ~= '' and redis.call('SADD', known, id) == 1 then
    -- It was begun before it was stored.
    redis.call('HSET', requests, id, request)
    redis.call('ZADD', waiting, priority, member)
    redis.call('HSET', hung, id, what)
end
for _, entry in ipairs(redis.call('XPENDING', leases, 'workers', '-', '+', MOST, me)) do
    redis.call('XCLAIM', leases, 'workers', me, 0, entry[1], 'RETRYCOUNT', math.max(0, entry[4] - 1), 'JUSTID')
end
return 1
