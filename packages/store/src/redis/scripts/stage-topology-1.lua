--[[
  Puts one piece of a large revision where `publish-topology` and `restore-topology` take it from. What nobody takes goes away.
  KEYS[1]  pieces of the snapshot after the first: hash
  ARGV[1]  field of the piece
  ARGV[2]  its text
  ARGV[3]  seconds until all of them go
  Returns  nothing
]]
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
