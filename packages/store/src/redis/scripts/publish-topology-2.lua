--[[
  Publishes a snapshot if the publisher has seen what is current: compare-and-set of the pointer, immutable record,
  notice to the watchers.
  KEYS[1]  pointer: hash { revision, hash }
  KEYS[2]  record of revision ARGV[1] + 1
  ARGV[1]  revision that the publisher saw as current, 0 for none
  ARGV[2]  hash of the snapshot
  ARGV[3]  the record, JSON
  ARGV[4]  channel of the notices
  Returns  { "published" | "unchanged" | "conflict" | "corrupt", revision }
]]
local pointer = redis.call('HMGET', KEYS[1], 'revision', 'hash')
local current = 0
if pointer[1] or redis.call('EXISTS', KEYS[1]) == 1 then
  current = tonumber(pointer[1] or '')
  if not current or not pointer[2] then
    return { 'corrupt', 0 }
  end
end
if pointer[2] == ARGV[2] then
  return { 'unchanged', current }
end
local expected = tonumber(ARGV[1])
if current ~= expected then
  return { 'conflict', current }
end
-- A record without a pointer to it means that the pointer was lost: history is never written over.
if not redis.call('SET', KEYS[2], ARGV[3], 'NX') then
  return { 'corrupt', current }
end
redis.call('HSET', KEYS[1], 'revision', expected + 1, 'hash', ARGV[2])
redis.call('PUBLISH', ARGV[4], expected + 1)
return { 'published', expected + 1 }
