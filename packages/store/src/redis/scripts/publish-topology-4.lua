--[[
  Publishes a revision if the publisher has seen what is current: compare-and-set of the pointer, immutable record,
  notice to the watchers.
  KEYS[1]  pointer: hash { revision, hash, publishedAt }
  KEYS[2]  record of the revision: hash { header, snapshot, snapshot:61440 …, bytes, signingKey, signature, parts }
  KEYS[3]  history: sorted set, member and score the number of a revision
  KEYS[4]  pieces of the snapshot after the first: hash; not there when there are none
  ARGV[1]  number that the publisher saw as current, 0 for none
  ARGV[2]  number of the revision, higher than ARGV[1]
  ARGV[3]  hash of the snapshot
  ARGV[4]  when it was published, ISO 8601
  ARGV[5]  channel of the notices
  ARGV[6]  how many pieces KEYS[4] has to hold
  ARGV[7]… the other fields of the record
  Returns  { "published" | "conflict" | "corrupt" | "incomplete", revision }
]]
local pointer = redis.call('HMGET', KEYS[1], 'revision', 'hash', 'publishedAt')
local current = 0
if pointer[1] or redis.call('EXISTS', KEYS[1]) == 1 then
  current = tonumber(pointer[1] or '')
  if not current or not pointer[2] then
    return { 'corrupt', 0 }
  end
end
-- Sent a second time because the first answer got lost.
if pointer[1] == ARGV[2] and pointer[2] == ARGV[3] and pointer[3] == ARGV[4] then
  return { 'published', current }
end
if current ~= tonumber(ARGV[1]) then
  return { 'conflict', current }
end
-- A record without a pointer to it means that the pointer was lost: history is never written over.
if redis.call('EXISTS', KEYS[2]) == 1 then
  return { 'corrupt', current }
end
if redis.call('HLEN', KEYS[4]) ~= tonumber(ARGV[6]) then
  return { 'incomplete', current }
end
if ARGV[6] ~= '0' then
  redis.call('RENAME', KEYS[4], KEYS[2])
  redis.call('PERSIST', KEYS[2])
end
redis.call('HSET', KEYS[2], unpack(ARGV, 7))
redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'hash', ARGV[3], 'publishedAt', ARGV[4])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[2])
redis.call('PUBLISH', ARGV[5], ARGV[2])
return { 'published', tonumber(ARGV[2]) }
