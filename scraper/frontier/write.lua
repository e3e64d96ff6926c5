-- Everything that a worker writes and takes in one go: all of it happens, or nothing. Written again, it changes nothing.
-- A lease is an entry of the stream that the worker's name is at; its deliveries are how often the request was taken.
local known, requests, waiting, later, leases, entries, alone, workers, events, dead, tally, numbers, begun, hung =
    unpack(KEYS)
local batch = cjson.decode(ARGV[1])
local me, FREE, LONG_AGO_MS = batch.worker, 'free', 86400000
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6

local state = redis.call('GET', begun)
if state == 'over' then return cjson.encode({ leased = {}, pending = 0, duplicates = 0, taken = {} }) end
local number = tonumber(redis.call('HGET', numbers, me) or '-9')
if not state or (batch.number ~= number and batch.number ~= number + 1) then
    return redis.error_reply('FORGOTTEN')
end
redis.call('HSET', numbers, me, batch.number)

local added = 0
local function lease(id)
    redis.call('HSET', entries, id, redis.call('XADD', leases, '*', 'id', id))
    added = added + 1
end
local function deliver()
    if added > 0 then redis.call('XREADGROUP', 'GROUP', 'workers', me, 'COUNT', added, 'STREAMS', leases, '>') end
    added = 0
end
local function mine(id)
    local entry = redis.call('HGET', entries, id)
    return entry and #redis.call('XPENDING', leases, 'workers', entry, entry, 1, me) > 0 and entry
end

local written = { leased = {}, pending = 0, duplicates = 0, taken = {} }
for place, put in ipairs(batch.puts) do
    local id, request, priority, member, not_before = unpack(put)
    local due = not_before <= now
    local room = due and batch.lease > 0
    if room then batch.lease = batch.lease - 1 end
    if redis.call('SADD', known, id) == 0 then
        written.duplicates = written.duplicates + 1
    else
        redis.call('HSET', requests, id, request)
        if room then
            lease(id)
            table.insert(written.leased, place - 1)
        else
            redis.call('ZADD', due and waiting or later, due and priority or not_before, member)
            written.pending = written.pending + 1
        end
    end
end
deliver()

local sums = {}
for _, ack in ipairs(batch.acks) do
    local id, counts, event, letter = unpack(ack)
    local entry = mine(id)
    if entry then
        redis.call('XACK', leases, 'workers', entry)
        redis.call('XDEL', leases, entry)
        redis.call('HDEL', entries, id)
        if letter ~= '' then
            redis.call('HSET', dead, id, letter)
        else
            redis.call('HDEL', requests, id)
            for name, by in pairs(counts) do sums[name] = (sums[name] or 0) + by end
            if event ~= '' then redis.call('RPUSH', events, event) end
        end
    end
end
for name, by in pairs(sums) do redis.call('HINCRBY', tally, me .. '|' .. name, by) end

for _, id in ipairs(batch.releases) do
    local entry = mine(id)
    if entry then redis.call('XCLAIM', leases, 'workers', FREE, 0, entry, 'IDLE', LONG_AGO_MS, 'JUSTID') end
end
if batch.alone ~= '' and mine(batch.alone) then redis.call('HINCRBY', alone, batch.alone, 1) end

local function hand_over(id, times)
    local begun_alone = tonumber(redis.call('HGET', alone, id) or '0')
    local what = redis.call('HGET', hung, id) or ''
    table.insert(written.taken, { id, redis.call('HGET', requests, id), times, begun_alone, what })
end
if batch.take > 0 then
    local left = redis.call('XPENDING', leases, 'workers', 'IDLE', batch.lease_ms, '-', '+', batch.take)
    for _, entry in ipairs(left) do
        if entry[2] ~= me then
            local claimed = redis.call('XCLAIM', leases, 'workers', me, 0, entry[1])
            hand_over(claimed[1][2][2], entry[4] + 1)
        end
    end
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, 1000)) do
        redis.call('ZREM', later, member)
        redis.call('ZADD', waiting, string.sub(member, 49), member)
    end
    local more = batch.take - #written.taken
    local popped = more > 0 and redis.call('ZPOPMAX', waiting, more) or {}
    for place = 1, #popped, 2 do
        local id = string.sub(popped[place], 17, 48)
        lease(id)
        hand_over(id, 1)
    end
    deliver()
end
return cjson.encode(written)
