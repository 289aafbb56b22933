--[[
  Gives a Redis that lost its data back what a hub still has, unless it has the same or what counts for more: the higher
  number; of two revisions of one number, the one published later (`supersedes` of @mss/model).
  KEYS[1]  pointer: hash { revision, hash, publishedAt }
  KEYS[2]  record of the revision: hash { header, snapshot, snapshot:61440 …, bytes, signingKey, signature, parts }
  KEYS[3]  history: sorted set, member and score the number of a revision
  KEYS[4]  pieces of the snapshot after the first: hash; not there when there are none
  ARGV[1]  number of the revision
  ARGV[2]  hash of the snapshot
  ARGV[3]  when it was published, ISO 8601
  ARGV[4]  channel of the notices
  ARGV[5]  how many pieces KEYS[4] has to hold
  ARGV[6]… the other fields of the record
  Returns  { "restored" | "kept" | "incomplete", revision that is current now }
]]
local pointer = redis.call('HMGET', KEYS[1], 'revision', 'hash', 'publishedAt')
local current = tonumber(pointer[1] or '') or 0
local revision = tonumber(ARGV[1])
if current > revision then
  return { 'kept', current }
end
if current == revision then
  local same = pointer[2] == ARGV[2]
  if same and redis.call('EXISTS', KEYS[2]) == 1 then
    return { 'kept', current }
  end
  if not same and (pointer[3] or '') .. (pointer[2] or '') > ARGV[3] .. ARGV[2] then
    return { 'kept', current }
  end
end
if redis.call('HLEN', KEYS[4]) ~= tonumber(ARGV[5]) then
  return { 'incomplete', current }
end
redis.call('DEL', KEYS[2])
if ARGV[5] ~= '0' then
  redis.call('RENAME', KEYS[4], KEYS[2])
  redis.call('PERSIST', KEYS[2])
end
redis.call('HSET', KEYS[2], unpack(ARGV, 6))
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'revision', ARGV[1], 'hash', ARGV[2], 'publishedAt', ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[1], ARGV[1])
redis.call('PUBLISH', ARGV[4], ARGV[1])
return { 'restored', revision }
