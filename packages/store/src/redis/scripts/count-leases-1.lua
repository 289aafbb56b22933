--[[
  Counts the leases that are alive by the server's clock.
  KEYS[1]  leases: sorted set, member lease id, score expiry in milliseconds since the epoch
  Returns  the count
]]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
