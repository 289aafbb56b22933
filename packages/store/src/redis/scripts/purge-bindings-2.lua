--[[
  Forgets the contacts of an address of record that have expired.
  KEYS[1]  bindings of the address: hash, field contact, value { "order": n, "binding": { … } }
  KEYS[2]  index: sorted set, member address, score earliest expiry
  ARGV[1]  now, in milliseconds since the epoch, by the caller's clock
  ARGV[2]  address of record
  Returns  count of contacts forgotten, -1 when a value is corrupt
]]
local now = tonumber(ARGV[1])
local expired, earliest = {}, nil
local stored = redis.call('HGETALL', KEYS[1])
for index = 1, #stored, 2 do
  local ok, value = pcall(cjson.decode, stored[index + 1])
  if not ok or type(value) ~= 'table' or type(value.binding) ~= 'table'
    or type(value.binding.expiresAt) ~= 'number' then
    return -1
  end
  local expiresAt = value.binding.expiresAt
  if expiresAt <= now then
    expired[#expired + 1] = stored[index]
  else
    earliest = math.min(earliest or expiresAt, expiresAt)
  end
end
for _, contact in ipairs(expired) do
  redis.call('HDEL', KEYS[1], contact)
end
if earliest then
  redis.call('ZADD', KEYS[2], string.format('%.0f', earliest), ARGV[2])
else
  redis.call('ZREM', KEYS[2], ARGV[2])
end
return #expired
