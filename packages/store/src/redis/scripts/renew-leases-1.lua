--[[
  Renews the leases that are still alive; one that has expired stays lost, its slot may have been given away.
  KEYS[1]  leases: sorted set, member lease id, score expiry in milliseconds since the epoch
  ARGV[1]  life in milliseconds
  ARGV[2]… lease ids
  Returns  the lease ids that were not alive
]]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = tonumber(ARGV[1])
local lost = {}
local renewed = false
for index = 2, #ARGV do
  local expiry = redis.call('ZSCORE', KEYS[1], ARGV[index])
  if expiry and tonumber(expiry) > now then
    redis.call('ZADD', KEYS[1], now + life, ARGV[index])
    renewed = true
  else
    lost[#lost + 1] = ARGV[index]
  end
end
if renewed and redis.call('PTTL', KEYS[1]) < life then
  redis.call('PEXPIRE', KEYS[1], life)
end
return lost
