-- Writes claims of nodes on names, and takes them back.
--
-- KEYS: one for each change, the claims on a name. ARGV: for each of them three:
--   the node, the second since 1970 at which its claim is over, milliseconds until then (0: taken back)

for index, key in ipairs(KEYS) do
  local node, over, left = unpack(ARGV, index * 3 - 2, index * 3)
  if tonumber(left) > 0 then
    redis.call('ZADD', key, over, node)
    if redis.call('PTTL', key) < tonumber(left) then
      redis.call('PEXPIRE', key, left)
    end
  else
    redis.call('ZREM', key, node)
  end
end
