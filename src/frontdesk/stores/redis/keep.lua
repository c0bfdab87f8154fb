-- Keeps an answer, unless it has been dropped by somebody meanwhile.
--
-- KEYS: of the answer, of the stream of what was dropped. ARGV: the last entry of the stream that is
-- known, the answer's own name, the answer, milliseconds since 1970 when it expires.
-- Returns 1 when it was kept.

for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '(' .. ARGV[1], '+')) do
  local what, name = entry[2][1], entry[2][2]
  if name == ARGV[2] or what == 'prefix' and string.sub(ARGV[2], 1, #name) == name then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
return 1
