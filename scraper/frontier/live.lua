-- A worker's sign of life, or its end. Of workers that are named as gone, what they had is free for others.
local known, requests, waiting, later, leases, entries, alone, workers, events, dead, tally, numbers, begun, hung =
    unpack(KEYS)
local me, sign, kept_s, gone = ARGV[1], ARGV[2], ARGV[3], cjson.decode(ARGV[4])
local FREE, LONG_AGO_MS, MOST = 'free', 86400000, 100000

local state = redis.call('GET', begun)
if state == 'over' then return { 0, 0, 0, 0 } end
if not state then return redis.error_reply('FORGOTTEN') end

local freed = 0
for _, name in ipairs(gone) do
    for _, entry in ipairs(redis.call('XPENDING', leases, 'workers', '-', '+', MOST, name)) do
        redis.call('XCLAIM', leases, 'workers', FREE, 0, entry[1], 'IDLE', LONG_AGO_MS, 'JUSTID')
        freed = freed + 1
    end
    redis.call('HDEL', workers, name)
    redis.call('XGROUP', 'DELCONSUMER', leases, 'workers', name)
end
if sign ~= '' then
    redis.call('HSET', workers, me, sign)
    redis.call('HSETNX', numbers, me, 0)
    for _, entry in ipairs(redis.call('XPENDING', leases, 'workers', '-', '+', MOST, me)) do
        redis.call('XCLAIM', leases, 'workers', me, 0, entry[1], 'JUSTID')
    end
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, kept_s) end
local open = redis.call('ZCARD', waiting) + redis.call('ZCARD', later) + redis.call('XLEN', leases)
return { freed, open, redis.call('HLEN', numbers), redis.call('HLEN', workers) }
