-- Each thread of wrk asks one path, with another end for each request, and counts the answers.
-- Its arguments are the method, a word that no other load has, and the paths, one for each thread.
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  method, run, path = arguments[1], arguments[2], arguments[3 + number]
  sent, answered, other = 0, 0, ""
end

function delay()
  return 20 -- milliseconds, so that Terraform has the machine to itself
end

function request()
  sent = sent + 1
  return wrk.format(method, string.format("%s/%s-%d-%d", path, run, number, sent))
end

function response(status)
  if status == 200 then answered = answered + 1 else other = other .. " " .. status end
end

function done(summary, latency)
  local good, others = 0, ""
  for _, thread in ipairs(threads) do
    good = good + thread:get("answered")
    others = others .. thread:get("other")
  end
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    'counted {"answered": %d, "statuses": "%s", "broken": %d, "slowest": %.3f}\n',
    good, others, broken, latency.max / 1e6))
end
