--[[
  Grants or renews one lease unless `limit` others are alive. The server's clock counts, so that clocks of hubs do not.
  KEYS[1]  leases: sorted set, member lease id, score expiry in milliseconds since the epoch
  ARGV[1]  lease id
  ARGV[2]  limit
  ARGV[3]  life in milliseconds
  Returns  { 1, in use } when granted, { 0, in use } when full
]]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local used = redis.call('ZCARD', KEYS[1])
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  if used >= tonumber(ARGV[2]) then
    return { 0, used }
  end
  used = used + 1
end
local life = tonumber(ARGV[3])
redis.call('ZADD', KEYS[1], now + life, ARGV[1])
-- The key outlives its longest lease, never shorter.
if redis.call('PTTL', KEYS[1]) < life then
  redis.call('PEXPIRE', KEYS[1], life)
end
return { 1, used }
