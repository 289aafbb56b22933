--[[
  Applies one REGISTER to an address of record, as a whole or not at all. The same rule as bindings/apply-change.ts.
  KEYS[1]  bindings of the address: hash, field contact, value { "order": n, "binding": { … } }
  KEYS[2]  index: sorted set, member address, score earliest expiry
  ARGV[1]  now, in milliseconds since the epoch, by the caller's clock
  ARGV[2]  greatest number of contacts
  ARGV[3]  address of record
  ARGV[4]  milliseconds that the key outlives its last contact
  ARGV[5]  count of contacts to remove
  ARGV[6]… contacts to remove, then per contact to set: contact, Call-ID, CSeq, expiry, binding as JSON
  Returns  { "stored", value, … } | { "tooMany" } | { "outOfOrder" } | { "corrupt" }
]]
local now, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local removals = tonumber(ARGV[5])
local firstSet = 6 + removals

local alive, count, lastOrder, gone = {}, 0, 0, {}
local stored = redis.call('HGETALL', KEYS[1])
for index = 1, #stored, 2 do
  local contact, text = stored[index], stored[index + 1]
  local ok, value = pcall(cjson.decode, text)
  if not ok or type(value) ~= 'table' or type(value.order) ~= 'number' or type(value.binding) ~= 'table'
    or type(value.binding.expiresAt) ~= 'number' or type(value.binding.cseq) ~= 'number' then
    return { 'corrupt' }
  end
  lastOrder = math.max(lastOrder, value.order)
  if value.binding.expiresAt > now then
    local binding = value.binding
    alive[contact] =
      { order = value.order, callId = binding.callId, cseq = binding.cseq, expiresAt = binding.expiresAt, text = text }
    count = count + 1
  else
    gone[contact] = true
  end
end

local adds = false
for index = firstSet, #ARGV, 5 do
  local old = alive[ARGV[index]]
  if not old then
    adds = true
  elseif old.callId == ARGV[index + 1] and tonumber(ARGV[index + 2]) <= old.cseq then
    return { 'outOfOrder' } -- RFC 3261 §10.3 step 7
  end
end

local orders = {}
for contact, binding in pairs(alive) do
  orders[contact] = binding.order
end
for index = 6, firstSet - 1 do
  if alive[ARGV[index]] then
    alive[ARGV[index]] = nil
    orders[ARGV[index]] = nil
    count = count - 1
    gone[ARGV[index]] = true
  end
end
local changed = {}
for index = firstSet, #ARGV, 5 do
  local contact = ARGV[index]
  if not alive[contact] then
    count = count + 1
  end
  if not orders[contact] then
    lastOrder = lastOrder + 1
    orders[contact] = lastOrder
  end
  local text = '{"order":' .. string.format('%.0f', orders[contact]) .. ',"binding":' .. ARGV[index + 4] .. '}'
  alive[contact] = { order = orders[contact], expiresAt = tonumber(ARGV[index + 3]), text = text }
  changed[contact] = text
  gone[contact] = nil
end
if adds and count > limit then
  return { 'tooMany' }
end

for contact in pairs(gone) do
  redis.call('HDEL', KEYS[1], contact)
end
for contact, text in pairs(changed) do
  redis.call('HSET', KEYS[1], contact, text)
end
local reply, earliest, latest = { 'stored' }, nil, nil
for _, binding in pairs(alive) do
  reply[#reply + 1] = binding.text
  earliest = math.min(earliest or binding.expiresAt, binding.expiresAt)
  latest = math.max(latest or binding.expiresAt, binding.expiresAt)
end
if not earliest then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[3])
  return reply
end
redis.call('ZADD', KEYS[2], string.format('%.0f', earliest), ARGV[3])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(latest - now, 0) + tonumber(ARGV[4])))
return reply
