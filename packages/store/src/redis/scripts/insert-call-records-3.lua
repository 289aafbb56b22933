--[[
  Inserts call records, each once. A key is remembered for as long as a record is, also when the record went earlier for want
  of room. All keys of records go when none has come for that time.
  KEYS[1]  records: stream, field "record"
  KEYS[2]  keys: sorted set, member key of a record, score when it came
  KEYS[3]  store: string, names what is in the stream; another name says that everything before was lost
  ARGV[1]  name for the store if it has none
  ARGV[2]  for how long records are kept, in milliseconds
  ARGV[3]  how many records are kept (about)
  ARGV[4…] key of a record and the record, JSON, in turn
  Returns  name of the store, how many records are new
]]
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local since_ms = string.format('%.0f', now_ms - ARGV[2])
redis.call('SET', KEYS[3], ARGV[1], 'NX')
local added = 0
for i = 4, #ARGV, 2 do
  if redis.call('ZADD', KEYS[2], 'NX', string.format('%.0f', now_ms), ARGV[i]) == 1 then
    redis.call('XADD', KEYS[1], '*', 'record', ARGV[i + 1])
    added = added + 1
  end
end
if added > 0 then
  redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[3])
  redis.call('XTRIM', KEYS[1], 'MINID', '~', since_ms)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. since_ms)
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -2 * ARGV[3] - 1)
  for i = 1, 3 do
    redis.call('PEXPIRE', KEYS[i], ARGV[2])
  end
end
return { redis.call('GET', KEYS[3]), added }
