--[[
  Appends a call record once. An id is remembered as long as its record is in the stream.
  KEYS[1]  records: stream, field "record"
  KEYS[2]  ids: sorted set, member record id, score time of its stream entry
  ARGV[1]  record id
  ARGV[2]  the record, JSON
  ARGV[3]  how many records to keep (about)
  Returns  1 when appended, 0 when it was there
]]
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  return 0
end
local entry = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'record', ARGV[2])
redis.call('ZADD', KEYS[2], string.match(entry, '^%d+'), ARGV[1])
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. string.match(oldest[1], '^%d+'))
return 1
