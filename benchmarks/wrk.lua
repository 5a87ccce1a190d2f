-- One line of JSON at the end, in place of wrk's table. Times are in microseconds.
done = function(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "duration": %d, "failed": %d, "refused": %d, "mean": %f, "p50": %d, "p99": %d}\n',
      summary.requests, summary.duration,
      errors.connect + errors.read + errors.write + errors.timeout, errors.status,
      latency.mean, latency:percentile(50), latency:percentile(99)))
end
