--[[
  Takes off every contact of an address of record.
  KEYS[1]  bindings of the address: hash
  KEYS[2]  index: sorted set, member address
  ARGV[1]  address of record
  Returns  count of contacts taken off
]]
local count = redis.call('HLEN', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return count
